/**
 * Addresses and ranges as numbers: parsed once, compared as four words, written one way.
 *
 * It is not a list of them (`address-set.ts`) and knows no entry, label or person. Invariant: one address has one
 * form. `::ffff:a.b.c.d` is IPv4, zone ids are dropped, and text that parsers read differently (leading zeros,
 * short forms, signs, spaces) is no address at all; what is accepted agrees with Python's `ipaddress`. Words
 * are signed 32-bit integers, so that V8 keeps them unboxed; compare order with `>>> 0`. ipaddr.js was refused
 * here: it takes microseconds where this takes tens of nanoseconds, and reads `010.0.0.1` as octal.
 */

/** One address: 128 bits in four words, most significant first; for IPv4 only `w3` is used, the others are 0. */
export type Address = {
  readonly family: 4 | 6
  /** Canonical text (dotted quad, or RFC 5952); equal text means equal address. */
  readonly text: string
  readonly w0: number
  readonly w1: number
  readonly w2: number
  readonly w3: number
}

/** A CIDR range, host bits zero. Words as in `Address`; `m0`–`m3` are the mask, for IPv4 all in `m3`. */
export type Range = {
  readonly family: 4 | 6
  /** 0–32 for IPv4, 0–128 for IPv6. */
  readonly prefix: number
  readonly w0: number
  readonly w1: number
  readonly w2: number
  readonly w3: number
  readonly m0: number
  readonly m1: number
  readonly m2: number
  readonly m3: number
}

/** The longest text that can be an address: 45 characters of IPv6 with a dotted tail, and a zone id. */
const textMax = 128

/** The dotted quad from `start` to the end as a signed word, or `null`. */
const parseQuad = (text: string, start: number): number | null => {
  let word = 0
  let dots = 0
  let octet = -1
  let digits = 0
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 46) {
      if (digits === 0 || dots === 3) return null
      word = (word << 8) | octet
      dots += 1
      octet = -1
      digits = 0
    } else if (code >= 48 && code <= 57) {
      // "0" is an octet, "01" is octal to some readers and decimal to others.
      if (digits > 0 && octet === 0) return null
      octet = digits === 0 ? code - 48 : octet * 10 + code - 48
      digits += 1
      if (octet > 255) return null
    } else return null
  }
  return dots === 3 && digits > 0 ? (word << 8) | octet : null
}

const hexDigit = (code: number): number => {
  if (code >= 48 && code <= 57) return code - 48
  const lower = code | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}

/** Colon-separated groups of 1–4 hex digits; a dotted quad may stand for the last two. `null`: malformed. */
const parseGroups = (text: string): number[] | null => {
  const groups: number[] = []
  if (text === '') return groups
  let start = 0
  while (start <= text.length) {
    const colon = text.indexOf(':', start)
    const end = colon === -1 ? text.length : colon
    if (colon === -1 && text.indexOf('.', start) !== -1) {
      const quad = parseQuad(text, start)
      if (quad === null) return null
      groups.push(quad >>> 16, quad & 0xffff)
      return groups
    }
    if (end === start || end - start > 4) return null
    let group = 0
    for (let i = start; i < end; i++) {
      const digit = hexDigit(text.charCodeAt(i))
      if (digit === -1) return null
      group = (group << 4) | digit
    }
    groups.push(group)
    if (colon === -1) return groups
    start = colon + 1
  }
  return null
}

/** Eight groups of IPv6 text without zone id, or `null`. */
const parseSix = (text: string): readonly number[] | null => {
  const gap = text.indexOf('::')
  if (gap === -1) {
    const groups = parseGroups(text)
    return groups !== null && groups.length === 8 ? groups : null
  }
  const head = parseGroups(text.slice(0, gap))
  const tail = parseGroups(text.slice(gap + 2))
  // A dotted quad ends an address, so it may not stand before the gap.
  if (head === null || tail === null || text.slice(0, gap).includes('.')) return null
  if (head.length + tail.length > 7) return null
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail]
}

