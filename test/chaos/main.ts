/**
 * `npm run chaos`: breaks what can break, one after the other, under load, and writes bench/results/chaos.md.
 *
 * `npm run chaos -- ID …` strikes only these, by fault or by family, and renews their rows. It exits 1 where a goal was not held. Bounded: each fault has an
 * end, and the whole takes about ten minutes; everything happens on loopback, in processes of its own.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { describeMachine } from '../../bench/machine.ts'
import { cachePath, projectRoot } from '../support/cache-folder.ts'
import { families, type Proof, proofs } from './catalogue.ts'
import { findFakeTime } from './knowledge-faults.ts'
import { isApart, runApart } from './network.ts'
import { chaosPage, type Proved, resultsIn } from './page.ts'
import { type Fault, type Figures, rehearse, startPeople } from './rehearsal.ts'
import { type StageWish, startStage } from './stage.ts'

const say = (line: string): void => void process.stderr.write(`${line}\n`)

const wanted = process.argv.slice(2)
const isWanted = ({ id }: { readonly id: string }, family = ''): boolean =>
  wanted.length === 0 || wanted.includes(id) || wanted.includes(family)

const lineOf = ({ id, counts, wellAfterMs, found, broken }: Figures): string =>
  `${broken.length === 0 ? 'held    ' : 'NOT HELD'} ${id}: ${JSON.stringify(counts)}, well after ${wellAfterMs} ms ${found} ${broken.join('; ')}`

const strikeAll = async (
  redis: StageWish['redis'],
  faults: readonly Fault[],
): Promise<readonly Figures[]> => {
  if (faults.length === 0) return []
  say(`Starting the stage (${redis}) …`)
  const fakeTime = await findFakeTime()
  const wish = { redis, apart: isApart(), gateways: 2, workers: 2, controls: 2, standby: true }
  const stage = await startStage(fakeTime === null ? wish : { ...wish, fakeTime })
  // Whoever interrupts it is left no servers.
  const leave = (): void => void stage.close().finally(() => process.exit(130))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, leave)
  try {
    const load = await startPeople(stage)
    const figures: Figures[] = []
    for (const fault of faults) {
      say(`${fault.id} …`)
      const found = await rehearse(stage, load, fault)
      say(lineOf(found))
      figures.push(found)
    }
    await load.stop()
    return figures
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, leave)
    await stage.close()
  }
}

const prove = (proof: Proof): Proved => {
  say(`${proof.id} (${proof.test}) …`)
  const from = performance.now()
  const vitest = join(projectRoot, 'node_modules', 'vitest', 'vitest.mjs')
  const done = spawnSync(process.execPath, [vitest, 'run', proof.test], {
    cwd: projectRoot,
    encoding: 'utf8',
  })
  if (done.status !== 0) say(done.stdout.slice(-4_000))
  return { id: proof.id, ok: done.status === 0, seconds: (performance.now() - from) / 1_000 }
}

const file = join(projectRoot, 'bench', 'results', 'chaos.md')

/** Rows that were not struck anew stay as they were. */
const withEarlier = <T extends { readonly id: string }>(
  now: readonly T[],
  earlier: readonly T[],
): readonly T[] => [...earlier.filter(({ id }) => !now.some((one) => one.id === id)), ...now]

const strikeAndWrite = async (): Promise<number> => {
  process.env['NODE_COMPILE_CACHE'] ??= cachePath('compiled')
  const load = loadavg()[0] ?? 0
  const figures: Figures[] = []
  for (const redis of ['sentinels', 'cluster'] as const) {
    const faults = families
      .filter(({ on }) => on === redis)
      .flatMap((family) => family.faults.filter((fault) => isWanted(fault, family.name)))
    figures.push(...(await strikeAll(redis, faults)))
  }
  const proved = proofs.filter((proof) => isWanted(proof, 'suite')).map(prove)
  const earlier = existsSync(file) ? resultsIn(readFileSync(file, 'utf8')) : null
  const results = {
    date: new Date().toISOString().slice(0, 10),
    machine: describeMachine(),
    load: Math.max(load, earlier?.load ?? 0),
    figures: withEarlier(figures, earlier?.figures ?? []),
    proved: withEarlier(proved, earlier?.proved ?? []),
  }
  writeFileSync(`${file}.new`, chaosPage(results, families, proofs))
  renameSync(`${file}.new`, file)
  say(`Written to ${file}.`)
  return figures.some(({ broken }) => broken.length > 0) || proved.some(({ ok }) => !ok) ? 1 : 0
}

// What has to be fetched is, while there is still a network to fetch it from.
if (!isApart()) await findFakeTime()
// Whatever still waits for an answer of something that was killed is not waited for.
process.exit(runApart() ?? (await strikeAndWrite()))
