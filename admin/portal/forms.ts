/**
 * The forms of the portal: who may send them, and what they say.
 *
 * It checks no code and changes nothing. Invariant: a form counts only from a page of this origin, shown to this very
 * browser: `Origin` must be ours, Fetch Metadata must not speak against it, and the token is derived from the visit's,
 * which no other site and no script can read. A token in a second cookie was refused: a sibling host could set it.
 */
import { hkdfSync } from 'node:crypto'
import type { Context } from 'hono'
import { sameText } from '../../runtime/fleet-seal.ts'
import { isFromUs } from '../sign-in/own-origin.ts'

/** Larger bodies are no form of ours. */
export const formBytesMax = 4_096
/** Of forms that carry what a passkey answered. */
export const passkeyFormBytesMax = 16_384

const valueLengthMax = 200

/** Goes with each form of the browser that has this visit's token; 43 characters. */
export const formToken = (visitToken: string): string =>
  Buffer.from(hkdfSync('sha256', visitToken, '', 'gatehouse portal form 1', 32)).toString('base64url')

/** The fields of a form of ours by name; each at most once, at most 200 characters unless told otherwise. */
export type PortalForm = { readonly get: (name: string, lengthMax?: number) => string }

/** The form in a request's body; `null`: not one of ours, or not from this browser's page. */
export async function readPortalForm(
  c: Context,
  ours: string,
  visitToken: string,
): Promise<PortalForm | null> {
  if (!isFromUs(ours, c.req.header('origin'), c.req.header('sec-fetch-site'))) return null
  if (!/^application\/x-www-form-urlencoded(?:;|$)/.test(c.req.header('content-type') ?? '')) return null
  const fields = new URLSearchParams(await c.req.text())
  // A second value would be read differently by whoever looks next.
  const names = [...fields.keys()]
  if (new Set(names).size !== names.length) return null
  if (!sameText(fields.get('token') ?? '', formToken(visitToken))) return null
  return { get: (name, lengthMax = valueLengthMax) => (fields.get(name) ?? '').slice(0, lengthMax) }
}
