/**
 * Gates and verdicts as people read them.
 *
 * Why a gate answered as it did is the API's sentence. Invariant: a gate that this page does not know is shown by its own
 * name, never left out.
 */
import type { BarTone } from '../parts/day-track.tsx'
import type { Tone } from '../parts/tag.tsx'

const gates: Readonly<Record<string, string>> = {
  identity: 'Signed in',
  held: 'Sign-in complete',
  revoked: 'Not revoked',
  ended: 'Session not ended',
  suspended: 'Not suspended',
  idle: 'Not idle for too long',
  absolute: 'Session not too old',
  network: 'Same network as at sign-in',
  practice: 'Practice known',
  member: 'Member of the practice',
  address: 'Address allowed',
  timetable: 'Timetable up to date',
  hours: 'Within the hours',
  enrolled: 'Second factor set up',
  verified: 'Second factor shown',
  'factor-age': 'Second factor fresh',
  'factor-strength': 'Second factor strong enough',
  route: 'Page known',
  permission: 'Permission held',
  'token-expiry': 'Token not expired',
  'token-scope': 'Token covers the page',
  'token-address': 'Token allowed from here',
}

/** What a gate asks. */
export const gateName = (gate: string): string => gates[gate] ?? gate.replaceAll('-', ' ')

type VerdictWords = {
  readonly title: string
  readonly short: string
  readonly tone: Tone
  readonly bar: BarTone
}

const verdicts: Readonly<Record<string, VerdictWords>> = {
  permit: { title: 'gets in', short: 'gets in', tone: 'good', bar: 'good' },
  challenge: { title: 'is asked for one more step', short: 'one more step', tone: 'warn', bar: 'warn' },
  deny: { title: 'is refused', short: 'refused', tone: 'bad', bar: 'bad' },
}

/** A verdict; anything else cannot be decided. */
export const verdictWords = (verdict: string): VerdictWords =>
  verdicts[verdict] ?? { title: 'cannot be judged', short: 'not judged', tone: 'warn', bar: 'warn' }

const controls: Readonly<Record<string, string>> = {
  session: 'the session itself',
  ip: 'the IP allowlist',
  time: 'the time windows',
  'two-factor': 'two-factor',
  permission: 'permissions',
}

/** Which control a gate belongs to, within a sentence. */
export const controlName = (control: string): string => controls[control] ?? control
