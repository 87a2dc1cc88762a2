/**
 * Goal: who is signed in at one practice asks for another of theirs, or for more time, and is let in without signing in again;
 * nobody asks for what is not theirs, with a cookie alone, or by another site's form.
 * Method: somebody of two practices under two paths, one of which is closed to them in turn; the fake control plane decides.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { upstreamSchema } from '../../runtime/config-upstream.ts'
import type { Client } from '../support/client.ts'
import { eventually, people, type Stand, startStand } from '../support/gateway-stand.ts'

const page = '/.gatehouse/requests'
let stand: Stand
beforeEach(async () => {
  const practice = { pathPrefixes: { lake: 'lakeview', river: 'riverside', hill: 'hillside' } }
  stand = await startStand({
    change: (config) => ({
      ...config,
      upstreams: config.upstreams.map((upstream) => upstreamSchema.parse({ ...upstream, practice })),
    }),
  })
})
afterEach(() => stand?.close())

const base = (): string => stand.gateways[0]!.addresses.application
const known = (): Promise<void> =>
  eventually(() => stand.gateways[0]!.state.sequence() === stand.control.sequence(), 'known')

/** Closes a practice to whoever is not at an address that nobody has here, or at this hour. */
const close = async (practice: string, control: 'ip' | 'time', takes = true): Promise<void> => {
  await stand.control.savePolicy(practice, (document) => ({
    ...document,
    requests: { ...document.requests, [control]: takes, contact: 'Maya, ext. 12' },
    controls: { ...document.controls, [control]: { ...document.controls[control], mode: 'enforce' } },
    ipEntries: [
      {
        ...{ id: 'office', range: '198.51.100.7/32', label: 'Office', audience: 'practice', on: true },
        ...{ expiresAt: null, note: '', createdBy: 'test', createdAt: 0 },
      },
    ],
    timeWindows: [
      {
        ...{ id: 'past', days: ['mon'], start: '08:00', end: '18:00', zone: null, audience: 'practice' },
        ...{ validFrom: '2020-01-01', validTo: '2020-01-31', insteadOfRoleHours: false, label: null },
      },
    ],
  }))
  await known()
}

const ben = async (): Promise<Client> => {
  const client = stand.client()
  await stand.signIn(client, 'ben')
  return client
}

const fieldsOf = (html: string): Record<string, string> =>
  Object.fromEntries(
    [...html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(
      ([, name = '', value = '']) => [name, value],
    ),
  )

const send = async (client: Client, path: string, form: Record<string, string>, headers = {}) => {
  const shown = await client.get(path)
  return client.post(path, {
    form: { ...fieldsOf(shown.text), ...form },
    headers: { origin: base(), ...headers },
  })
}

/** The way to ask on a page: for the page refused (`to` goes along), or for the first practice listed. */
const linkOn = (html: string, part = ''): string =>
  [...html.matchAll(/href="(\/\.gatehouse\/requests[^"]*)"/g)]
    .map(([, href = '']) => href.replaceAll('&amp;', '&'))
    .find((href) => href.includes(part)) ?? ''

const approve = async (practice: string): Promise<void> => {
  stand.control.decideAccess(people.ben.user, practice, 'ip', {
    status: 'approved',
    note: '',
    askAgainAt: null,
  })
  await stand.control.saveMember(practice, people.ben.user, (member) => ({
    ...member,
    grants: [
      {
        ...{ id: 'grt_1', kind: 'ip', range: '127.0.0.1/32', startsAt: 0 },
        endsAt: stand.clock.now() + 86_400_000,
      },
    ],
  }))
  await known()
}

test('from a refusal: asks, waits, and comes by itself to the very page when approved; the session is the same', async () => {
  const client = await ben()
  await close('lakeview', 'ip')
  const refused = await client.get('/lake/patients/7?tab=2')
  expect(refused.status).toBe(403)
  const link = linkOn(refused.text)
  expect(new URLSearchParams(link.split('?')[1]).get('to')).toBe('/lake/patients/7?tab=2')
  const form = await client.get(link)
  expect(form.status).toBe(200)
  expect(form.headers['cache-control']).toBe('no-store')
  expect(form.text).toContain('<h1>Ask for access</h1>')
  expect(form.text).toContain('127.0.0.1')
  expect(form.text).toMatch(/GH-[0-9A-Z]{4}-[0-9A-Z]{4}/)
  // Where they may work meanwhile; and the practice that is open is not one to ask for.
  expect(form.text).toContain('href="/river/"')
  expect(fieldsOf(form.text)['practice']).toBe('lakeview')
  expect((await send(client, link, { do: 'ask', reason: '' })).status).toBe(422)
  const sent = await send(client, link, { do: 'ask', reason: 'On call' })
  expect([sent.status, stand.control.calls.asked]).toEqual([303, 1])
  const waiting = await client.get(sent.headers.location ?? '')
  expect(waiting.text).toContain('Waiting for approval')
  expect(waiting.headers.refresh).toBe('10')
  const changes = (/data-changes="([^"]+)"/.exec(waiting.text)?.[1] ?? '').replaceAll('&amp;', '&')
  const nudges = [changes, changes].map((path) => client.get(path, { navigation: false }))
  // The first is let go at once by the second, which waits by then.
  await Promise.race(nudges)
  await approve('lakeview')
  const told = (await Promise.all(nudges)).map(({ text }) => text)
  expect(told.toSorted()).toEqual(['{"changed":false}', '{"changed":true}'])
  const gone = await client.get(sent.headers.location ?? '')
  expect([gone.status, gone.headers.location]).toEqual([303, '/lake/patients/7?tab=2'])
  expect((await client.get('/lake/patients/7?tab=2')).status).toBe(200)
  expect(stand.application.arrived.filter(({ url }) => url === '/sign-in')).toHaveLength(1)
})

