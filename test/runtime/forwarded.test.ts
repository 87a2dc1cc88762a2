/**
 * Goal: nobody but a trusted proxy decides which address a request comes from.
 * Method: headers as attackers and proxies write them, walked from peers that are trusted and not.
 */
import { describe, expect, it } from 'vitest'
import { parseAddress } from '../../policies/address.ts'
import { clientBehind, readTrustedProxies } from '../../runtime/forwarded.ts'

const address = (text: string) => {
  const parsed = parseAddress(text)
  if (parsed === null) throw new Error(text)
  return parsed
}

const walk = (peer: string, header: string | null, proxies: string[] = ['10.0.0.0/8', '2001:db8::1']) => {
  const trusted = readTrustedProxies(proxies)
  if (!trusted.ok) throw new Error('bad proxies')
  const { client, vouchedBy, malformed } = clientBehind(address(peer), header, trusted.value)
  return [client.text, vouchedBy?.text ?? null, malformed]
}

describe('the client behind a peer', () => {
  it.each([
    ['203.0.113.9', '198.51.100.1', ['203.0.113.9', null, false]],
    ['10.0.0.1', null, ['10.0.0.1', null, false]],
    ['10.0.0.1', '198.51.100.1', ['198.51.100.1', '10.0.0.1', false]],
    ['10.0.0.1', '1.1.1.1, 198.51.100.1', ['198.51.100.1', '10.0.0.1', false]],
    ['10.0.0.1', '1.1.1.1, 198.51.100.1,\t10.0.0.2', ['198.51.100.1', '10.0.0.2', false]],
    ['10.0.0.1', '198.51.100.1:4711', ['198.51.100.1', '10.0.0.1', false]],
    ['10.0.0.1', '[2001:db8::7]:443', ['2001:db8::7', '10.0.0.1', false]],
    ['::ffff:10.0.0.1', '198.51.100.1', ['198.51.100.1', '10.0.0.1', false]],
    ['10.0.0.1', '198.51.100.1, junk', ['10.0.0.1', null, true]],
    ['10.0.0.1', 'junk, 10.0.0.2', ['10.0.0.2', '10.0.0.1', true]],
    ['10.0.0.1', '', ['10.0.0.1', null, true]],
    ['10.0.0.1', '010.0.0.7', ['10.0.0.1', null, true]],
    ['2001:db8::1', '198.51.100.1', ['198.51.100.1', '2001:db8::1', false]],
    ['2001:db8::2', '198.51.100.1', ['2001:db8::2', null, false]],
  ])('of %s that says %j is %j', (peer, header, expected) => {
    expect(walk(peer, header)).toEqual(expected)
  })

  it('is not looked for beyond 32 hops', () => {
    const hops = Array.from({ length: 40 }, (_, at) => `10.1.0.${at}`).join(', ')
    expect(walk('10.0.0.1', hops)).toEqual(['10.1.0.8', '10.1.0.9', true])
  })
})

describe('trusted proxies', () => {
  it('may not be everybody, and every wrong one is named', () => {
    expect(readTrustedProxies(['0.0.0.0/0', '10.0.0.1', '::/0', 'proxy'])).toMatchObject({
      ok: false,
      problems: [
        { path: 'gateway.trustedProxies[0]' },
        { path: 'gateway.trustedProxies[2]' },
        { path: 'gateway.trustedProxies[3]' },
      ],
    })
  })
})
