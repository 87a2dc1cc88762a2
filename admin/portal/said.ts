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
  | { readonly what: 'wrong' | 'used' | 'expired'; readonly triesLeft: number }
  | { readonly what: 'wait'; readonly until: Instant }
  | { readonly what: 'form' | 'sent' | 'unsent' }

/** What was sent: a code of the app, a recovery code, a passkey, a code that an admin gave or a text
 * message brought, or the number it is to go to. */
export type SentBy = 'app' | 'recovery' | 'passkey' | 'admission' | 'text' | 'number'

const form = /^(wrong|used|expired)-(\d{1,2})$|^wait-(\d{13})$|^(?:form|sent|unsent)$/

/** As a word for the address. */
export const saidWord = (said: Said): string => {
  if ('triesLeft' in said) return `${said.what}-${said.triesLeft}`
  return said.what === 'wait' ? `wait-${Math.ceil(said.until)}` : said.what
}

/** Out of an address; `null`: nothing is said, or nothing of ours. */
export function readSaid(word: string | undefined): Said | null {
  const match = form.exec(word ?? '')
  if (match === null) return null
  const [whole, what, triesLeft, until] = match
  if (whole === 'form' || whole === 'sent' || whole === 'unsent') return { what: whole }
  if (until !== undefined) return { what: 'wait', until: Number(until) }
  return { what: what === 'used' || what === 'expired' ? what : 'wrong', triesLeft: Number(triesLeft) }
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

type Sentences = Readonly<Record<SentBy, string>>

const wrong: Sentences = {
  app: 'That is not the code your app shows now.',
  recovery: 'That is none of your recovery codes.',
  passkey: 'That passkey did not work here.',
  admission: 'That is not the code you were given.',
  text: 'That is not the code we sent you.',
  number: 'That is not the code we sent to this number.',
}

const used: Sentences = {
  app: 'That code was used already. Wait for the next one: it comes within 30 seconds.',
  recovery: 'That recovery code was used already; each works once.',
  passkey: 'That was used already.',
  admission: 'That code was used already; it works once. Ask for a new one.',
  text: 'That code was used already; it works once. Have a new one sent.',
  number: 'That code was used already; it works once. Have a new one sent.',
}

const expired: Sentences = {
  app: 'That code has run out, or the clock of your phone is off. Enter the one that is shown now; if this goes on, let your phone set its time by itself.',
  recovery: 'That recovery code no longer counts.',
  passkey: 'That took too long.',
  admission: 'That code has run out. Ask for a new one.',
  text: 'That code has run out: each works for five minutes. Have a new one sent.',
  number: 'That code has run out: each works for five minutes. Have a new one sent.',
}

const shapeless: Sentences = {
  app: 'Enter the six digits that your app shows.',
  recovery: 'Enter one of your recovery codes as you wrote it down.',
  passkey: 'Nothing came from your passkey. Please try again.',
  admission: 'Enter the 16 letters and digits that you were given.',
  text: 'Enter the six digits that we sent you.',
  number: 'Enter your number with + and the code of its country, for example +1 555 0100.',
}

/** As a sentence. `by`: which field it stands at. */
export function saidText(said: Said, by: SentBy, at: Instant): string {
  switch (said.what) {
    case 'wrong':
      return `${wrong[by]} ${tries(said.triesLeft)}`
    case 'used':
      return `${used[by]} ${tries(said.triesLeft)}`
    case 'expired':
      return `${expired[by]} ${tries(said.triesLeft)}`
    case 'wait':
      return by === 'text' || by === 'number'
        ? `That was too often. ${waiting(said.until - at)}`
        : `Too many wrong codes. ${waiting(said.until - at)}`
    case 'sent':
      return 'A code is on its way. It can take a minute.'
    case 'unsent':
      return 'No code could be sent just now. Try again in a minute, or use another way.'
    case 'form':
      return shapeless[by]
  }
}
