/**
 * Goal: who has several practices sees which of them can be opened now and how to get there; nobody sees more than their own.
 * Method: somebody of two practices whose addresses differ, with practices told apart by host, by path and by the application;
 * one of the two is closed to them in turn.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { upstreamSchema } from '../../runtime/config-upstream.ts'
import type { Client } from '../support/client.ts'
import { eventually, people, type Stand, startStand } from '../support/gateway-stand.ts'
import { logoPicture } from '../support/logo-picture.ts'
import { wayBackTricks } from '../support/way-back-tricks.ts'

const page = '/.gatehouse/practices'
let stand: Stand
afterEach(() => stand?.close())

const start = async (
  practice: Readonly<Record<string, unknown>>,
  logos: Readonly<Record<string, string>> = {},
): Promise<Client> => {
  stand = await startStand({
    change: (config) => ({
      ...config,
      upstreams: config.upstreams.map((upstream) => upstreamSchema.parse({ ...upstream, practice, logos })),
    }),
  })
  const client = stand.client()
  await stand.signIn(client, 'ben')
  return client
}

const closeLakeview = async (client: Client): Promise<void> => {
  await stand.control.savePolicy('lakeview', (document) => ({
    ...document,
    practice: { ...document.practice, name: 'Lakeview <b>Family</b>' },
    requests: { ...document.requests, ip: false, contact: 'Maya, ext. 12' },
    controls: { ...document.controls, ip: { ...document.controls.ip, mode: 'enforce' } },
    ipEntries: [
      {
        ...{ id: 'office', range: '198.51.100.7/32', label: 'Office', audience: 'practice', on: true },
        ...{ expiresAt: null, note: '', createdBy: 'test', createdAt: 0 },
      },
    ],
  }))
  await eventually(async () => (await client.get(page)).text.includes('Not from this network'), 'closed')
}

const rowsOf = (html: string): readonly string[] =>
  [...html.matchAll(/<li>(.*?)<\/li>/gs)].map(([, row = '']) =>
    row
      .replaceAll(/<[^>]*>/g, ' ')
      .replaceAll(/\s+/g, ' ')
      .trim(),
  )

test('allowed ones stand first with a link under their path; a refused one says why and whom to ask, without one', async () => {
  const client = await start({ pathPrefixes: { lake: 'lakeview', river: 'riverside' } })
  const all = await client.get(page)
  expect(all.text).toContain('All of them can be opened now.')
  expect(all.text).toContain('href="/lake/"')
  await closeLakeview(client)
  const one = await client.get(page)
  expect(rowsOf(one.text)).toEqual([
    'riverside Access allowed now',
    'Lakeview &lt;b&gt;Family&lt;/b&gt; Not from this network To get access, contact Maya, ext. 12.',
  ])
  expect(one.text).toContain('href="/river/"')
  expect(one.text).not.toContain('href="/lake/"')
  // The refusal itself leads on to the other practice.
  const refused = await client.get('/lake/patients/7')
  expect([refused.status, refused.text.includes('href="/river/"')]).toEqual([403, true])
  expect((await client.get('/river/patients/7')).status).toBe(200)
})

test('a practice of its own host is linked there, on the port that one came by', async () => {
  const client = await start({ hosts: { 'river.example': 'riverside' }, choosingPage: '/switch' })
  const { text } = await client.get(page)
  const port = new URL(stand.gateways[0]!.addresses.application).port
  expect(text).toContain(`href="http://river.example:${port}/"`)
  expect(text).toContain('href="/switch"')
})

test('a refusal is headed with the practice and its logo, which anybody gets as the picture that it is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-logo-'))
  await writeFile(join(folder, 'lake.png'), logoPicture())
  await writeFile(join(folder, 'river.png'), '<svg xmlns="http://www.w3.org/2000/svg"/>')
  const logos = { lakeview: join(folder, 'lake.png'), riverside: join(folder, 'river.png') }
  const client = await start({ pathPrefixes: { lake: 'lakeview', river: 'riverside' } }, logos)
  await closeLakeview(client)
  const refused = await client.get('/lake/patients/7')
  expect(refused.text).toContain('<img src="/.gatehouse/logo/lakeview" alt="">')
  expect(String(refused.headers['content-security-policy'])).toContain("img-src 'self'")
  const picture = await stand.client().get('/.gatehouse/logo/lakeview', { navigation: false })
  expect([picture.status, picture.headers['content-type']]).toEqual([200, 'image/png'])
  for (const other of ['riverside', 'nowhere', '', 'lakeview/', '__proto__'])
    expect((await client.get(`/.gatehouse/logo/${other}`)).status, other).toBe(404)
  await rm(folder, { recursive: true, force: true })
})

test('no trick leads from the step to another origin', async () => {
  const client = await start({})
  const { origin } = new URL(stand.gateways[0]!.addresses.application)
  // One of each kind: all of them are tried without a server (`test/runtime/own-path.test.ts`).
  for (const trick of wayBackTricks.filter((_, at) => at % 19 === 0)) {
    const answer = await client.get(`/.gatehouse/access?to=${encodeURIComponent(trick)}`)
    expect(answer.status, trick).toBe(303)
    expect(new URL(answer.headers.location ?? '', origin).origin, trick).toBe(origin)
  }
})

test('nobody else sees a practice: not a stranger, not a held sign-in, not who left one of them', async () => {
  const client = await start({})
  expect(await (async () => (await client.get(page)).text)()).not.toContain('<a class="name"')
  const stranger = await stand.client().get(page)
  expect([stranger.status, stranger.headers.location]).toEqual([303, '/sign-in'])
  expect((await client.post(page, { form: {} })).status).toBe(404)
  // What refusals mean is for anybody, and is never asked of the application.
  const problems = await stand.client().get('/.gatehouse/problems', { navigation: false })
  expect([problems.status, problems.text.includes('id="outside-time-window"')]).toEqual([200, true])
  await stand.control.saveMember('lakeview', people.ben.user, (member) => ({ ...member, suspended: true }))
  await eventually(async () => (await client.get(page)).text.includes('Not possible now'), 'left')
})
