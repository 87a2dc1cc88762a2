/**
 * How a page is headed with the practice that it is about: its name, and its logo where the configuration names one.
 *
 * Invariant: the address of a logo is made of the practice's id alone, and answers the same to everybody; a page asks no
 * other origin for it.
 */
import type { PracticeId } from '../policies/access-request.ts'
import type { UpstreamConfig } from '../runtime/config.ts'
import { type Logo, logoHeaders } from '../runtime/logos.ts'
import type { Brand } from '../runtime/pages/page.ts'
import type { WholeResponse } from './exchange.ts'

/** Where logos are, on the application's own origin; a practice's id follows. */
export const logoPath = '/.gatehouse/logo/'

/** The heading for a practice. */
export const brandOf = (
  { logos }: Pick<UpstreamConfig, 'logos'>,
  practice: PracticeId,
  name: string,
): Brand => ({ name, logo: Object.hasOwn(logos, practice) ? `${logoPath}${practice}` : null })

/** A logo as an answer. */
export const logoAnswer = (logo: Logo): WholeResponse => ({
  status: 200,
  headers: Object.entries(logoHeaders(logo)).flat(),
  body: logo.bytes,
})
