/**
 * What is missing of somebody who has to have a second factor, in words.
 *
 * Which gaps somebody has, the API says. Invariant: the worst first, and each with what to do about it.
 */
import type { Tone } from '../parts/tag.tsx'
import type { FactorStatus } from '../queries.ts'

type Gap = FactorStatus['gaps'][number]

/** The gaps, the worst first. */
export const gaps: readonly Gap[] = ['overdue', 'not-set-up', 'sms-only', 'no-recovery-codes']

/** Their words; `todo`: what to do about it. */
export const gapWords: Readonly<
  Record<Gap, { readonly name: string; readonly tone: Tone; readonly todo: string }>
> = {
  overdue: {
    name: 'Time is up',
    tone: 'bad',
    todo: 'They do not get in before they set one up: from a listed network, or with an enrolment code.',
  },
  'not-set-up': {
    name: 'Not set up',
    tone: 'warn',
    todo: 'They are asked at each sign-in. Remind them, or give them an enrolment code if they work from elsewhere.',
  },
  'sms-only': {
    name: 'Text messages only',
    tone: 'warn',
    todo: 'A stolen phone number is enough to get past it. Have them add an authenticator app or a passkey.',
  },
  'no-recovery-codes': {
    name: 'No recovery codes left',
    tone: 'warn',
    todo: 'Losing the phone would lock them out. They make new codes on their security page.',
  },
}
