/**
 * Goal: a file of entries does exactly what it says, twice the same, and an export imports as nothing.
 * Method: random lists written and planned (property), neighbours against comparing each with each, lines by hand.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { writeEntries } from '../../../admin/ip-list/entry-csv.ts'
import { planImport } from '../../../admin/ip-list/entry-import.ts'
import { neighboursOf } from '../../../admin/ip-list/range-nesting.ts'
import { parseRange, rangeContains, rangeText } from '../../../policies/address.ts'
import type { IpEntry, PolicyDocument } from '../../../policies/document.ts'
import { newDocument } from '../../../policies/standard-roles.ts'
import { plainMember } from '../../support/plain-member.ts'

const at = Date.parse('2026-12-01T12:00:00Z')
const empty = newDocument({ id: 'lakeside', name: 'Lakeside', zone: 'America/Chicago' }, 'standard')
const withEntries = (ipEntries: readonly IpEntry[]): PolicyDocument => ({
  ...empty,
  ipEntries: [...ipEntries],
})
const members = [plainMember('usr_fred', ['front-desk'], { login: 'fred@lakeside.example' })]
const deed = { at, by: 'Nora', newId: (line: number) => `ipe_new${line}` }
const plan = (csv: string, entries: readonly IpEntry[] = [], confirmWide = false) =>
  planImport(csv, { document: withEntries(entries), members, confirmWide }, deed)

const range = fc
  .oneof(
    fc.tuple(fc.ipV4(), fc.integer({ min: 17, max: 32 })),
    fc.tuple(fc.ipV6(), fc.integer({ min: 33, max: 128 })),
  )
  .map(([text, prefix]) => parseRange(`${text}/${prefix}`))
  .filter((parsed) => parsed !== null)
  .map((parsed) => rangeText(parsed.range))
const label = fc
  .string({ minLength: 1, maxLength: 80 })
  .map((text) => text.trim())
  .filter((text) => text !== '')
const anyEntry: fc.Arbitrary<IpEntry> = fc.record({
  id: fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/),
  range,
  label,
  audience: fc.constantFrom<IpEntry['audience'][]>('practice', { role: 'owner' }, { user: 'usr_gone' }),
  on: fc.boolean(),
  expiresAt: fc.option(fc.integer({ min: 0, max: 2 ** 42 })),
  note: fc.string({ maxLength: 60 }),
  createdBy: fc.constant('Somebody'),
  createdAt: fc.integer({ min: 0, max: at }),
})
const anyList = fc.uniqueArray(anyEntry, { selector: ({ id }) => id, maxLength: 12 })

test('an export imports as nothing, and into an empty list as the same entries', () => {
  fc.assert(
    fc.property(anyList, (entries) => {
      const csv = writeEntries(entries)
      const again = plan(csv, entries)
      expect(again).toMatchObject({ problems: [], adds: [], changes: [], duplicates: [] })
      expect(again.unchanged).toBe(entries.length)
      expect(again.document.ipEntries).toEqual(entries)
      const served = entries.filter(({ audience }) => audience === 'practice' || 'role' in audience)
      const restored = plan(writeEntries(served)).document.ipEntries
      const places = new Set(served.map((one) => `${one.range} ${JSON.stringify(one.audience)}`))
      expect(restored).toHaveLength(places.size)
      for (const { createdBy, createdAt, ...one } of restored) {
        expect([createdBy, createdAt]).toEqual(['Nora', at])
        expect(served).toContainEqual(expect.objectContaining(one))
      }
    }),
    { numRuns: 150 },
  )
})

test('a second time the same file changes nothing', () => {
  fc.assert(
    fc.property(anyList, anyList, (before, wished) => {
      const csv = writeEntries(wished.filter(({ audience }) => audience === 'practice'))
      const first = plan(csv, before)
      const second = plan(csv, first.document.ipEntries)
      expect(second).toMatchObject({ adds: [], changes: [] })
      expect(second.document.ipEntries).toEqual(first.document.ipEntries)
    }),
    { numRuns: 150 },
  )
})

test('neighbours are those that comparing each with each finds', () => {
  const near = fc
    .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 24, max: 32 }), fc.boolean())
    .map(([last, prefix, six]) =>
      rangeText(
        parseRange(six ? `2001:db8::${last}/${96 + prefix}` : `198.51.100.${last}/${prefix}`)?.range as never,
      ),
    )
  const contains = (outer: string, inner: string): boolean => {
    const [wide, narrow] = [parseRange(outer)?.range, parseRange(inner)?.range]
    if (wide === undefined || narrow === undefined || wide.family !== narrow.family) return false
    return wide.prefix <= narrow.prefix && rangeContains(wide, { ...narrow, text: '' })
  }
  fc.assert(
    fc.property(fc.array(near, { maxLength: 12 }), (ranges) => {
      const all = ranges.map((text, place) => ({ id: `e${place}`, label: text, range: text }))
      const found = neighboursOf(all, all)
      for (const one of all) {
        const { around, inside } = found.get(one.id) ?? {}
        const outer = all.filter(({ id, range: other }) => id !== one.id && contains(other, one.range))
        const inner = all.filter(({ range: other }) => other !== one.range && contains(one.range, other))
        const nearest = Math.max(...outer.map(({ range: other }) => Number(other.split('/')[1])))
        expect(around === null).toBe(outer.length === 0)
        if (around != null) expect(Number(around.range.split('/')[1])).toBe(nearest)
        expect(inside === null).toBe(inner.length === 0)
        if (inside != null) expect(inner).toContainEqual(inside)
      }
    }),
    { numRuns: 300 },
  )
})

test('every line with something wrong is named with its column, and then nothing is done', () => {
  const csv = [
    'range,label,audience,on,expires,note,id',
    '203.0.113.5,Office,,,,,',
    'office,,role:wizard,perhaps,tomorrow,,ä',
    '10.0.0.0/8,VPN,user:nobody,,,,',
    '0.0.0.0/0,All,all,,,,',
    `192.0.2.1,x,,,,${'n'.repeat(501)},`,
    '192.0.2.2,One,,,,,same',
    '192.0.2.3,Two,,,,,same',
  ].join('\n')
  const { problems, adds, document } = plan(csv)
  expect(problems.map(({ line, column }) => `${line} ${column}`)).toEqual([
    ...['3 id', '3 range', '3 label', '3 audience', '3 on', '3 expires'],
    ...['4 range', '4 audience', '5 range', '5 audience', '6 note', '8 id'],
  ])
  expect(adds).toEqual([])
  expect(document.ipEntries).toEqual([])
  expect(plan('range,label\n10.0.0.0/8,VPN', [], true).adds).toHaveLength(1)
})

test('people are named by their sign-in name or id, roles by id or name, and host bits and expiry are told', () => {
  const { adds, overlaps } = plan(
    [
      'label;range;audience;expires',
      'Home;198.51.100.7;User: FRED@lakeside.example;',
      'Desk;198.51.100.77/24;role:front desk;2026-12-01T13:00:00+01:00',
      'Lab;2001:db8::1;user:usr_fred;2026-12-24T18:00:00Z',
    ].join('\r\n'),
  )
  expect(adds.map(({ entry }) => [entry.range, entry.audience, entry.expiresAt])).toEqual([
    ['198.51.100.7/32', { user: 'usr_fred' }, null],
    ['198.51.100.0/24', { role: 'front-desk' }, at],
    ['2001:db8::/64', { user: 'usr_fred' }, Date.parse('2026-12-24T18:00:00Z')],
  ])
  expect(adds[1]?.notes).toEqual([
    'Saved as 198.51.100.0/24: the network that 198.51.100.77/24 lies in.',
    'It has expired already: it lets nobody in.',
  ])
  expect(overlaps).toEqual([
    { line: 2, sentence: '198.51.100.7/32 lies within "Desk" (198.51.100.0/24).' },
    { line: 3, sentence: '198.51.100.0/24 contains "Home" (198.51.100.7/32).' },
  ])
})
