/**
 * Goal: nothing that a client writes can stand in for its address; trusted proxies are walked from the right.
 * Method: examples from SPEC §4 and BYPASSES 7, and a property with a random prefix written by an attacker.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clientAddress, compileTrustedProxies, type TrustedProxies } from '../../gateway/client-address.ts'
import { parseAddress } from '../../policies/address.ts'

const trusting = (...texts: string[]): TrustedProxies => {
  const compiled = compileTrustedProxies(texts)
  if (!compiled.ok) throw new Error(compiled.text)
  return compiled.trusts
}
const address = (text: string) => parseAddress(text)!
const walk = (peer: string, value: string | string[], trusts: TrustedProxies) => {
  const list = (Array.isArray(value) ? value : [value]).flatMap((text) => ['X-Forwarded-For', text])
  const { address: found, malformed } = clientAddress(address(peer), list, trusts)
  return [found.text, malformed] as const
}

describe('the walk', () => {
  const trusts = trusting('10.0.0.0/8', '2001:db8:aaaa::/48', '192.0.2.1')
  it.each([
    ['an untrusted peer is the client, whatever it writes', '203.0.113.5', '10.0.0.1', '203.0.113.5', false],
    ['the hop before a trusted peer', '10.0.0.1', '203.0.113.5', '203.0.113.5', false],
    ['only the right-most untrusted hop', '10.0.0.1', '1.1.1.1, 203.0.113.5', '203.0.113.5', false],
    ['through several trusted hops', '10.0.0.1', '203.0.113.5, 192.0.2.1, 10.9.9.9', '203.0.113.5', false],
    ['all hops trusted: the left-most', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3', false],
    ['no header: the peer', '10.0.0.1', [], '10.0.0.1', false],
    ['junk stops the walk at once', '10.0.0.1', '203.0.113.5, a', '10.0.0.1', true],
    ['junk stops the walk at the last good hop', '10.0.0.1', 'a, 10.0.0.2', '10.0.0.2', true],
    ['an empty element is junk', '10.0.0.1', '203.0.113.5,', '10.0.0.1', true],
    ['a leading zero is junk', '10.0.0.1', '203.0.113.05', '10.0.0.1', true],
    ['"unknown" is junk', '10.0.0.1', 'unknown', '10.0.0.1', true],
    ['junk left of the client is not looked at', '10.0.0.1', 'a, 203.0.113.5', '203.0.113.5', false],
    ['a port is dropped', '10.0.0.1', '203.0.113.5:4711', '203.0.113.5', false],
    ['an IPv6 hop', '10.0.0.1', '2001:DB8::7', '2001:db8::7', false],
    ['a bracketed IPv6 hop with port', '10.0.0.1', '[2001:db8::7]:443', '2001:db8::7', false],
    ['bracketed IPv4 is junk', '10.0.0.1', '[203.0.113.5]', '10.0.0.1', true],
    ['a mapped address is IPv4', '::ffff:10.0.0.1', '::ffff:203.0.113.5', '203.0.113.5', false],
    ['a mapped trusted hop is trusted', '10.0.0.1', '203.0.113.5, ::ffff:192.0.2.1', '203.0.113.5', false],
    ['a trusted IPv6 peer', '2001:db8:aaaa::1', '203.0.113.5', '203.0.113.5', false],
    ['several headers are one list', '10.0.0.1', ['1.1.1.1', '203.0.113.5'], '203.0.113.5', false],
    ['only SP and HTAB are trimmed', '10.0.0.1', '203.0.113.5\xa0', '10.0.0.1', true],
  ] as const)('%s', (_, peer, value, found, malformed) => {
    expect(walk(peer, value as string | string[], trusts)).toEqual([found, malformed])
  })

  it('says which hop gave the address', () => {
    const headers = ['x-forwarded-for', '203.0.113.5, 10.0.0.2']
    expect(clientAddress(address('10.0.0.1'), headers, trusts).hop).toBe(
      'X-Forwarded-For as added by 10.0.0.2',
    )
    expect(clientAddress(address('203.0.113.9'), headers, trusts).hop).toBe('the connection itself')
  })

  it('whatever a client puts in front, its proxy has the last word', () => {
    const junk = fc.array(
      fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.constantFrom('10.0.0.9', '', ' ', 'a')),
      { maxLength: 6 },
    )
    fc.assert(
      fc.property(junk, (parts) => {
        const written = [...parts.map((part) => part.replaceAll(/[\r\n]/g, '')), '203.0.113.5'].join(',')
        expect(walk('10.0.0.1', written, trusts)).toEqual(['203.0.113.5', false])
        expect(walk('203.0.113.5', written, trusts)).toEqual(['203.0.113.5', false])
      }),
    )
  })

  it('ends after 32 hops', () => {
    expect(walk('10.0.0.1', Array.from({ length: 40 }, () => '10.0.0.2').join(','), trusts)).toEqual([
      '10.0.0.2',
      true,
    ])
  })
})

describe('the list of trusted proxies', () => {
  it('nobody is trusted by default, and everybody never', () => {
    expect(trusting()(address('127.0.0.1'))).toBe(false)
    for (const text of ['0.0.0.0/0', '::/0', 'nonsense', '10.0.0.0/33', ''])
      expect(compileTrustedProxies([text])).toEqual({ ok: false, text })
  })

  it('an address alone is that address', () => {
    expect(trusting('2001:db8::1')(address('2001:db8::2'))).toBe(false)
    expect(trusting('2001:db8::1')(address('2001:db8::1'))).toBe(true)
  })
})
