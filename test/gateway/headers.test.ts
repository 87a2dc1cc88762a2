/**
 * Goal: header hygiene holds for every spelling of names and cookies, both ways; what is not ours passes untouched.
 * Method: properties over generated spellings and header lists, against predicates written from the SPEC's words.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ownBeginnings, setsOwnCookie } from '../../gateway/cookie-names.ts'
import { createHeaderRules, type RequestFacts } from '../../gateway/headers.ts'
import { parseAddress } from '../../policies/address.ts'
import { unchanged } from '../support/engine-stand.ts'

const rules = createHeaderRules('gatehouse')
const facts: RequestFacts = {
  client: parseAddress('198.51.100.7')!,
  host: 'app.example',
  secure: true,
  credentials: ['sid'],
  observed: false,
}
const pairs = (list: readonly string[]): [string, string][] =>
  Array.from({ length: list.length / 2 }, (_, i) => [list[2 * i] ?? '', list[2 * i + 1] ?? ''])
const valuesOf = (list: readonly string[], name: string): string[] =>
  pairs(list)
    .filter(([given]) => given.toLowerCase() === name)
    .map(([, value]) => value)

/** Any spelling of a name under folding of case, `-`, `_` and `.`. */
const spelled = (name: string): fc.Arbitrary<string> =>
  fc
    .tuple(
      ...[...name].map((char) =>
        char === '-' ? fc.constantFrom('-', '_', '.') : fc.constantFrom(char, char.toUpperCase()),
      ),
    )
    .map((chars) => chars.join(''))

const ours = ['user', 'email', 'roles', 'practice', 'permissions', 'session', 'assertion'].map(
  (name) => `x-gatehouse-${name}`,
)
const overrides = [
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-url',
  'x-rewrite-url',
]
const forwardings = [
  'x-forwarded-prefix',
  'x-forwarded-uri',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'forwarded',
]
const hopByHop = [
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'expect',
]
const forged = fc.constantFrom(...ours, ...overrides, ...forwardings, ...hopByHop).chain(spelled)

