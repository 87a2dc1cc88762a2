/**
 * Goal: a second factor shuts no admin out who can show or set one up, and the guard says so where they cannot.
 * Method: the guard asked about two documents and members with and without a factor, with addresses in a real database.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findLockedOut } from '../../admin/lockout.ts'
import { noteAddress } from '../../admin/store/address-use.ts'
import type { FactorMethod, Member } from '../../policies/access-request.ts'
import type { PolicyDocument } from '../../policies/document.ts'
import { newDocument } from '../../policies/standard-roles.ts'
import { createPracticeStore, north, type PracticeStore } from './practice-store.ts'

let plane: PracticeStore
beforeAll(async () => {
  plane = await createPracticeStore()
})
afterAll(() => plane?.close())

type Mode = 'off' | 'monitor' | 'enforce'
const first = newDocument({ id: north, name: 'Practice north', zone: 'Europe/Berlin' }, 'standard')
const withModes = (ip: Mode, twoFactor: Mode, graceMs = 0): PolicyDocument => ({
  ...first,
  controls: {
    ...first.controls,
    ip: { ...first.controls.ip, mode: ip },
    twoFactor: { ...first.controls.twoFactor, mode: twoFactor, graceMs },
  },
  ipEntries: [
    {
      ...{ id: 'office', range: '203.0.113.0/24', label: 'Office', audience: 'practice', on: true },
      ...{ expiresAt: null, note: '', createdBy: 'First admin', createdAt: plane.clock.now() },
    },
  ],
})

const owner = (user: string, factors: readonly FactorMethod[], enrolBy: number | null = null): Member => ({
  ...{ user, name: user.toUpperCase(), login: user, email: null, roles: ['owner'], suspended: false },
  ...{ epoch: 0, factors, enrolBy, grants: [] },
})

/** Who would be shut out as `ann` saves `after` from an address. */
const lockedOut = async (
  after: PolicyDocument,
  members: readonly Member[],
  from: { readonly address: string; readonly actor?: 'admin'; readonly before?: PolicyDocument },
) => {
  const { address, before = withModes('off', 'off') } = from
  const actor =
    from.actor === 'admin'
      ? { kind: 'admin' as const, id: 'adm_1', name: 'First' }
      : { kind: 'user' as const, id: 'ann', name: 'ANN' }
  const found = await plane.store.read((rows) =>
    findLockedOut(rows, { before, after, members, deed: plane.deed({ actor, address }) }),
  )
  return found.map(({ user, sentence }) => `${user}: ${sentence}`)
}

const home = '198.51.100.7'
const needsOne = `ann: needs a second factor and has none; ${home} is not on the allowlist, so none can be set up there`

test('where every address may set one up, enforcing a second factor shuts nobody out', async () => {
  expect(await lockedOut(withModes('off', 'enforce'), [owner('ann', [])], { address: home })).toEqual([])
  const office = { address: '203.0.113.5' }
  expect(await lockedOut(withModes('enforce', 'enforce'), [owner('ann', [])], office)).toEqual([])
})

test('in monitor mode an unlisted address gets in, but sets nothing up: without a factor that is the end of it', async () => {
  const after = withModes('monitor', 'enforce')
  expect(await lockedOut(after, [owner('ann', [])], { address: home })).toEqual([needsOne])
  expect(await lockedOut(after, [owner('ann', [])], { address: '203.0.113.5' })).toEqual([])
  expect(await lockedOut(after, [owner('ann', ['totp'])], { address: home })).toEqual([])
  // Grace puts it off and changes nothing about it.
  const grace = [owner('ann', [], plane.clock.now() + 86_400_000)]
  expect(await lockedOut(withModes('monitor', 'enforce', 86_400_000), grace, { address: home })).toEqual([
    needsOne,
  ])
})

test('what was so before is no news, and what is only monitored refuses nobody', async () => {
  const after = withModes('monitor', 'enforce')
  expect(await lockedOut(after, [owner('ann', [])], { address: home, before: after })).toEqual([])
  expect(await lockedOut(withModes('monitor', 'monitor'), [owner('ann', [])], { address: home })).toEqual([])
})

test('who is not asked is not shut out', async () => {
  const after = withModes('monitor', 'enforce')
  const { twoFactor } = after.controls
  const spared: PolicyDocument = {
    ...after,
    controls: {
      ...after.controls,
      twoFactor: { ...twoFactor, scope: { include: 'everyone', exempt: { roles: [], users: ['ann'] } } },
    },
  }
  expect(await lockedOut(spared, [owner('ann', [])], { address: home })).toEqual([])
})

test('an own account is asked for none; one other security admin must still be able to set one up', async () => {
  const after = withModes('monitor', 'enforce')
  const here = { address: home, actor: 'admin' } as const
  expect(await lockedOut(after, [], here)).toEqual([])
  await plane.store.read((rows) => noteAddress(rows, 'ann', home, plane.clock.now()))
  expect(await lockedOut(after, [owner('ann', [])], here)).toEqual([needsOne])
  await plane.store.read((rows) => noteAddress(rows, 'bob', '203.0.113.8', plane.clock.now()))
  expect(await lockedOut(after, [owner('ann', []), owner('bob', [])], here)).toEqual([])
})

test('an address that is not on the allowlist is refused as ever, factor or not', async () => {
  expect(
    await lockedOut(withModes('enforce', 'enforce'), [owner('ann', ['totp'])], { address: home }),
  ).toEqual([`ann: ${home} is not on the allowlist`])
})
