/**
 * What the portal has to say about a code that was sent, carried over the redirect after a form in one short word.
 *
 * The word is in the address, so it is a closed grammar without any secret: at worst a forged link shows one of these
 * sentences. Invariant: a reload shows the sentence again and sends no code again. Rendering the answer to the form
 * itself was refused: a reload would spend another try.
 */
import type { Instant } from '../../policies/instant.ts'

/** What is said. `triesLeft` in this visit; `until` when the next try counts. */
export type Said =
  | { readonly what: 'wrong' | 'used'; readonly triesLeft: number }
  | { readonly what: 'wait'; readonly until: Instant }
  | { readonly what: 'form' }

const form = /^(wrong|used)-(\d{1,2})$|^wait-(\d{13})$|^form$/

/** As a word for the address. */
export const saidWord = (said: Said): string => {
  if (said.what === 'form') return 'form'
  return said.what === 'wait' ? `wait-${Math.ceil(said.until)}` : `${said.what}-${said.triesLeft}`
}

/** Out of an address; `null`: nothing is said, or nothing of ours. */
export function readSaid(word: string | undefined): Said | null {
  const match = form.exec(word ?? '')
  if (match === null) return null
  const [whole, what, triesLeft, until] = match
  if (whole === 'form') return { what: 'form' }
  if (until !== undefined) return { what: 'wait', until: Number(until) }
  return { what: what === 'used' ? 'used' : 'wrong', triesLeft: Number(triesLeft) }
}

const tries = (left: number): string => {
  if (left === 0) return 'No try is left: go back to your practice application and start again.'
  return left === 1 ? 'One try is left.' : `${left} tries are left.`
}

const waiting = (ms: number): string => {
  if (ms <= 0) return 'You can try again now.'
  const minutes = Math.ceil(ms / 60_000)
  if (minutes === 1) return 'Try again in a minute.'
  return minutes <= 90 ? `Try again in ${minutes} minutes.` : `Try again in ${Math.ceil(minutes / 60)} hours.`
}

/** As a sentence. `by`: which field it stands at. */
export function saidText(said: Said, by: 'app' | 'recovery', at: Instant): string {
  switch (said.what) {
    case 'wrong':
      return `${by === 'app' ? 'That is not the code your app shows now.' : 'That is none of your recovery codes.'} ${tries(said.triesLeft)}`
    case 'used':
      return by === 'app'
        ? `That code was used already. Wait for the next one: it comes within 30 seconds. ${tries(said.triesLeft)}`
        : `That recovery code was used already; each works once. ${tries(said.triesLeft)}`
    case 'wait':
      return `Too many wrong codes. ${waiting(said.until - at)}`
    case 'form':
      return by === 'app'
        ? 'Enter the six digits that your app shows.'
        : 'Enter one of your recovery codes as you wrote it down.'
  }
}