describe('request headers', () => {
  it('no spelling of a forbidden name passes, whatever Connection says', () => {
    fc.assert(
      fc.property(
        fc.array(forged, { minLength: 1, maxLength: 8 }),
        fc.array(forged, { maxLength: 3 }),
        (names, named) => {
          const list = [
            ...names.flatMap((name) => [name, 'FORGED']),
            'Connection',
            ['keep-alive', ...named].join(', '),
          ]
          const out = rules.forRequest(list, facts, {
            ...unchanged,
            setRequest: ['x-gatehouse-user', 'usr_1'],
          })
          expect(out.join('\n')).not.toContain('FORGED')
          expect(valuesOf(out, 'x-gatehouse-user')).toEqual(['usr_1'])
          expect(valuesOf(out, 'x-forwarded-for')).toEqual(['198.51.100.7'])
          expect(valuesOf(out, 'x-forwarded-proto')).toEqual(['https'])
          expect(valuesOf(out, 'x-forwarded-port')).toEqual(['443'])
        },
      ),
      { numRuns: 3_000, seed: 1 },
    )
  })

  it('everything else passes in its order, byte for byte', () => {
    const name = fc.constantFrom(
      'Accept',
      'X-Custom',
      'x-custom',
      'User-Agent',
      'If-None-Match',
      'traceparent',
      'Range',
      'Origin',
    )
    const value = fc.string({
      unit: fc
        .integer({ min: 0x20, max: 0xff })
        .filter((code) => code < 0x7f || code > 0x9f)
        .map((code) => String.fromCharCode(code)),
    })
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 12 }), (list) => {
        const out = rules.forRequest(list.flat(), facts, unchanged)
        expect(pairs(out).slice(1, 1 + list.length)).toEqual(list)
        expect(pairs(out)[0]).toEqual(['Host', 'app.example'])
      }),
      { numRuns: 1_000, seed: 2 },
    )
  })

  it('our names replace every spelling of theirs', () => {
    fc.assert(
      fc.property(spelled('x-app-token'), (name) => {
        const out = rules.forRequest([name, 'FORGED'], facts, {
          ...unchanged,
          setRequest: ['x-app-token', 'ours'],
        })
        expect(out).not.toContain('FORGED')
        expect(valuesOf(out, 'x-app-token')).toEqual(['ours'])
      }),
    )
  })

  it('names of people travel as UTF-8', () => {
    const out = rules.forRequest([], facts, {
      ...unchanged,
      setRequest: ['x-gatehouse-email', 'zo\u00eb@\u4f8b.example'],
    })
    expect(Buffer.from(valuesOf(out, 'x-gatehouse-email')[0]!, 'latin1').toString('utf8')).toBe(
      'zo\u00eb@\u4f8b.example',
    )
  })

  it('claims of the client\u2019s address are overwritten, not added', () => {
    const out = rules.forRequest(['CF-Connecting-IP', '10.0.0.1', 'x_real_ip', '10.0.0.1'], facts, unchanged)
    expect(valuesOf(out, 'cf-connecting-ip')).toEqual(['198.51.100.7'])
    expect(out.join()).not.toContain('10.0.0.1')
    expect(valuesOf(out, 'true-client-ip')).toEqual([])
  })

  it('Forwarded is well formed for IPv6 and ports', () => {
    const client = parseAddress('2001:db8::1')!
    const out = rules.forRequest([], { ...facts, client, host: 'app.example:8443', secure: false }, unchanged)
    expect(valuesOf(out, 'forwarded')).toEqual(['for="[2001:db8::1]";host="app.example:8443";proto=http'])
    expect(valuesOf(out, 'x-forwarded-port')).toEqual(['8443'])
  })

  it('observed requests ask for an uncompressed answer, once', () => {
    const out = rules.forRequest(
      ['Accept-Encoding', 'br', 'accept-encoding', 'gzip'],
      { ...facts, observed: true },
      unchanged,
    )
    expect(valuesOf(out, 'accept-encoding')).toEqual(['identity'])
  })

  it('a cookie of the judge\u2019s takes the client\u2019s place, through the same filter', () => {
    const out = rules.forRequest(['Cookie', 'sid=old; a=1'], facts, {
      ...unchanged,
      setRequest: ['cookie', 'sid=new; gatehouse=x; a=1'],
    })
    expect(valuesOf(out, 'cookie')).toEqual(['sid=new; a=1'])
  })
})

describe('cookies on their way to the application', () => {
  const mark = fc.constantFrom('', ' ', '\t', '\xa0', '\x85', '[', '.', '_', '"', "'")
  const companion = fc
    .constantFrom(
      'gatehouse',
      '__host-gatehouse',
      '__secure-gatehouse',
      'gatehouse-admin',
      '__host-gatehouse-admin',
    )
    .chain(spelled)

  it('no spelling of the companion passes, wherever it stands', () => {
    const pair = fc.oneof(
      fc.tuple(mark, companion, mark, mark).map(([a, name, b, c]) => `${a}${name}${b}=${c}SECRET`),
      companion.map((name) => `=${name}=SECRET`),
      fc.constantFrom('a=1', 'b', '', 'c="x', 'gatehouses=ok'),
    )
    fc.assert(
      fc.property(fc.array(fc.array(pair, { maxLength: 5 }), { minLength: 1, maxLength: 3 }), (lines) => {
        const list = lines.flatMap((line) => ['Cookie', line.join(';')])
        const [cookie = ''] = valuesOf(rules.forRequest(list, facts, unchanged), 'cookie')
        expect(cookie).not.toContain('SECRET')
        const kept = lines.flat().filter((text) => text !== '' && !text.includes('SECRET'))
        expect(
          cookie
            .split(';')
            .map((text) => text.trim())
            .filter((text) => text !== ''),
        ).toEqual(kept)
      }),
      { numRuns: 3_000, seed: 4 },
    )
  })

  it('the cookies of console and portal stay here too, however the companion is called', () => {
    const other = createHeaderRules('door')
    const theirs =
      'gatehouse-admin=A; __Host-gatehouse-admin=B; gatehouse-portal=C; __Host-gatehouse-portal=D'
    const list = ['Cookie', `${theirs}; door=E; door-step=F; doors=e`]
    expect(valuesOf(other.forRequest(list, facts, unchanged), 'cookie')).toEqual(['doors=e'])
    const tossed = ['gatehouse-admin=tossed; Path=/', '__Host-gatehouse-portal=tossed; Path=/']
    const set = [...tossed, 'doors=f'].flatMap((line) => ['Set-Cookie', line])
    expect(valuesOf(other.forResponse(set, 200, { setCookies: [] }), 'set-cookie')).toEqual(['doors=f'])
  })

  it('only the true spelling of a credential passes, and none when it is dropped', () => {
    fc.assert(
      fc.property(spelled('sid'), (name) => {
        const [cookie] = valuesOf(rules.forRequest(['Cookie', `${name}=1; z=2`], facts, unchanged), 'cookie')
        expect(cookie).toBe(name === 'sid' ? 'sid=1; z=2' : 'z=2')
        const dropped = rules.forRequest(['Cookie', `${name}=1; z=2`], facts, {
          ...unchanged,
          dropCookies: ['sid'],
        })
        expect(valuesOf(dropped, 'cookie')).toEqual(['z=2'])
      }),
    )
  })

  it('without any cookie left there is no header', () => {
    expect(valuesOf(rules.forRequest(['Cookie', 'gatehouse=x'], facts, unchanged), 'cookie')).toEqual([])
  })
})

