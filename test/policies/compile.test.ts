/**
 * Goal: a document is either compiled whole or refused with everything that is wrong with it, in plain words.
 * Method: one mistake each, several at once, limits at and one past; what travels is read back equal or not at all.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compile, readCompiled } from '../../policies/compile.ts'
import type { PolicyDocument } from '../../policies/document.ts'
import { entry, exception, hours } from '../../policies/examples/story.ts'
import { loadSnapshot } from '../../policies/snapshot.ts'
import { newDocument } from '../../policies/standard-roles.ts'
import { addressOf, base, documents } from '../support/policy-cases.ts'

type Draft = PolicyDocument & Record<string, unknown>

const fresh = (change: (document: Draft) => void = () => {}): PolicyDocument => {
  const document = newDocument({ id: 'oak', name: 'Oak Dental', zone: 'America/Denver' }, 'standard')
  change(document as Draft)
  return document
}

const problemsOf = (document: unknown): readonly string[] => {
  const compiled = compile(document, base)
  return compiled.ok ? [] : compiled.problems.map(({ path, sentence }) => `${path}: ${sentence}`)
}

const wrong: readonly (readonly [string, (document: Draft) => void, string])[] = [
  ['an unknown key', (d) => Object.assign(d, { ipEntrys: [] }), 'Unrecognized key: "ipEntrys"'],
  ['a missing section', (d) => delete (d as Partial<Draft>).sessions, 'sessions: '],
  [
    'a zone that is none',
    (d) => Object.assign(d.practice, { zone: 'Denver' }),
    'practice.zone: not a time zone; write one like America/Denver',
  ],
  [
    'an offset for a zone',
    (d) => Object.assign(d.practice, { zone: '+07:00' }),
    'practice.zone: not a time zone',
  ],
  [
    'a range that is none',
    (d) => d.ipEntries.push(entry('Office', '203.0.113.300')),
    'ipEntries[0].range: not an address or range',
  ],
  [
    'every address there is',
    (d) => d.ipEntries.push(entry('All', '0.0.0.0/0')),
    'ipEntries[0].range: this range is every address',
  ],
  [
    'every IPv6 address',
    (d) => d.ipEntries.push(entry('All', '::/0')),
    'ipEntries[0].range: this range is every address',
  ],
  [
    'an entry without a label',
    (d) => d.ipEntries.push({ ...entry('x', '1.2.3.4'), label: ' ' }),
    'ipEntries[0].label: give it a name',
  ],
  [
    'two entries with one id',
    (d) => d.ipEntries.push(entry('a', '1.2.3.4'), entry('a', '1.2.3.5')),
    'ipEntries[1].id: the id a is already that of ipEntries[0]',
  ],
  [
    'an entry for no role',
    (d) => d.ipEntries.push(entry('a', '1.2.3.4', { audience: { role: 'nurse' } })),
    'ipEntries[0].audience.role: there is no role nurse',
  ],
  [
    'a window of no length',
    (d) => d.timeWindows.push(hours(['mon'], '08:00', '08:00')),
    'timeWindows[0].end: starts and ends at the same time: write 00:00 to 24:00 for all day',
  ],
  [
    'a window that starts at 24:00',
    (d) => d.timeWindows.push(hours(['mon'], '24:00', '08:00')),
    'timeWindows[0].start: a day starts at 00:00',
  ],
  [
    'a window at 25:00',
    (d) => d.timeWindows.push(hours(['mon'], '25:00', '08:00')),
    'timeWindows[0].start: write a time like 08:00',
  ],
  ['a window on no day', (d) => d.timeWindows.push(hours([], '08:00', '09:00')), 'timeWindows[0].days: '],
  [
    'a window valid backwards',
    (d) =>
      d.timeWindows.push(
        hours(['mon'], '08:00', '09:00', { validFrom: '2026-12-02', validTo: '2026-12-01' }),
      ),
    'timeWindows[0].validTo: the last day is before the first',
  ],
  [
    '"instead" for a role',
    (d) =>
      d.timeWindows.push(
        hours(['mon'], '08:00', '09:00', { audience: { role: 'owner' }, insteadOfRoleHours: true }),
      ),
    "timeWindows[0].insteadOfRoleHours: only a person's own window",
  ],
  [
    'a day that is none',
    (d) => d.exceptions.push(exception('closure', 'x', '2026-02-30')),
    'exceptions[0].from: write a date like 2026-12-24',
  ],
  [
    'a closure backwards',
    (d) => d.exceptions.push(exception('closure', 'x', '2026-12-25', { to: '2026-12-24' })),
    'exceptions[0].to: the last day is before the first',
  ],
  [
    'an unknown permission',
    (d) => d.roles[0]!.permissions.push('manage-refund'),
    'did you mean "manage-refunds"',
  ],
  [
    'two roles with one id',
    (d) => d.roles.push(d.roles[0]!),
    'roles[6].id: the id owner is already that of roles[0]',
  ],
  [
    'a scope of a role that is gone',
    (d) => Object.assign(d.controls.ip.scope, { include: { roles: ['nurse'], users: [] } }),
    'controls.ip.scope.include.roles[0]: there is no role nurse',
  ],
  [
    'an exempt role that is gone',
    (d) => d.controls.ip.scope.exempt.roles.push('nurse'),
    'controls.ip.scope.exempt.roles[0]: there is no role nurse',
  ],
  [
    'a scope of nobody',
    (d) =>
      Object.assign(d.controls.twoFactor, {
        mode: 'enforce',
        scope: { include: { roles: [], users: [] }, exempt: { roles: [], users: [] } },
      }),
    'controls.twoFactor.scope.include: nobody is chosen',
  ],
  [
    'restrictions with an empty list',
    (d) => Object.assign(d.controls.ip, { mode: 'enforce' }),
    'ipEntries: no address is listed',
  ],
  [
    'restrictions with every entry off',
    (d) => {
      d.controls.ip.mode = 'enforce'
      d.ipEntries.push(entry('a', '1.2.3.4', { on: false }))
    },
    'ipEntries: no address is listed',
  ],
  [
    'time windows with none',
    (d) => Object.assign(d.controls.time, { mode: 'monitor' }),
    'controls.time.scope: Hygienist is in scope of time windows and has none',
  ],
  ['a mode that is none', (d) => Object.assign(d.controls.ip, { mode: 'on' }), 'controls.ip.mode: '],
]

describe('a document is refused', () => {
  it.each(wrong)('for %s', (_, change, sentence) => {
    expect(problemsOf(fresh(change)).join('\n')).toContain(sentence)
  })

  it('with everything that is wrong at once, in sound and unsound sections', () => {
    const problems = problemsOf(
      fresh((document) => {
        Object.assign(document.requests, { standardMs: 1 })
        document.ipEntries.push(entry('a', '1.2.3'), entry('b', '1.2.3.4', { audience: { role: 'nurse' } }))
        document.timeWindows.push(hours(['mon'], '08:00', '08:00', { audience: { role: 'owner' } }))
        document.controls.time.mode = 'enforce'
        document.exceptions.push(exception('closure', 'x', '2026-12-25', { audience: { role: 'nurse' } }))
      }),
    )
    const paths = problems.map((problem) => problem.slice(0, problem.indexOf(':')))
    expect(paths).toEqual([
      'ipEntries[0].range',
      'timeWindows[0].end',
      'requests.standardMs',
      'exceptions[0].audience.role',
    ])
  })

  it.each([null, undefined, 3, 'x', [], {}, { schema: 2 }])('when it is %j', (value) => {
    expect(problemsOf(value).length).toBeGreaterThan(0)
  })

  it('one past each limit, and not at it', () => {
    const many = <T>(count: number, make: (at: number) => T): T[] =>
      Array.from({ length: count }, (_, at) => make(at))
    const cases: readonly (readonly [number, (document: Draft, count: number) => void])[] = [
      [
        100_000,
        (d, count) =>
          Object.assign(d, {
            ipEntries: many(count, (at) => ({
              ...entry('e', `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`),
              id: `e${at}`,
            })),
          }),
      ],
      [
        2_000,
        (d, count) =>
          Object.assign(d, {
            exceptions: many(count, (at) => ({ ...exception('closure', 'x', '2020-01-01'), id: `x${at}` })),
          }),
      ],
      [
        2_000,
        (d, count) =>
          Object.assign(d, {
            timeWindows: many(count, (at) => ({
              ...hours(['mon'], '08:00', '09:00', { validTo: '2020-01-01' }),
              id: `w${at}`,
            })),
          }),
      ],
      [
        200,
        (d, count) => Object.assign(d, { roles: many(count, (at) => ({ ...d.roles[0]!, id: `r${at}` })) }),
      ],
      [80, (d, count) => Object.assign(d.practice, { name: 'n'.repeat(count) })],
      [4 * 3_600_000, (d, count) => Object.assign(d.emergency, { lastsMs: count })],
      [30 * 86_400_000, (d, count) => Object.assign(d.controls.twoFactor, { rememberDeviceMs: count })],
      [90 * 86_400_000, (d, count) => Object.assign(d.controls.twoFactor, { graceMs: count })],
    ]
    for (const [limit, fill] of cases) {
      expect(problemsOf(fresh((document) => fill(document, limit))), String(limit)).toEqual([])
      expect(problemsOf(fresh((document) => fill(document, limit + 1))).length).toBeGreaterThan(0)
    }
  })
})

describe('a compiled policy', () => {
  it('travels as JSON and comes back equal', () => {
    fc.assert(
      fc.property(documents, (document) => {
        const compiled = compile(document, base, '2026c')
        if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
        expect(readCompiled(JSON.parse(JSON.stringify(compiled.value)))).toEqual(compiled.value)
        expect(compiled.value.tzdata).toBe('2026c')
      }),
      { numRuns: 40, seed: 8 },
    )
  })

  it('is refused with anything more, less or else', () => {
    const compiled = compile(
      fresh((document) => document.timeWindows.push(hours(['mon'], '08:00', '09:00'))),
      base,
    )
    if (!compiled.ok) throw new Error('compiles')
    const { value } = compiled
    const { tzdata: _, ...less } = value
    const [timeline] = value.timelines
    for (const bad of [
      null,
      [],
      less,
      { ...value, more: 1 },
      { ...value, schema: 2 },
      { ...value, knownUntil: '9' },
      { ...value, document: { ...value.document, more: 1 } },
      {
        ...value,
        document: { ...value.document, roles: [...value.document.roles, value.document.roles[0]] },
      },
      { ...value, timelines: [{ ...timeline, edges: [3, 1, 1] }] },
      { ...value, timelines: [{ ...timeline, layer: 'always' }] },
      { ...value, timelines: [{ ...timeline, audience: 'everyone' }] },
    ]) {
      expect(readCompiled(bad)).toBeNull()
    }
    expect(readCompiled(value)).toEqual(value)
  })

  it('keeps users with names of the language apart', () => {
    const document = fresh((draft) => {
      draft.controls.ip.mode = 'enforce'
      draft.ipEntries.push(entry('a', '203.0.113.9', { audience: { user: '__proto__' } }))
    })
    const compiled = compile(document, base)
    if (!compiled.ok) throw new Error('compiles')
    const snapshot = loadSnapshot(compiled.value, 1, new Map())
    expect(snapshot.userParts.get('__proto__')?.addresses.until(addressOf('203.0.113.9'))).toBeGreaterThan(
      base,
    )
    expect(snapshot.userParts.get('constructor')).toBeUndefined()
  })
})
