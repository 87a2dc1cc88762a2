/**
 * What can be wrong with the application behind the gateways: slow, resetting, answering with garbage, answering nothing.
 *
 * Its fault is no fault of Gatehouse's; what is held here is that people are told so, that a body cut off looks cut off, and that all
 * is well at once when it is.
 */

import type { BlobMode } from './application.ts'
import type { Outcome } from './load.ts'
import type { Fault } from './rehearsal.ts'

const application = (
  mode: BlobMode,
  what: string,
  sees: string,
  wanted: readonly Outcome[],
  lastsMs = 2_000,
): Fault => ({
  id: `application-${mode}`,
  what: `the application ${what}`,
  sees,
  allows: 'refused meanwhile',
  lastsMs,
  strike: async (stage) => void stage.application.answer(mode),
  heal: async (stage) => stage.application.answer('well'),
  async check(_stage, load) {
    const odd = load
      .seen()
      .filter(({ may, outcome }) => may && outcome !== 'right' && !wanted.includes(outcome))
    if (odd.length > 0) throw new Error(`${odd.length} answers were ${odd[0]?.outcome}`)
    return ''
  },
})

/** Faults of the application. */
export const applicationFaults: readonly Fault[] = [
  application('slow', 'takes 1.5 s to begin every answer', 'what they see without Gatehouse: it is slow', []),
  application(
    'resetting',
    'resets its connection in the middle of every body',
    'a body that is cut off and looks cut off',
    ['cut'],
  ),
  application('garbage', 'answers with garbage instead of HTTP', '502 of Gatehouse’s own', ['refused']),
  application(
    'silent',
    'takes requests and never answers',
    'they wait, at most `firstByteTimeoutMs` (set to 3 s here), then 504 of Gatehouse’s own',
    ['refused'],
    6_000,
  ),
]
