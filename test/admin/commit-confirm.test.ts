/**
 * Goal: what can refuse somebody holds ten minutes unless confirmed from where it lets its confirmer pass; one settles it.
 * Method: edits, confirmations and jobs on a real database under a clock that steps; records opened as gateways do.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { confirmPolicy, readConfirmation, revertOverdue, revertPolicy } from '../../admin/commit-confirm.ts'
import { compiledPoliciesOf } from '../../admin/compiled-policies.ts'
import { createJobs } from '../../admin/jobs.ts'
import { editPolicy, type PolicyEdit } from '../../admin/policy-edit.ts'
import { buildRecord } from '../../admin/signed-records.ts'
import { listEvents } from '../../admin/store/events.ts'
import { readPolicy } from '../../admin/store/practices.ts'
import { readCompiled } from '../../policies/compile.ts'
import type { PolicyDocument } from '../../policies/document.ts'
import { policyRecordSchema } from '../../runtime/records.ts'
import { createVerifier, openRecord } from '../../runtime/signing.ts'
import {
  createListeningLog,
  createPracticeStore,
  north,
  type PracticeStore,
  south,
} from './practice-store.ts'

const tenMinutes = 600_000
const office = '203.0.113.5'
const cafe = '198.51.100.7'

let plane: PracticeStore
beforeEach(async () => {
  plane = await createPracticeStore()
})
afterEach(() => plane?.close())

const deedFrom = (address: string) => plane.deed({ address })
const edit = (change: PolicyEdit['change'], more: Partial<PolicyEdit> = {}) =>
  editPolicy(plane.store, { practice: north, ifRevision: null, deed: deedFrom(office), change, ...more })

const officeOnly = (document: PolicyDocument): PolicyDocument => ({
  ...document,
  ipEntries: [
    {
      ...{ id: 'office', range: '203.0.113.0/24', label: 'Office', audience: 'practice', on: true },
      ...{ expiresAt: null, note: '', createdBy: 'First admin', createdAt: 0 },
    },
  ],
  controls: { ...document.controls, ip: { ...document.controls.ip, mode: 'enforce' } },
})
const preset = {
  action: 'preset.applied',
  target: { kind: 'preset', id: 'office-only', name: 'Office only' },
}
const contact =
  (text: string) =>
  (document: PolicyDocument): PolicyDocument => ({
    ...document,
    requests: { ...document.requests, contact: text },
  })

const saveRisky = async (more: Partial<PolicyEdit> = {}) => {
  const outcome = await edit(officeOnly, { ...preset, ...more })
  if (outcome.outcome !== 'saved') throw new Error(outcome.outcome)
  return outcome
}
const current = async (practice = north) => (await plane.store.read((rows) => readPolicy(rows, practice)))!
const mode = async (practice = north) => (await current(practice)).document.controls.ip.mode
const newest = async (practice = north) =>
  (await plane.store.read((rows) => listEvents(rows, { practice }, { countMax: 1, before: null })))[0]
const settling = (revision: number, address = office) => ({
  ...{ practice: north, revision, deed: deedFrom(address) },
})
const seen = (address = office) =>
  plane.store.read((rows) => readConfirmation(rows, north, deedFrom(address)))
const tools = () => ({ signer: plane.signer, compiled: compiledPoliciesOf(plane.store) })
const record = async () => {
  const asked = { kind: 'policy', part: north } as const
  const { built } = await plane.store.read((rows) => buildRecord(rows, tools(), asked, plane.clock.now()))
  const verifier = createVerifier(plane.signer.publicKey)
  return openRecord(verifier!, built!.key, built!.text, policyRecordSchema)!.value
}

test('what refuses nobody is saved for good; what can has a deadline, in the record with its predecessor too', async () => {
  expect(await edit(contact('555 0100'))).toMatchObject({ outcome: 'saved', confirmBy: null })
  expect(await record()).toMatchObject({ confirmBy: null, predecessor: null })
  const at = plane.clock.now()
  const saved = await saveRisky()
  expect(saved.confirmBy).toBe(at + tenMinutes)
  const { confirmBy, compiled, predecessor } = await record()
  expect(confirmBy).toBe(at + tenMinutes)
  expect(readCompiled(compiled)?.document.controls.ip.mode).toBe('enforce')
  expect(readCompiled(predecessor)?.document.controls.ip.mode).toBe('off')
  expect(await newest()).toMatchObject({
    action: 'preset.applied',
    after: { 'to be confirmed by': new Date(at + tenMinutes).toISOString() },
  })
})

test('while it waits every other edit is refused with the deadline, in this practice only', async () => {
  const { confirmBy, revision } = await saveRisky()
  expect(await edit(contact('555 0100'))).toMatchObject({
    outcome: 'confirmation-pending',
    waiting: { revision, confirmBy, authorName: 'First admin' },
  })
  expect(await edit(contact('555 0100'), { practice: south })).toMatchObject({ outcome: 'saved' })
})

test('confirmed from an address that it allows it holds for good, as a revision of its own', async () => {
  const { revision } = await saveRisky()
  expect(await seen()).toMatchObject({ state: 'waiting', name: 'Office only', refused: null })
  plane.clock.advance(tenMinutes - 1)
  const kept = await confirmPolicy(plane.store, settling(revision))
  expect(kept).toMatchObject({ outcome: 'settled', revision: revision + 1 })
  expect(await newest()).toMatchObject({
    ...{ action: 'policy.confirmed', policyVersion: revision + 1 },
    target: { kind: 'revision', id: String(revision), name: 'Office only' },
  })
  plane.clock.advance(tenMinutes)
  expect(await revertOverdue(plane.store, plane.clock.now())).toEqual([])
  expect(await mode()).toBe('enforce')
  expect(await record()).toMatchObject({ revision: revision + 1, confirmBy: null, predecessor: null })
  expect(await seen()).toBeNull()
})

test('from elsewhere, without an address, or by a machine it is not confirmed; from elsewhere it can be taken back', async () => {
  const { revision } = await saveRisky()
  expect(await seen(cafe)).toMatchObject({ refused: `${cafe} is not on the allowlist` })
  const system = { kind: 'system', id: 'gatehouse', name: 'Gatehouse' } as const
  for (const deed of [deedFrom(cafe), plane.deed(), plane.deed({ actor: system, address: office })])
    expect(await confirmPolicy(plane.store, { practice: north, revision, deed })).toMatchObject({
      outcome: 'refused',
    })
  expect(await revertPolicy(plane.store, settling(revision, cafe))).toMatchObject({ outcome: 'settled' })
  expect(await mode()).toBe('off')
  expect(await seen()).toMatchObject({
    state: 'reverted',
    sentence: expect.stringMatching(/^Office only was switched off at \d\d:\d\d by First admin\.$/),
    changes: expect.arrayContaining(['IP restrictions: off → enforce']),
  })
})

test('an overridden lockout waits like any other, and cannot be confirmed by whom it shuts out', async () => {
  const typedName = 'Practice north'
  const { revision, confirmBy } = await saveRisky({ deed: deedFrom(cafe), typedName })
  expect(confirmBy).not.toBeNull()
  expect((await newest())?.after).toMatchObject({ 'lockout guard': 'overridden' })
  expect(await confirmPolicy(plane.store, settling(revision, cafe))).toMatchObject({ outcome: 'refused' })
})

test('at the deadline nobody can confirm; the job takes it back, loudly, once, however late it comes', async () => {
  const { revision } = await saveRisky()
  const before = (await current()).document
  plane.clock.advance(tenMinutes)
  expect(await confirmPolicy(plane.store, settling(revision))).toMatchObject({ outcome: 'overdue' })
  expect(await edit(contact('555 0100'))).toMatchObject({ outcome: 'confirmation-pending' })
  plane.clock.advance(2 * tenMinutes)
  const log = createListeningLog()
  let kicks = 0
  const { store, signer, clock } = plane
  const jobs = createJobs({ store, signer, reports: null, log, now: clock.now, kick: () => (kicks += 1) })
  expect(await jobs.revert()).toBe(1)
  expect(await jobs.revert()).toBe(0)
  expect(kicks).toBe(1)
  expect(log.lines).toMatchObject([{ level: 'warn', fields: { practice: north } }])
  expect(await current()).toMatchObject({
    revision: revision + 1,
    document: { ...before, ipEntries: [], controls: { ip: { mode: 'off' } } },
  })
  expect(await newest()).toMatchObject({
    ...{ action: 'policy.reverted', origin: 'auto', policyVersion: revision + 1 },
    ...{ actor: { kind: 'system' }, reason: 'nobody confirmed it within 10 minutes' },
    ...{ before: { 'controls.ip.mode': 'enforce' }, after: { 'controls.ip.mode': 'off' } },
  })
  expect(await seen()).toMatchObject({
    sentence: expect.stringMatching(
      /^Office only was switched off at \d\d:\d\d because nobody confirmed it\.$/,
    ),
  })
  expect(await edit(contact('555 0100'))).toMatchObject({ outcome: 'saved' })
  expect(await seen()).toBeNull()
})

test('of many who settle at once exactly one does, and the others learn that nothing waits', async () => {
  const { revision } = await saveRisky()
  const at = plane.clock.now() + tenMinutes
  const outcomes = await Promise.all([
    ...Array.from({ length: 4 }, () => confirmPolicy(plane.store, settling(revision))),
    ...Array.from({ length: 4 }, () => revertPolicy(plane.store, settling(revision))),
  ])
  const counts = Object.groupBy(outcomes, ({ outcome }) => outcome)
  expect([counts.settled?.length, counts['nothing-waits']?.length]).toEqual([1, 7])
  expect((await current()).revision).toBe(revision + 1)
  await editPolicy(plane.store, {
    ...{ practice: south, ifRevision: null, deed: deedFrom(office), change: officeOnly },
  })
  const planes = await Promise.all([1, 2, 3].map(() => revertOverdue(plane.store, at)))
  expect(planes.flat()).toEqual([south])
  expect(await mode(south)).toBe('off')
})

test('a clock that steps back takes nothing back and keeps the deadline', async () => {
  const { revision, confirmBy } = await saveRisky()
  plane.clock.advance(-3_600_000)
  expect(await revertOverdue(plane.store, plane.clock.now())).toEqual([])
  expect((await record()).confirmBy).toBe(confirmBy)
  expect(await confirmPolicy(plane.store, settling(revision))).toMatchObject({ outcome: 'settled' })
})
