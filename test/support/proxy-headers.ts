/**
 * Headers of the PROXY protocol as a load balancer writes them, and a slow second reading of them.
 *
 * Not the product's parser: the reading goes over the text of a whole header with plain patterns, and knows no cut.
 */
import net from 'node:net'

const signature = Buffer.from([13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10])

const groupsOf = (text: string): readonly number[] => {
  const [head = '', tail] = text.split('::')
  const side = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16))
  if (tail === undefined) return side(head)
  const [left, right] = [side(head), side(tail)]
  return [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right]
}

const bytesOf = (address: string): Buffer =>
  net.isIPv4(address)
    ? Buffer.from(address.split('.').map(Number))
    : Buffer.from(groupsOf(address).flatMap((group) => [group >> 8, group & 255]))

/** A header of version 2 from raw parts; `block` is what its length counts. */
export const binaryHeader = (command: number, family: number, block: Buffer): Buffer =>
  Buffer.concat([signature, Buffer.from([command, family, block.length >> 8, block.length & 255]), block])

/** A header of version 2 that announces `client`, IPv4 or IPv6 (no dotted tail), with `extensions` behind. */
export const announcing = (client: string, extensions: Buffer = Buffer.alloc(0)): Buffer => {
  const isFour = net.isIPv4(client)
  const block = [
    bytesOf(client),
    bytesOf(isFour ? '192.0.2.1' : '2001:db8::1'),
    Buffer.from([0xdc, 4, 1, 187]),
  ]
  return binaryHeader(0x21, isFour ? 0x11 : 0x21, Buffer.concat([...block, extensions]))
}

/** The line of version 1. */
export const announcingLine = (client: string): string =>
  net.isIPv4(client)
    ? `PROXY TCP4 ${client} 192.0.2.1 56324 443\r\n`
    : `PROXY TCP6 ${client} 2001:db8::1 56324 443\r\n`

/** What an address is to node, as comparable text; mapped ones are IPv4. */
export const sameText = (address: string): string => {
  const { address: text } = new net.SocketAddress({ address, family: net.isIPv4(address) ? 'ipv4' : 'ipv6' })
  return text.replace(/^::ffff:(?=\d+\.)/, '')
}

const readLineSlowly = (text: string): string | null => {
  const [line = '', ...rest] = text.split('\r\n')
  if (rest.length === 0 || line.length + 2 > 107 || /[^ -~]/.test(line)) return null
  if (line === 'PROXY UNKNOWN' || line.startsWith('PROXY UNKNOWN ')) return `${line.length + 2} itself`
  const [, family, source = '', destination = '', ...ports] =
    /^PROXY (TCP[46]) (\S+) (\S+) (\d+) (\d+)$/.exec(line) ?? []
  const is = family === 'TCP4' ? net.isIPv4 : (one: string) => net.isIPv6(one) && !one.includes('%')
  const isPort = (port: string): boolean => String(Number(port)) === port && Number(port) < 65_536
  if (family === undefined || !is(source) || !is(destination) || !ports.every(isPort)) return null
  return `${line.length + 2} ${sameText(source)}`
}

/** `length client` of the header that the bytes begin with, `itself` for a peer that speaks for itself; `null`: none. */
export const readSlowly = (bytes: Buffer): string | null => {
  if (!bytes.subarray(0, 12).equals(signature)) return readLineSlowly(bytes.toString('latin1'))
  if (bytes.length < 16) return null
  const [command, family, size] = [bytes[12], bytes[13], bytes[14]! * 256 + bytes[15]!]
  const block = [...bytes.subarray(16, 16 + size)]
  if (size > 2_032 || block.length < size) return null
  if (command === 0x20) return `${16 + size} itself`
  if (command !== 0x21) return null
  if (family === 0x11 && size >= 12) return `${16 + size} ${block.slice(0, 4).join('.')}`
  if (family !== 0x21 || size < 36) return null
  const groups = Array.from({ length: 8 }, (_, at) =>
    (block[2 * at]! * 256 + block[2 * at + 1]!).toString(16),
  )
  return `${16 + size} ${sameText(groups.join(':'))}`
}
