/**
 * What the portal has to say about a code that was sent, carried over the redirect after a form in one short word.
 *
 * The word is in the address, so it is a closed grammar without any secret: at worst a forged link shows one of these
 * sentences. Invariant: a reload shows the sentence again and sends no code again. Rendering the answer to the form
 * itself was refused: a reload would spend another try.
 */

import type { Instant } from '../../policies/instant.ts'
import { codeTexts, triesText, waitText } from '../../runtime/pages/texts-second-factor.ts'

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

/** As a sentence. `by`: which field it stands at. */
export function saidText(said: Said, by: SentBy, at: Instant): string {
  switch (said.what) {
    case 'wrong':
      return `${codeTexts.wrong[by]} ${triesText(said.triesLeft)}`
    case 'used':
      return `${codeTexts.used[by]} ${triesText(said.triesLeft)}`
    case 'expired':
      return `${codeTexts.expired[by]} ${triesText(said.triesLeft)}`
    case 'wait':
      return by === 'text' || by === 'number'
        ? `${codeTexts.tooOften} ${waitText(said.until - at)}`
        : `${codeTexts.tooManyWrong} ${waitText(said.until - at)}`
    case 'sent':
      return codeTexts.sent
    case 'unsent':
      return codeTexts.unsent
    case 'form':
      return codeTexts.shapeless[by]
  }
}
