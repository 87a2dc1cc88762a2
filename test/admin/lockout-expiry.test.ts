/**
 * Goal: no save shuts the acting admin out later, when an entry or an approval ends, and none is refused for nothing.
 * Method: random lists, approvals and hours; the guard against a naive reading of every minute from now on (property).
 */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findLockedOut } from '../../admin/lockout.ts'
import type { Member } from '../../policies/access-request.ts'
import type { IpEntry, PolicyDocument, TimeWindow } from '../../policies/document.ts'
import { newDocument } from '../../policies/standard-roles.ts'
import { plainMember } from '../support/plain-member.ts'
import { createPracticeStore, north, type PracticeStore } from './practice-store.ts'

let plane: PracticeStore
beforeAll(async () => {
  plane = await createPracticeStore()
})
afterAll(() => plane?.close())

const minute = 60_000
/** Entries and approvals begin or end before `latest`; an approval that begins last ends before twice that. */
const latest = 80
const address = '203.0.113.7'

/** Networks around the address, on it, and elsewhere: whether one holds it is written down, not worked out. */
const networks: readonly (readonly [string, boolean])[] = [
  ['203.0.113.7/32', true],
  ['203.0.113.0/24', true],
  ['203.0.112.0/20', true],
  ['203.0.113.8/32', false],
  ['198.51.100.0/24', false],
]
const minutes = fc.integer({ min: 1, max: latest })
const anyEntry = fc.record({
  network: fc.constantFrom(...networks),
  audience: fc.constantFrom<IpEntry['audience'][]>(
    'practice',
    { role: 'owner' },
    { role: 'dentist' },
    { user: 'ann' },
  ),
  on: fc.boolean(),
  endsIn: fc.option(minutes),
})
type Wish = { readonly [K in 'network']: readonly [string, boolean] } & {
  readonly audience: IpEntry['audience']
  readonly on: boolean
  readonly endsIn: number | null
}
const anyGrant = fc.record({
  startsIn: fc.integer({ min: -20, max: latest }),
  lasts: minutes,
  holds: fc.boolean(),
})

const documentOf = (
  at: number,
  wishes: readonly Wish[],
  mode: 'off' | 'enforce',
  closed: boolean,
): PolicyDocument => {
  const first = newDocument({ id: north, name: 'North', zone: 'Europe/Berlin' }, 'standard')
  // Hours that are over, whenever this runs: a day long gone.
  const past: TimeWindow = {
    ...{
      id: 'w',
      label: null,
      audience: 'practice',
      days: ['mon'],
      start: '08:00',
      end: '09:00',
      zone: null,
    },
    ...{ validFrom: '2000-01-03', validTo: '2000-01-03', insteadOfRoleHours: false },
  }
  const ipEntries = wishes.map(({ network: [range], audience, on, endsIn }, place) => ({
    ...{ id: `e${place}`, range, label: `e${place}`, audience, on, note: '', createdBy: 'x', createdAt: 0 },
    expiresAt: endsIn === null ? null : at + endsIn * minute,
  }))
  // A list must hold something to be enforced.
  ipEntries.push({
    ...{ id: 'far', range: '192.0.2.1/32', label: 'far', audience: 'practice', on: true, note: '' },
    ...{ createdBy: 'x', createdAt: 0, expiresAt: null },
  })
  return {
    ...first,
    controls: {
      ...first.controls,
      ip: { ...first.controls.ip, mode },
      time: { ...first.controls.time, mode: closed ? 'enforce' : 'off' },
    },
    ipEntries,
    timeWindows: closed ? [past] : [],
  }
}

/** Whether the address is let in `after` minutes, read from the wishes alone. */
const isListed = (wishes: readonly Wish[], after: number): boolean =>
  wishes.some(
    ({ network: [, holds], audience, on, endsIn }) =>
      holds && on && (endsIn === null || after < endsIn) && JSON.stringify(audience) !== '{"role":"dentist"}',
  )

test('the guard finds exactly the saves after which a minute comes that shuts the admin out', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyEntry, { maxLength: 5 }),
      fc.array(anyEntry, { maxLength: 5 }),
      fc.array(anyGrant, { maxLength: 2 }),
      fc.boolean(),
      fc.boolean(),
      async (was, is, wishedGrants, wasEnforced, closed) => {
        const at = plane.clock.now()
        const grants = wishedGrants.map(({ startsIn, lasts, holds }, place) => ({
          ...{ id: `g${place}`, kind: 'ip' as const, range: holds ? '203.0.113.7/32' : '203.0.113.9/32' },
          ...{ startsAt: at + startsIn * minute, endsAt: at + (startsIn + lasts) * minute },
        }))
        const ann: Member = plainMember('ann', ['owner'], { grants })
        const before = documentOf(at, was, wasEnforced ? 'enforce' : 'off', closed)
        const after = documentOf(at, is, 'enforce', closed)
        const isGranted = (when: number): boolean =>
          wishedGrants.some(
            ({ startsIn, lasts, holds }) => holds && startsIn <= when && when < startsIn + lasts,
          )
        const shutOut = Array.from({ length: 2 * latest + 2 }, (_, when) => when).some(
          (when) => !isListed(is, when) && !isGranted(when) && (!wasEnforced || isListed(was, when)),
        )
        const actor = { kind: 'user' as const, id: 'ann', name: 'Ann' }
        const deed = plane.deed({ actor, address })
        const found = await plane.store.read((rows) =>
          findLockedOut(rows, { before, after, members: [ann], deed }),
        )
        expect(found.length > 0).toBe(shutOut)
      },
    ),
    { numRuns: 120 },
  )
})

test('one expiry among hundreds of others is not overlooked', async () => {
  const at = plane.clock.now()
  const others = Array.from({ length: 300 }, (_, place) => ({
    ...{ network: ['198.51.100.0/24', false] as const, audience: 'practice' as const, on: true },
    endsIn: place + 1,
  }))
  const office = {
    network: networks[0] as readonly [string, boolean],
    audience: 'practice' as const,
    on: true,
  }
  const before = documentOf(at, [{ ...office, endsIn: null }], 'enforce', false)
  const after = documentOf(at, [...others, { ...office, endsIn: 10_000 }], 'enforce', false)
  const actor = { kind: 'user' as const, id: 'ann', name: 'Ann' }
  const members = [plainMember('ann', ['owner'])]
  const found = await plane.store.read((rows) =>
    findLockedOut(rows, { before, after, members, deed: plane.deed({ actor, address }) }),
  )
  const then = new Date(at + 10_000 * minute).toISOString()
  expect(found.map(({ sentence }) => sentence)).toEqual([
    `from ${then} on, ${address} is not on the allowlist`,
  ])
})
