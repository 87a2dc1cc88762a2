/**
 * Goal: what an application says names exactly one person, or nobody.
 * Method: answers with missing, mistyped and repeated fields, and duplicate keys found against a slow oracle.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hasDuplicateKeys, parseStrictJson, readIdentity } from '../../gateway/identity/json-claims.ts'
import { upstreamSchema } from '../../runtime/config-upstream.ts'

const rulesOf = (introspection: object) =>
  upstreamSchema.parse({
    id: 'app',
    name: 'App',
    url: 'http://127.0.0.1:1',
    identity: {
      cookies: ['sid'],
      signInPage: '/in',
      introspection: { path: '/me', kindField: 'kind', practices: 'in', ...introspection },
    },
  }).identity!.introspection!
const rules = rulesOf({})
const good = {
  id: 7,
  kind: 'staff',
  email: 'a@b.test',
  name: 'Ann',
  in: [{ id: 'one', roles: ['x'] }, 'two'],
}

describe('an identity', () => {
  test('is read from the configured fields', () => {
    expect(readIdentity(good, rules, null)).toEqual({
      appUser: '7',
      kind: 'staff',
      name: 'Ann',
      email: 'a@b.test',
      practices: [
        { id: 'one', roles: ['x'] },
        { id: 'two', roles: [] },
      ],
      amr: [],
    })
    const deep = rulesOf({ user: 'who.id', kindField: null, practices: null, roles: 'who.roles' })
    expect(readIdentity({ who: { id: 'u', roles: 'r' } }, deep, 'only')).toMatchObject({
      appUser: 'u',
      practices: [{ id: 'only', roles: ['r'] }],
    })
    expect(readIdentity({ ...good, kind: 'patient' }, rules, null)?.kind).toBe('patient')
  })

  test('is none where a field that counts is missing or of another type', () => {
    const bad = [
      null,
      [],
      'x',
      { ...good, id: undefined },
      { ...good, id: '' },
      { ...good, id: 1.5 },
      { ...good, id: ['7'] },
      { ...good, id: 'a\nb' },
      { ...good, kind: undefined },
      { ...good, kind: true },
      { ...good, email: 5 },
      { ...good, email: 'a\r\nb' },
      { ...good, in: 'one' },
      { ...good, in: [{ roles: [] }] },
      { ...good, in: ['one', 'one'] },
      { ...good, in: [{ id: 'one', roles: 5 }] },
    ]
    for (const body of bad) expect([body, readIdentity(body as never, rules, null)]).toEqual([body, null])
  })

  test('fields of a prototype are no fields', () => {
    expect(readIdentity({ kind: 'staff' }, rulesOf({ user: 'constructor.name' }), null)).toBeNull()
  })
})

describe('duplicate keys', () => {
  test('are found wherever they are, however they are spelled', () => {
    for (const text of [
      '{"a":1,"a":2}',
      '{"x":{"a":1,"a":2}}',
      '[{"a":1},{"b":1,"b":1}]',
      '{"id":1,"\\u0069d":2}',
      '{"a":[1,{"c":1}],"a":1}',
    ])
      expect([text, parseStrictJson(Buffer.from(text))]).toEqual([text, undefined])
  })

  test('are not seen where there are none', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value)
        expect(hasDuplicateKeys(text)).toBe(false)
        expect(JSON.stringify(parseStrictJson(Buffer.from(text)))).toBe(text)
      }),
      { seed: 3, numRuns: 300 },
    )
  })

  test('broken JSON and broken UTF-8 are nothing', () => {
    for (const bytes of [Buffer.from('{'), Buffer.from(''), Buffer.from([0x22, 0xff, 0x22])])
      expect(parseStrictJson(bytes)).toBeUndefined()
  })
})
