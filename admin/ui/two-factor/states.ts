/**
 * The states of a second factor in words, with their tones.
 *
 * Which state somebody is in, the API says. Invariant: the word alone says it; what wants attention is never neutral.
 */
import type { Tone } from '../parts/tag.tsx'
import type { FactorState } from '../queries.ts'

/** How a state is called, coloured and explained; `blank`: what an empty list of it means. */
export type StateWords = { readonly name: string; readonly tone: Tone; readonly blank: string }

/** The states in the order in which they want attention. */
export const states: readonly FactorState[] = [
  'required-not-set-up',
  'locked',
  'required-enabled',
  'enabled',
  'optional',
  'off',
]

/** Their words. */
export const stateWords: Readonly<Record<FactorState, StateWords>> = {
  'required-not-set-up': {
    name: 'Required, not set up',
    tone: 'warn',
    blank: 'Everyone who has to show a second factor has set one up.',
  },
  locked: { name: 'Locked', tone: 'bad', blank: 'Nobody has entered too many wrong codes.' },
  'required-enabled': {
    name: 'Required, set up',
    tone: 'good',
    blank: 'Of those who have to show a second factor, nobody has set one up yet.',
  },
  enabled: {
    name: 'Enabled',
    tone: 'good',
    blank: 'Nobody has set one up without having to.',
  },
  optional: { name: 'Optional', tone: 'neutral', blank: 'Nobody is free to choose and without one.' },
  off: { name: 'Off', tone: 'neutral', blank: 'Nobody is without one while two-factor is off.' },
}