describe('response headers', () => {
  it('no spelling of the companion is set by the application', () => {
    const names = ownBeginnings('gatehouse')
    fc.assert(
      fc.property(spelled('__host-gatehouse'), fc.constantFrom('', ' ', '=', ' = ', '\t'), (name, before) => {
        expect(setsOwnCookie(`${before}${name}=x; Path=/`, names)).toBe(true)
        const out = rules.forResponse(
          ['Set-Cookie', `${before}${name}=x; Path=/`, 'Set-Cookie', 'sid=1'],
          200,
          { setCookies: [] },
        )
        expect(valuesOf(out, 'set-cookie')).toEqual(['sid=1'])
      }),
    )
    expect(setsOwnCookie('sid=gatehouse', names)).toBe(false)
    expect(setsOwnCookie('gatehouse2=1', names)).toBe(false)
  })

  it('hop-by-hop and what Connection names stop here; content, cookies and location cannot be named away', () => {
    const out = rules.forResponse(
      [
        'Connection',
        'x-a, set-cookie, content-type, location',
        'X-A',
        '1',
        'X-B',
        '2',
        'Set-Cookie',
        'a=1',
        'Content-Type',
        'text/plain',
        'Transfer-Encoding',
        'chunked',
        'Upgrade',
        'h2c',
      ],
      200,
      { setCookies: [] },
    )
    expect(out).toEqual(['X-B', '2', 'Set-Cookie', 'a=1', 'Content-Type', 'text/plain'])
  })

  it('an answer that carries a cookie of ours may not be cached', () => {
    const out = rules.forResponse(['Cache-Control', 'public, max-age=9', 'Expires', 'x'], 200, {
      setCookies: ['gatehouse=x'],
    })
    expect(out).toEqual(['Cache-Control', 'no-store', 'Set-Cookie', 'gatehouse=x'])
  })

  it('what is set takes the place of what the application says, and what only the gateway says is nobody else’s', () => {
    const said = [
      'X-Gatehouse-Decision',
      'verdict=permit',
      'Cache-Control',
      'public',
      'Expires',
      'x',
      'X-B',
      '2',
    ]
    expect(rules.forResponse(said, 200, { setCookies: [] })).toEqual(said.slice(2))
    const setResponse = ['Cache-Control', 'no-store', 'X-Gatehouse-Decision', 'ours']
    const out = rules.forResponse(said, 200, { setCookies: ['a=1'], setResponse })
    expect(out).toEqual(['X-B', '2', ...setResponse, 'Set-Cookie', 'a=1'])
  })

  it('a 204 has no length', () =>
    expect(rules.forResponse(['Content-Length', '5'], 204, { setCookies: [] })).toEqual([]))
})
