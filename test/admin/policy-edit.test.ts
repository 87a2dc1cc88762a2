/**
 * Goal: an edit is saved whole with its event, or refused as data; nobody who must get in is shut out by accident.
 * Method: edits on a real database, with admins seen at known addresses.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { revertPolicy } from '../../admin/commit-confirm.ts'
import type { Deed } from '../../admin/deed.ts'
import { type EditOutcome, editPolicy, type PolicyEdit } from '../../admin/policy-edit.ts'
import { noteAddress } from '../../admin/store/address-use.ts'
import { listEvents } from '../../admin/store/events.ts'
import { listRevisions, readPolicy } from '../../admin/store/practices.ts'
import { listPending } from '../../admin/store/publications.ts'
import type { IpEntry, PolicyDocument } from '../../policies/document.ts'
import { createPracticeStore, north, type PracticeStore } from './practice-store.ts'

let plane: PracticeStore
beforeAll(async () => {
  plane = await createPracticeStore()
})
afterAll(() => plane?.close())

const entry = (id: string, range: string, change: Partial<IpEntry> = {}): IpEntry => ({
  id,
  range,
  label: `Network ${id}`,
  audience: 'practice',
  on: true,
  expiresAt: null,
  note: '',
  createdBy: 'First admin',
  createdAt: plane.clock.now(),
  ...change,
})

const edit = (change: PolicyEdit['change'], more: Partial<PolicyEdit> = {}): Promise<EditOutcome> =>
  editPolicy(plane.store, { practice: north, ifRevision: null, deed: plane.deed(), change, ...more })

const withEntries = (
  document: PolicyDocument,
  entries: readonly IpEntry[],
  mode: 'off' | 'monitor' | 'enforce' = 'enforce',
) => ({
  ...document,
  ipEntries: [...entries],
  controls: { ...document.controls, ip: { ...document.controls.ip, mode } },
})

const current = async () => {
  const saved = await plane.store.read((rows) => readPolicy(rows, north))
  if (saved === null) throw new Error('no policy')
  return saved
}

/** Back to the first document, whatever the test before left, confirmed or not. */
beforeEach(async () => {
  const { revision } = await current()
  await revertPolicy(plane.store, { practice: north, revision, deed: plane.deed() })
  const first = await plane.store.read((rows) => readPolicy(rows, north, 1))
  if (first !== null) await edit(() => first.document, { typedName: first.document.practice.name })
})

const asUser = (user: string, address: string): Partial<PolicyEdit> => ({
  deed: plane.deed({ actor: { kind: 'user', id: user, name: user }, address }) satisfies Deed,
})

test('a saved edit has its revision, its event with what changed, and its outbox row', async () => {
  const before = await current()
  const outcome = await edit(
    (document) => withEntries(document, [entry('office', '203.0.113.0/24')], 'off'),
    {
      ifRevision: before.revision,
      action: 'ip-entry.added',
      target: { kind: 'ip-entry', id: 'office', name: 'Office' },
    },
  )
  expect(outcome).toMatchObject({ outcome: 'saved', revision: before.revision + 1 })
  expect((await current()).document.ipEntries).toHaveLength(1)
  const [event] = await plane.store.read((rows) =>
    listEvents(rows, { practice: north }, { countMax: 1, before: null }),
  )
  expect(event).toMatchObject({
    action: 'ip-entry.added',
    policyVersion: before.revision + 1,
    before: {},
    after: { 'ipEntries[office]': { range: '203.0.113.0/24' } },
  })
  const pending = await plane.store.read((rows) => listPending(rows, 1_000))
  expect(pending.at(-1)).toMatchObject({
    kind: 'policy',
    part: north,
    id: 'announced' in outcome ? outcome.announced : 0,
  })
})

test('from an old revision: conflict with the current one, nothing saved', async () => {
  const { revision } = await current()
  const outcome = await edit((document) => withEntries(document, [entry('a', '203.0.113.0/24')], 'off'), {
    ifRevision: revision - 1,
  })
  expect(outcome).toEqual({ outcome: 'conflict', revision })
  expect((await current()).revision).toBe(revision)
})

test('ten edits from one revision at once: one is saved, nine see whose revision is current', async () => {
  const { revision } = await current()
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, (_, n) =>
      edit((document) => withEntries(document, [entry(`n${n}`, `203.0.113.${n}/32`)], 'off'), {
        ifRevision: revision,
      }),
    ),
  )
  expect(outcomes.filter(({ outcome }) => outcome === 'saved')).toHaveLength(1)
  expect(outcomes.filter((one) => one.outcome === 'conflict' && one.revision === revision + 1)).toHaveLength(
    9,
  )
  const revisions = await plane.store.read((rows) => listRevisions(rows, north, 2))
  expect(revisions.map((one) => one.revision)).toEqual([revision + 1, revision])
})

test('problems come all at once with their paths, from the schema and from the wish itself', async () => {
  const { revision } = await current()
  const bad = await edit((document) => ({
    ...withEntries(document, [entry('a', 'nonsense'), entry('b', '0.0.0.0/0')], 'off'),
  }))
  expect(bad.outcome === 'problems' && bad.problems.map(({ path }) => path)).toEqual([
    'ipEntries[0].range',
    'ipEntries[1].range',
  ])
  expect(
    await edit(() => ({ problems: [{ path: 'id', sentence: 'there is no such entry' }] })),
  ).toMatchObject({ outcome: 'problems' })
  const moved = await edit((document) => ({
    ...document,
    practice: { ...document.practice, id: 'elsewhere' },
  }))
  expect(moved).toMatchObject({ outcome: 'problems', problems: [{ path: 'practice.id' }] })
  expect((await current()).revision).toBe(revision)
})