const quadText = (word: number): string =>
  `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as `::`. */
const sixText = (w0: number, w1: number, w2: number, w3: number): string => {
  const groups = [
    w0 >>> 16,
    w0 & 0xffff,
    w1 >>> 16,
    w1 & 0xffff,
    w2 >>> 16,
    w2 & 0xffff,
    w3 >>> 16,
    w3 & 0xffff,
  ]
  let gap = -1
  let gapLength = 1
  for (let i = 0; i < 8; i++) {
    let length = 0
    while (i + length < 8 && groups[i + length] === 0) length += 1
    if (length > gapLength) {
      gap = i
      gapLength = length
    }
    if (length > 0) i += length - 1
  }
  const hex = groups.map((group) => group.toString(16))
  if (gap === -1) return hex.join(':')
  return `${hex.slice(0, gap).join(':')}::${hex.slice(gap + gapLength).join(':')}`
}

const four = (word: number): Address => ({
  family: 4,
  text: quadText(word),
  w0: 0,
  w1: 0,
  w2: 0,
  w3: word | 0,
})

const six = (w0: number, w1: number, w2: number, w3: number): Address => {
  const text = sixText(w0, w1, w2, w3)
  return { family: 6, text, w0: w0 | 0, w1: w1 | 0, w2: w2 | 0, w3: w3 | 0 }
}

/** The text without its zone id (RFC 4007); `null` where the zone id is empty or has a `%` or `/` in it. */
const withoutZone = (text: string): string | null => {
  const percent = text.indexOf('%')
  if (percent === -1) return text
  const zone = text.slice(percent + 1)
  return zone === '' || zone.includes('%') || zone.includes('/') ? null : text.slice(0, percent)
}

/**
 * The address that the text is, or `null` if it is none. At most 128 characters, no spaces, no port, no brackets.
 * A mapped address is IPv4; a zone id is dropped.
 */
export const parseAddress = (text: string): Address | null => {
  if (text.length < 2 || text.length > textMax) return null
  if (text.indexOf(':') === -1) {
    const word = parseQuad(text, 0)
    return word === null ? null : four(word)
  }
  const plain = withoutZone(text)
  const groups = plain === null ? null : parseSix(plain)
  if (groups === null) return null
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groups
  if ((a | b | c | d | e) === 0 && f === 0xffff) return four((g << 16) | h)
  return six((a << 16) | b, (c << 16) | d, (e << 16) | f, (g << 16) | h)
}

/** The mask of `bits` leading ones (0 or less: none, 32 or more: all). */
const maskOf = (bits: number): number => (bits <= 0 ? 0 : bits >= 32 ? -1 : -1 << (32 - bits))

const rangeOf = (address: Address, prefix: number): Range => {
  const v4 = address.family === 4
  const m0 = v4 ? 0 : maskOf(prefix)
  const m1 = v4 ? 0 : maskOf(prefix - 32)
  const m2 = v4 ? 0 : maskOf(prefix - 64)
  const m3 = v4 ? maskOf(prefix) : maskOf(prefix - 96)
  return {
    family: address.family,
    prefix,
    w0: address.w0 & m0,
    w1: address.w1 & m1,
    w2: address.w2 & m2,
    w3: address.w3 & m3,
    m0,
    m1,
    m2,
    m3,
  }
}

/** A prefix length of 1–3 digits without leading zeros, or -1. */
const parsePrefix = (text: string): number => (/^(0|[1-9]\d{0,2})$/.test(text) ? Number(text) : -1)

/**
 * The range that the text is: an address with `/prefix`, or alone (IPv4 /32, IPv6 /64). `hostBitsMasked` says that
 * bits beyond the prefix were set and are cleared. `null`: no range. Netmask notation is refused; a mapped
 * address takes its prefix from IPv6 (`::ffff:10.0.0.0/104` is `10.0.0.0/8`), shorter than 96 is refused.
 */
export const parseRange = (
  text: string,
): { readonly range: Range; readonly hostBitsMasked: boolean } | null => {
  const slash = text.indexOf('/')
  const address = parseAddress(slash === -1 ? text : text.slice(0, slash))
  if (address === null) return null
  const mapped = address.family === 4 && text.includes(':')
  const written = slash === -1 ? null : parsePrefix(text.slice(slash + 1))
  let prefix = address.family === 4 ? 32 : 64
  if (written !== null) prefix = mapped ? written - 96 : written
  if (written === -1 || prefix < 0 || prefix > (address.family === 4 ? 32 : 128)) return null
  const range = rangeOf(address, prefix)
  const hostBitsMasked =
    range.w0 !== address.w0 || range.w1 !== address.w1 || range.w2 !== address.w2 || range.w3 !== address.w3
  // An address alone names a network on purpose: its default /64 is no correction.
  return { range, hostBitsMasked: hostBitsMasked && written !== null }
}

/** Canonical CIDR text; a single IPv4 address keeps its `/32`. */
export const rangeText = (range: Range): string =>
  `${range.family === 4 ? quadText(range.w3) : sixText(range.w0, range.w1, range.w2, range.w3)}/${range.prefix}`

/** Whether the address lies in the range; never across families. */
export const rangeContains = (range: Range, address: Address): boolean =>
  range.family === address.family &&
  (address.w3 & range.m3) === range.w3 &&
  (address.w2 & range.m2) === range.w2 &&
  (address.w1 & range.m1) === range.w1 &&
  (address.w0 & range.m0) === range.w0

/** The network an address stands for where people speak of one: IPv4 /32, IPv6 /64. */
export const networkOf = (address: Address): Range => rangeOf(address, address.family === 4 ? 32 : 64)

/** The network a session is bound to where a practice binds sessions: IPv4 /24, as providers change within; IPv6 /64. */
export const bindingOf = (address: Address): Range => rangeOf(address, address.family === 4 ? 24 : 64)

const fixedRange = (text: string): Range => {
  const parsed = parseRange(text)
  if (parsed === null) throw new Error(`invariant: ${text} is a range`)
  return parsed.range
}

/** Private use, CGNAT, loopback, link-local (RFC 1918, 6598, 1122, 3927, 4193, 4291). */
const privateRanges = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  'fc00::/7',
  'fe80::/10',
  '::1/128',
].map(fixedRange)

/** Whether the address, or all of the range, is of private use, CGNAT, loopback or link-local. */
export const isPrivate = (what: Range | Address): boolean =>
  privateRanges.some((range) => {
    if ('prefix' in what && what.prefix < range.prefix) return false
    return rangeContains(range, {
      family: what.family,
      text: '',
      w0: what.w0,
      w1: what.w1,
      w2: what.w2,
      w3: what.w3,
    })
  })
