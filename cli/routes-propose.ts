/**
 * `gatehouse routes propose`: a route table from what people did, to be completed and pasted into the configuration.
 *
 * It applies nothing and reads what gateways gathered (`admin/route-proposal.ts`). Invariant: what is printed parses as
 * `routes:` of an upstream, and asks for no permission until somebody writes one.
 */
import { proposeRoutes, type RouteProposal } from '../admin/route-proposal.ts'
import { listLearned } from '../admin/store/learned-routes.ts'
import { readPolicy } from '../admin/store/practices.ts'
import { type CommandLine, typedIn } from './command-line.ts'
import { exitCodes, stopWith } from './exit-codes.ts'
import { withDatabase } from './reached-database.ts'
import { readSettings } from './settings.ts'

const placesMax = 500

/** Exit 0 with the proposal, also an empty one; 1 where there is no such practice; 69 without a database. */
export const proposeTable = async (line: CommandLine): Promise<number> => {
  const practice = line.practice ?? ''
  const upstream = typedIn(line, 'upstream')
  const config = await readSettings(line)
  const proposal = await withDatabase(config, (store) =>
    store.read(async (rows): Promise<RouteProposal | null> => {
      const saved = await readPolicy(rows, practice)
      if (saved === null) return null
      const learned = await listLearned(rows, practice, placesMax)
      return proposeRoutes(
        saved.document,
        learned.filter((place) => upstream === undefined || place.upstream === upstream),
      )
    }),
  )
  if (proposal === null) throw stopWith(exitCodes.failed, `gatehouse: there is no practice "${practice}".`)
  const { places, yaml } = proposal
  if (line.json) process.stdout.write(`${JSON.stringify({ ok: true, practice, places, yaml })}\n`)
  else if (yaml.length === 0)
    process.stdout.write(
      '# Nothing was gathered: set `learn` of an upstream to `roles` or `paths`, and let people work for some days.\n',
    )
  else for (const { upstream: id, text } of yaml) process.stdout.write(`# upstream ${id}\n${text}`)
  return exitCodes.ok
}
