/**
 * Goal: whoever waits for approval goes on at once when it comes, with script; takes their request back; costs little.
 * Method: a held sign-in at one gateway, its waiting page and the question of that page's script; a grant as published.
 */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Client } from '../support/client.ts'
import { eventually, type Stand, startStand } from '../support/gateway-stand.ts'

const cafe = '127.0.0.66'
const step = '/.gatehouse/access'
let stand: Stand
const base = (): string => stand.gateways[0]!.addresses.application
const known = (): Promise<void> =>
  eventually(() => stand.gateways[0]!.state.sequence() === stand.control.sequence(), 'known')

beforeAll(async () => {
  stand = await startStand({ gateways: 1 })
  await stand.control.savePolicy('riverside', (document) => ({
    ...document,
    controls: { ...document.controls, ip: { ...document.controls.ip, mode: 'enforce' } },
    ipEntries: [
      {
        ...{ id: 'office', range: '127.0.0.9/32', label: 'Office', audience: 'practice', on: true },
        ...{ expiresAt: null, note: '', createdBy: 'test', createdAt: 0 },
      },
    ],
  }))
  await known()
})
afterAll(() => stand?.close())

const fieldsOf = (html: string): Record<string, string> =>
  Object.fromEntries(
    [...html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(
      ([, name = '', value = '']) => [name, value],
    ),
  )
const send = async (client: Client, form: Record<string, string>, headers = {}) => {
  const page = await client.get(step)
  return client.post(step, {
    form: { ...fieldsOf(page.text), ...form },
    headers: { origin: base(), ...headers },
  })
}
const waiting = async (): Promise<Client> => {
  const client = stand.client(cafe)
  await stand.signIn(client, 'ann')
  expect((await send(client, { do: 'ask', reason: 'On call' })).status).toBe(303)
  return client
}
const ask = (client: Client) => client.get(`${step}?wait=1`, { navigation: false })

test('the waiting page has one script, allowed by its hash and asking this origin alone; other pages have none', async () => {
  const client = await waiting()
  const page = await client.get(`${step}?to=%2Fschedule`)
  const policy = String(page.headers['content-security-policy'])
  const script = /<script>(.*?)<\/script>/s.exec(page.text)?.[1] ?? ''
  expect(policy).toContain(`script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`)
  expect(policy).toContain("connect-src 'self'")
  expect(policy).not.toContain('unsafe')
  expect(page.text).toContain('data-changes="/.gatehouse/access?')
  expect(page.headers.refresh).toBe('10')
  const form = await client.get(`${step}?ask=more`)
  expect(form.text).not.toContain('<script')
  expect(String(form.headers['content-security-policy'])).not.toContain('script-src')
  await send(client, { do: 'withdraw' })
})

test('taking it back leads to the form again; a form of another site takes nothing back', async () => {
  const client = await waiting()
  expect((await client.get(step)).text).toContain('Take the request back')
  const foreign = await send(client, { do: 'withdraw' }, { origin: 'https://evil.example' })
  expect(foreign.status).toBe(403)
  expect((await client.get(step)).text).toContain('Waiting for approval')
  expect((await send(client, { do: 'withdraw' })).status).toBe(303)
  expect((await client.get(step)).text).toContain('Why do you need it?')
})

test('the form and the waiting page say that emergency access of another practice of theirs is on', async () => {
  const client = stand.client(cafe)
  const banner = 'You are using emergency access until'
  const grant = { id: 'grt_2', kind: 'break-glass', range: null, startsAt: 0 } as const
  const lakeview = (endsAt: number) =>
    stand.control.saveMember('lakeview', 'usr_ben', (member) => ({
      ...member,
      suspended: true,
      grants: [{ ...grant, endsAt }],
    }))
  await lakeview(stand.clock.now() + 3_600_000)
  await known()
  await stand.signIn(client, 'ben')
  expect((await client.get(step)).text).toContain(banner)
  await send(client, { do: 'ask', practice: 'riverside', reason: 'On call' })
  const page = await client.get(step)
  expect(page.text).toContain('Your request was sent')
  expect(page.text).toContain(banner)
  await lakeview(stand.clock.now())
  await known()
  expect((await client.get(step)).text).not.toContain(banner)
})

test('with the control plane away it says so, and nothing is lost', async () => {
  const client = await waiting()
  const page = await client.get(step)
  stand.control.stop()
  const form = { ...fieldsOf(page.text), do: 'withdraw' }
  const answer = await client.post(step, { form, headers: { origin: base() } })
  expect(answer.status).toBe(503)
  expect(answer.text).toContain('Not possible right now')
  stand.control.restart()
  expect((await client.get(step)).text).toContain('Waiting for approval')
  await send(client, { do: 'withdraw' })
})

test('the question of the page is answered once approved, from what the gateway knows; a second tab takes its place', async () => {
  const client = await waiting()
  const first = ask(client)
  const second = ask(client)
  const answers = await Promise.all([
    first,
    (async () => {
      // The one that was there before is let go at once; the newest waits.
      await Promise.race([first, second])
      await stand.control.saveMember('riverside', 'usr_ann', (member) => ({
        ...member,
        grants: [
          {
            id: 'grt_1',
            kind: 'ip',
            range: `${cafe}/32`,
            startsAt: 0,
            endsAt: stand.clock.now() + 86_400_000,
          },
        ],
      }))
      return second
    })(),
  ])
  expect(
    answers
      .map(({ text }) => JSON.parse(text))
      .map(({ changed }) => changed)
      .sort(),
  ).toEqual([false, true])
  const on = await client.get(step)
  expect(on.status).toBe(303)
  expect(JSON.parse((await ask(client)).text)).toEqual({ changed: true })
})
