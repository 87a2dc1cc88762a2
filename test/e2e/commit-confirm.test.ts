/**
 * Goal: an enforced policy that nobody confirms stops by itself at its deadline, on every gateway, even with the control
 * plane away; and never comes back silently. Method: two gateways, a person refused, and a clock that is stepped.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AdminClient, activeEverywhere, revisionOf, signInAdmin } from '../support/admin-client.ts'
import { type Client, createClient } from '../support/client.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { signInWell } from '../support/people.ts'

const tenMinutes = 600_000
const practice = '/api/practices/riverside'
const account = { login: '', password: '' }
let fleet: Fleet
let admin: AdminClient
let helen: Client
let there: Client
let restarted: Awaited<ReturnType<Fleet['startOne']>> | null = null

type Saved = { readonly revision: number; readonly sequence: number }
type General = {
  readonly revision: number
  readonly controls: { readonly ip: { readonly mode: string } }
  readonly confirmation: { readonly state: string; readonly sentence: string } | null
}

const newAdmin = (from?: string): Promise<AdminClient> =>
  signInAdmin(fleet.control().addresses.admin, account, from)
const general = async (): Promise<General> => (await admin.read(`${practice}/general`)).json() as General
const statuses = (): Promise<readonly number[]> =>
  Promise.all(
    [helen, there].map(async (client) => (await client.get('/api/schedule', { navigation: false })).status),
  )
const eventTypes = async (): Promise<readonly string[]> => {
  const answer = (await admin.read(`${practice}/security-events`)).json() as { events: { type: string }[] }
  return answer.events.map(({ type }) => type)
}

/** Applies "Office only" without confirming it. */
const applyOfficeOnly = async (): Promise<Saved> => {
  const path = `${practice}/presets/office-only/apply`
  const applied = await admin.send('POST', path, {}, await revisionOf(admin, 'riverside'))
  expect(applied.status).toBe(200)
  const saved = applied.json() as Saved
  await activeEverywhere(admin, saved.sequence)
  return saved
}

beforeAll(async () => {
  fleet = await startFleet()
  Object.assign(account, fleet.control().firstAdmin)
  admin = await newAdmin()
  const entry = { range: '127.0.0.1', label: 'Office', audience: 'practice' }
  const saved = await admin.edit<Saved>('POST', `${practice}/ip-entries`, entry)
  await activeEverywhere(admin, saved.sequence)
  const [one = '', two = ''] = fleet.gateways.map(({ addresses }) => addresses.application)
  helen = createClient(one, '127.0.0.7')
  await signInWell(helen, 'helen')
  there = helen.elsewhere({ base: two })
}, 90_000)
afterAll(async () => {
  await restarted?.close()
  await fleet?.close()
})

test('while it waits it is enforced, and nothing else can be edited', async () => {
  expect(await statuses()).toEqual([200, 200])
  const { revision } = await applyOfficeOnly()
  expect(await statuses()).toEqual([403, 403])
  expect(await general()).toMatchObject({ revision, confirmation: { state: 'waiting' } })
  const other = await admin.send('POST', `${practice}/ip-entries`, { range: '127.0.0.7', label: 'Helen' })
  expect([other.status, other.json()]).toMatchObject([409, { code: 'confirmation-pending' }])
})

test('unconfirmed, with the control plane away: both gateways let them in again at the deadline, not before', async () => {
  await fleet.stopControl()
  fleet.clock.advance(tenMinutes - 5_000)
  expect(await statuses()).toEqual([403, 403])
  // One that starts anew meanwhile knows of the deadline as well.
  await fleet.gateways[1]?.close()
  restarted = await fleet.startOne('gateway-2')
  there = helen.elsewhere({ base: restarted.addresses.application })
  expect(await statuses()).toEqual([403, 403])
  fleet.clock.advance(5_000)
  expect(await statuses()).toEqual([200, 200])
  fleet.clock.advance(tenMinutes)
  expect(await statuses()).toEqual([200, 200])
})

test('the control plane comes back: taken back with an event, the same on every gateway, and told', async () => {
  await fleet.restartControl()
  admin = await newAdmin()
  await expect.poll(async () => (await general()).controls.ip.mode, { timeout: 8_000 }).toBe('off')
  expect((await general()).confirmation).toMatchObject({
    state: 'reverted',
    sentence: expect.stringMatching(
      /^Office only was switched off at \d\d:\d\d because nobody confirmed it\.$/,
    ),
  })
  expect((await eventTypes())[0]).toBe('policy.reverted')
  const entry = { range: '127.0.0.9', label: 'Lab', audience: 'practice' }
  expect(await statuses()).toEqual([200, 200])
  const refused = await admin.send('POST', `${practice}/confirmation/confirm`, {}, (await general()).revision)
  expect([refused.status, refused.json()]).toMatchObject([409, { code: 'already-decided' }])
  const again = await admin.send('POST', `${practice}/confirmation/again`, {}, (await general()).revision)
  expect(again.status).toBe(200)
  await activeEverywhere(admin, (again.json() as Saved).sequence)
  expect(await statuses()).toEqual([403, 403])
  const blocked = await admin.send('POST', `${practice}/ip-entries`, entry)
  expect(blocked.json()).toMatchObject({ code: 'confirmation-pending' })
})

test('confirmed from a listed address it stays; from elsewhere it is not confirmed', async () => {
  const { revision } = await general()
  const cafe = await newAdmin('127.0.0.66')
  const refused = await cafe.send('POST', `${practice}/confirmation/confirm`, {}, revision)
  expect([refused.status, refused.json()]).toMatchObject([409, { code: 'confirm-elsewhere' }])
  const confirmed = await admin.edit<Saved>('POST', `${practice}/confirmation/confirm`, {}, revision)
  await activeEverywhere(admin, confirmed.sequence)
  fleet.clock.advance(2 * tenMinutes)
  expect(await statuses()).toEqual([403, 403])
  admin = await newAdmin()
  expect(await general()).toMatchObject({ controls: { ip: { mode: 'enforce' } }, confirmation: null })
  expect((await eventTypes())[0]).toBe('policy.confirmed')
})
