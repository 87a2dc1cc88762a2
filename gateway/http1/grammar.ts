/**
 * Which bytes may stand where in a message head (RFC 9110 §5.5, §5.6.2; RFC 9112 §3).
 *
 * Tables and nothing else. Invariant: a byte has one class, whoever asks; text here is latin1, a character a byte.
 * Regular expressions were refused where a position is wanted; where only a fault is looked for they are the faster half.
 */

const tableOf = (holds: (code: number) => boolean): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, code) => (holds(code) ? 1 : 0))

/** By code: 1 for `tchar`, what names and methods are made of. */
export const tokenBytes = tableOf((code) => /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(String.fromCharCode(code)))

/** By code: 1 for what a field's value may hold: HTAB, SP, visible ASCII and `obs-text`. */
export const valueBytes = tableOf((code) => code === 0x09 || (code >= 0x20 && code !== 0x7f))

/** By code: 1 for what a request's target may hold: visible ASCII. */
export const targetBytes = tableOf((code) => code > 0x20 && code < 0x7f)

const isAll = (table: Uint8Array, text: string): boolean => {
  for (let i = 0; i < text.length; i++) if (table[text.charCodeAt(i)] !== 1) return false
  return true
}

/** Whether it is a `token`. */
export const isToken = (text: string): boolean => text !== '' && isAll(tokenBytes, text)

/** What no field's value holds, the same as in `valueBytes`. */
const unfit = /[^\t\x20-\x7e\x80-\xff]/

/** Whether it can stand as a field's value: in particular no CR, LF, NUL, and no character beyond latin1. */
export const isFieldValue = (text: string): boolean => !unfit.test(text)
