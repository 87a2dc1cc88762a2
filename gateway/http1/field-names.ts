/**
 * Names of header fields, each kept once however often it comes.
 *
 * It judges no name but by its characters. Invariant: what is called a name is a token (RFC 9110 §5.1), and what is
 * remembered is bounded, since clients and applications choose names. A name cut out of a head would keep all of that head
 * in memory for whoever remembers it, and would have to be hashed anew by everybody who looks it up.
 */
import { isToken } from './grammar.ts'

/** A name as spelled, and its bytes. */
export type FieldName = { readonly text: string; readonly bytes: Uint8Array }

const names = new Map<string, FieldName>()
const namesMax = 2_048
const nameLengthMax = 64

const keep = (cut: string): FieldName => {
  const copy = Buffer.from(cut, 'latin1')
  const name = { text: copy.toString('latin1'), bytes: new Uint8Array(copy) }
  if (cut.length > nameLengthMax) return name
  if (names.size >= namesMax) names.clear()
  names.set(name.text, name)
  return name
}

/** What is cut out of a head as a name, which must be a token. Long ones, which are nobody's, are not remembered. */
export const nameOf = (cut: string): FieldName => names.get(cut) ?? keep(cut)

/** Whether it can stand as a name. */
export const isName = (name: string): boolean => {
  if (names.has(name)) return true
  if (!isToken(name)) return false
  keep(name)
  return true
}
