/**
 * Goal: a page of the application can tell its visitor in time that their hours end, and learns nothing of anybody else.
 * Method: somebody of two practices at noon, one of which has hours that end today; the other way round for who is not in.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Client } from '../support/client.ts'
import { eventually, people, type Stand, startStand } from '../support/gateway-stand.ts'

const day = 86_400_000
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const
let stand: Stand
let today: (typeof weekdays)[number]
beforeEach(async () => {
  stand = await startStand()
  stand.clock.advance(day + day / 2 - (stand.clock.now() % day))
  today = weekdays[new Date(stand.clock.now()).getUTCDay()] ?? 'sun'
})
afterEach(() => stand?.close())

const window = (start: string, end: string, days: readonly (typeof weekdays)[number][]) => ({
  ...{ id: `w${start.slice(0, 2)}`, label: null, audience: 'practice' as const, days: [...days], start, end },
  ...{ zone: null, validFrom: null, validTo: null, insteadOfRoleHours: false },
})

const saveHours = async (mode: 'enforce' | 'monitor', windows: readonly ReturnType<typeof window>[]) => {
  await stand.control.savePolicy('riverside', (document) => ({
    ...document,
    controls: { ...document.controls, time: { ...document.controls.time, mode } },
    timeWindows: [...windows],
  }))
  await eventually(() => stand.gateways[0]!.state.sequence() === stand.control.sequence(), 'known')
}

const ask = async (client: Client): Promise<Record<string, unknown>> => {
  const answer = await client.get('/.gatehouse/status', { navigation: false })
  expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'no-store'])
  return answer.json() as Record<string, unknown>
}

test('the end of today’s hours stands by its practice; what never ends, is far off or only watched does not', async () => {
  await saveHours('enforce', [window('08:00', '18:00', [today])])
  const client = stand.client()
  await stand.signIn(client, 'ben')
  const noon = stand.clock.now() - (stand.clock.now() % 60_000)
  const end = new Date(noon + 6 * 3_600_000).toISOString()
  expect(await ask(client)).toEqual({
    ...{ signedIn: true, held: false, address: '127.0.0.1' },
    hoursEnd: { riverside: end },
  })
  await saveHours('enforce', [window('08:00', '24:00', [today]), window('00:00', '24:00', weekdays)])
  expect(await ask(client)).toMatchObject({ hoursEnd: {} })
  await saveHours('monitor', [window('08:00', '18:00', [today])])
  expect(await ask(client)).toMatchObject({ hoursEnd: {} })
})

test('a stranger, somebody held or refused, and a revoked one hear of no hours', async () => {
  await saveHours('enforce', [window('08:00', '18:00', [today])])
  const nobody = { signedIn: false, held: false, address: '127.0.0.1', hoursEnd: {} }
  expect(await ask(stand.client())).toEqual(nobody)
  const client = stand.client()
  await stand.signIn(client, 'ben')
  stand.clock.advance(7 * 3_600_000)
  await stand.control.saveMember('lakeview', people.ben.user, (member) => ({ ...member, suspended: true }))
  expect(await ask(client)).toMatchObject({ hoursEnd: {} })
  const late = stand.client()
  await stand.signIn(late, 'ann')
  expect(await ask(late)).toMatchObject({ signedIn: false, hoursEnd: {} })
  await stand.control.revoke('riverside', people.ben.user)
  await eventually(async () => Object.keys((await ask(client))['hoursEnd'] as object).length === 0, 'revoked')
})
