/**
 * How far a saved change has come: waited for, and said in a sentence.
 *
 * It saves nothing. Invariant: "active everywhere" is said only when every live gateway has acknowledged it; a database
 * that goes away meanwhile hides how far it has come and changes nothing.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Store } from '../admin/store/database.ts'
import { type PublishState, readPublishState } from '../admin/store/publish-state.ts'
import type { DurationMs, Instant } from '../policies/instant.ts'
import { isFault } from '../runtime/fault.ts'

/** Tells whoever typed the command something. */
export type Tell = (text: string) => void

const lookEveryMs: DurationMs = 200

const progressText = ({ state, active, gateways }: PublishState): string =>
  state === 'saved' ? 'Waiting for the control plane to publish it.' : `Active on ${active} of ${gateways}.`

/** The last state of what was announced under this number, seen within `waitMs`; `null`: none could be read. Tells each step once. */
export const awaitEverywhere = async (
  store: Store,
  announced: number,
  waitMs: DurationMs,
  now: () => Instant,
  tell: Tell,
): Promise<PublishState | null> => {
  const began = performance.now()
  let told = ''
  for (let last: PublishState | null = null; ; await pause(lookEveryMs)) {
    try {
      last = await store.read((rows) => readPublishState(rows, announced, now()))
    } catch (error) {
      // It is saved: a database that goes away now only hides how far it has come.
      if (!isFault(error)) throw error
    }
    if (last?.state === 'everywhere' || performance.now() - began >= waitMs) return last
    const text = last === null ? '' : progressText(last)
    if (text !== '' && text !== told) tell(text)
    told = text
  }
}

/** How far it has come, as a sentence. */
export const spreadText = (state: PublishState | null): string => {
  if (state?.state === 'everywhere')
    return `Active everywhere: ${state.active} of ${state.gateways} gateways.`
  if (state === null || state.state === 'saved')
    return 'Saved, not enforced yet: no control plane has published it. It will be when one runs.'
  return state.gateways === 0
    ? 'Published, but no gateway is running: each one acts by it as it starts.'
    : `Published, active on ${state.active} of ${state.gateways} gateways so far; the others follow by themselves.`
}
