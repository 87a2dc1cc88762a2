/**
 * The end of a command that changed something: what it says, and how far the change has come.
 *
 * It changes nothing. Invariant: exit 0 means active everywhere, or that there was nothing to change; JSON comes as one
 * object on one line, with `ok`, and nothing else on standard output.
 */
import type { Store } from '../admin/store/database.ts'
import type { Instant } from '../policies/instant.ts'
import type { CommandLine } from './command-line.ts'
import { exitCodes } from './exit-codes.ts'
import { oneLine } from './policy-file.ts'
import { awaitEverywhere, spreadText, type Tell } from './spread.ts'

/** What was changed: the sentence for people, members of the JSON answer, the number to follow (`null`: nothing changed). */
export type ToldChange = {
  readonly sentence: string
  readonly told: Readonly<Record<string, unknown>>
  readonly announced: number | null
}

/** Says it and waits until it is active everywhere: exit 0, or 75 where it is not within the wait. */
export async function tellChange(
  store: Store,
  line: CommandLine,
  { sentence, told, announced }: ToldChange,
  now: () => Instant,
): Promise<number> {
  const tell: Tell = (text) => {
    if (!line.json) process.stdout.write(`${oneLine(text)}\n`)
  }
  tell(sentence)
  const state = announced === null ? null : await awaitEverywhere(store, announced, line.waitMs, now, tell)
  if (announced !== null) tell(spreadText(state))
  if (line.json) process.stdout.write(`${JSON.stringify({ ok: true, ...told, state })}\n`)
  return announced === null || state?.state === 'everywhere' ? exitCodes.ok : exitCodes.waiting
}
