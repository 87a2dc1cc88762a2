/**
 * What people type: six digits of their app, or a recovery code from their sheet of paper; and new recovery codes.
 *
 * It knows no user and compares nothing. Invariant: what is read is bounded, ASCII, and in one form, so that one code
 * has one spelling. Digits of other scripts were refused: what looks like a digit to one reader does not to another.
 */
import { randomBytes } from 'node:crypto'

/** A code as it is compared. */
export type TypedCode = { readonly kind: 'totp' | 'recovery-code'; readonly code: string }

const typedMax = 64
/** Crockford's base 32: no I, L, O, U, so that a code survives paper and handwriting. */
const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const recoveryForm = /^[0-9A-HJKMNP-TV-Z]{10}$/
const recoveryCodesCount = 10

/** A typed code without spaces and dashes; O counts as 0, I and L as 1 in recovery codes. `null`: it can be none. */
export function readCode(text: string): TypedCode | null {
  if (text.length > typedMax) return null
  const plain = text.replaceAll(/[\s-]/g, '')
  if (/^[0-9]{6}$/.test(plain)) return { kind: 'totp', code: plain }
  const code = plain.toUpperCase().replaceAll('O', '0').replaceAll(/[IL]/g, '1')
  return recoveryForm.test(code) ? { kind: 'recovery-code', code } : null
}

const newRecoveryCode = (): string => {
  let text = ''
  for (const byte of randomBytes(10)) text += letters[byte & 31]
  return `${text.slice(0, 5)}-${text.slice(5)}`
}

/** Ten new recovery codes as `7K2M9-4QXAB`: 50 random bits each. */
export function newRecoveryCodes(): readonly string[] {
  const codes = new Set<string>()
  while (codes.size < recoveryCodesCount) codes.add(newRecoveryCode())
  return [...codes]
}
