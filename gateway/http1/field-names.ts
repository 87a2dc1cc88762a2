/**
 * Names of header fields, each kept once however often it comes.
 *
 * It judges no name but by its characters. Invariant: what is called a name is a token (RFC 9110 §5.1), and what is
 * remembered is bounded, since clients and applications choose names. A name cut out of a head would keep all of that head
 * in memory for whoever remembers it, and would have to be hashed anew by everybody who looks it up.
 */
import { isToken } from './grammar.ts'

const names = new Map<string, string>()
const namesMax = 2_048
const nameLengthMax = 64

/** The name at `from` up to `to` of a head, which must be a token. Long names, which are nobody's, are cut out as they are. */
export const nameOf = (text: string, from: number, to: number): string => {
  const cut = text.slice(from, to)
  const known = names.get(cut)
  if (known !== undefined) return known
  if (cut.length > nameLengthMax) return cut
  if (names.size >= namesMax) names.clear()
  const own = Buffer.from(cut, 'latin1').toString('latin1')
  names.set(own, own)
  return own
}

/** Whether it can stand as a name. */
export const isName = (name: string): boolean => {
  if (names.has(name)) return true
  if (!isToken(name)) return false
  nameOf(name, 0, name.length)
  return true
}