test('from one’s practices: the link stands where it can be asked for, and the request can be taken back', async () => {
  const client = await ben()
  await close('lakeview', 'ip')
  const link = linkOn((await client.get('/.gatehouse/practices')).text)
  expect(link).toBe(`${page}?practice=lakeview`)
  expect((await send(client, link, { do: 'ask', reason: 'On call' })).headers.location).toBe(link)
  expect((await send(client, link, { do: 'withdraw' })).status).toBe(303)
  const rejected = { status: 'rejected', note: 'Call me', askAgainAt: stand.clock.now() + 900_000 } as const
  stand.control.decideAccess(people.ben.user, 'lakeview', 'ip', rejected)
  const shown = await client.get(link)
  expect(shown.text).toMatch(/Rejected<\/span>.*Call me.*You may ask again on .+ at \d\d:\d\d UTC, in 15 min/)
  expect(shown.text).not.toContain('name="reason"')
  await close('lakeview', 'ip', false)
  const closed = await client.get('/.gatehouse/practices')
  expect([linkOn(closed.text), closed.text.includes('contact Maya, ext. 12')]).toEqual(['', true])
})

test('the hours of the only practice that ended can be asked for too, without signing in again', async () => {
  const client = await ben()
  for (const practice of ['lakeview', 'riverside']) await close(practice, 'time')
  const refused = await client.get('/river/patients/7')
  const link = linkOn(refused.text, 'to=')
  const form = await client.get(link)
  expect(form.text).toContain('Access is currently restricted')
  // Both can be asked for; the one that they came for is ticked.
  expect(form.text).toMatch(/value="riverside" checked/)
  expect(form.text).toMatch(/value="lakeview">/)
  expect((await send(client, link, { do: 'ask', reason: 'Late visit' })).status).toBe(422)
})

test('a practice of others, or none, is answered alike; nobody asks where nothing refuses, or where revoked', async () => {
  const client = await ben()
  await close('lakeview', 'ip')
  const other = await client.get(`${page}?practice=hillside`)
  const none = await client.get(`${page}?practice=no-such`)
  expect(other.text.replace('hillside', 'no-such')).toBe(none.text)
  expect(other.text).not.toContain('hillside')
  const forged = await send(client, page, { do: 'ask', reason: 'x', practice: 'hillside' })
  expect([forged.status, stand.control.calls.asked]).toEqual([403, 0])
  const open = await send(client, page, { do: 'ask', reason: 'x', practice: 'riverside' })
  expect([open.status, stand.control.calls.asked]).toEqual([403, 0])
  expect((await client.get(`${page}?practice=riverside`)).headers.location).toBe('/river/')
  const evil = await client.get(`${page}?practice=riverside&to=${encodeURIComponent('//evil.example')}`)
  expect(evil.headers.location).toBe('/river/')
  await stand.control.revoke('lakeview', people.ben.user)
  await known()
  expect((await client.get(page)).headers.location).toBe('/.gatehouse/practices')
  expect(linkOn((await client.get('/lake/patients/7')).text)).toBe('')
})

test('not a stranger, not a cookie alone, not another site, not while the sign-in is held', async () => {
  await close('lakeview', 'ip')
  expect((await stand.client().get(page)).headers.location).toBe('/sign-in')
  const client = await ben()
  const foreign = await send(client, page, { do: 'ask', reason: 'x' }, { origin: 'https://evil.example' })
  expect([foreign.status, stand.control.calls.asked]).toEqual([403, 0])
  const thief = stand.client()
  thief.cookies.set('sid', client.cookies.get('sid')!)
  await thief.get('/river/patients/7')
  const refused = await thief.get('/lake/patients/7')
  expect([refused.status, linkOn(refused.text)]).toEqual([403, ''])
  expect((await thief.get(page)).status).toBe(303)
  await close('riverside', 'ip')
  const held = stand.client()
  await stand.signIn(held, 'ben')
  expect((await held.get(page)).headers.location).toBe('/.gatehouse/access')
})

test('with the control plane away it says so, and work elsewhere goes on', async () => {
  const client = await ben()
  await close('lakeview', 'ip')
  stand.control.stop()
  const shown = await client.get(page)
  expect([shown.status, shown.headers.refresh]).toEqual([503, '10'])
  expect((await client.get('/river/patients/7')).status).toBe(200)
  stand.control.restart()
})