test('an edit that changes nothing saves nothing; an unknown practice is an outcome', async () => {
  const { revision } = await current()
  expect(await edit((document) => structuredClone(document))).toMatchObject({
    outcome: 'unchanged',
    revision,
  })
  expect(await edit((document) => document, { practice: 'nowhere' })).toEqual({ outcome: 'unknown-practice' })
})

test('an own account that would shut itself out is told from where, and can type the name to go on', async () => {
  await plane.store.read((rows) => noteAddress(rows, 'adm_1', '2001:db8::7', plane.clock.now()))
  const office = (document: PolicyDocument) => withEntries(document, [entry('office', '203.0.113.0/24')])
  const here = { deed: plane.deed({ address: '198.51.100.7' }) }
  const risk = await edit(office, here)
  expect(risk).toMatchObject({
    outcome: 'lockout-risk',
    lockedOut: [
      { user: 'adm_1', address: '198.51.100.7', sentence: '198.51.100.7 is not on the allowlist' },
      { user: 'adm_1', address: '2001:db8::7' },
    ],
  })
  expect(await edit(office, { ...here, typedName: 'practice north' })).toMatchObject({
    outcome: 'lockout-risk',
  })
  expect(await edit(office, { ...here, typedName: 'Practice north' })).toMatchObject({ outcome: 'saved' })
  const [event] = await plane.store.read((rows) =>
    listEvents(rows, { practice: north }, { countMax: 1, before: null }),
  )
  expect(event?.after).toMatchObject({ 'lockout guard': 'overridden' })
})

test('monitor shuts nobody out, a listed address is safe, and an address not used for 30 days does not count', async () => {
  const elsewhere = {
    deed: plane.deed({ actor: { kind: 'admin', id: 'adm_2', name: 'Second' }, address: '203.0.113.5' }),
  }
  const list = (mode: 'monitor' | 'enforce') => (document: PolicyDocument) =>
    withEntries(document, [entry('office', '203.0.113.0/24')], mode)
  const far = { deed: { ...elsewhere.deed, address: '198.51.100.7' } }
  expect(await edit(list('monitor'), far)).toMatchObject({ outcome: 'saved' })
  await plane.store.read((rows) =>
    noteAddress(rows, 'adm_2', '198.51.100.9', plane.clock.now() - 31 * 86_400_000),
  )
  expect(await edit(list('enforce'), elsewhere)).toMatchObject({ outcome: 'saved' })
})

test('an expiry that would shut the admin out later is refused at save', async () => {
  const later = plane.clock.now() + 3_600_000
  const wish = (expiresAt: number | null) => (document: PolicyDocument) =>
    withEntries(document, [entry('office', '203.0.113.0/24', { expiresAt }), entry('other', '192.0.2.0/24')])
  const here = {
    deed: plane.deed({ actor: { kind: 'admin', id: 'adm_3', name: 'Third' }, address: '203.0.113.5' }),
  }
  expect(await edit(wish(later), here)).toMatchObject({
    outcome: 'lockout-risk',
    lockedOut: [
      { sentence: `from ${new Date(later).toISOString()} on, 203.0.113.5 is not on the allowlist` },
    ],
  })
  expect(await edit(wish(null), here)).toMatchObject({ outcome: 'saved' })
})

test('one more security admin must still pass, where one exists; the last role with the permission stays', async () => {
  const acting = await plane.signIn('acting', { address: '203.0.113.5' }, ['Owner'])
  const second = await plane.signIn('second', { address: '198.51.100.1' }, ['Owner'])
  const office = (document: PolicyDocument) => withEntries(document, [entry('office', '203.0.113.0/24')])
  const me = asUser(acting.user_id, '203.0.113.5')
  expect(await edit(office, me)).toMatchObject({
    outcome: 'lockout-risk',
    lockedOut: [{ user: second.user_id, name: 'SECOND', address: '198.51.100.1' }],
  })
  await plane.signIn('third', { address: '203.0.113.6' }, ['Owner'])
  expect(await edit(office, me)).toMatchObject({ outcome: 'saved' })
  const { revision } = await current()
  await revertPolicy(plane.store, { practice: north, revision, deed: plane.deed() })
  const stripped = await edit(
    (document) => ({ ...document, roles: document.roles.map((role) => ({ ...role, permissions: [] })) }),
    { typedName: 'Practice north' },
  )
  expect(stripped).toEqual({ outcome: 'last-security-admin' })
})

test('hours that exclude this very moment are a risk too', async () => {
  const outcome = await edit(
    (document) => ({
      ...document,
      timeWindows: [
        {
          id: 'night',
          label: null,
          audience: 'practice',
          days: ['mon'],
          start: '22:00',
          end: '23:00',
          zone: null,
          validFrom: null,
          validTo: null,
          insteadOfRoleHours: false,
        },
      ],
      controls: { ...document.controls, time: { ...document.controls.time, mode: 'enforce' } },
    }),
    { deed: plane.deed({ actor: { kind: 'admin', id: 'adm_4', name: 'Fourth' }, address: '203.0.113.5' }) },
  )
  const mine =
    outcome.outcome === 'lockout-risk' ? outcome.lockedOut.filter(({ user }) => user === 'adm_4') : []
  expect(mine.map(({ sentence }) => sentence)).toEqual(['is outside the approved hours'])
})
