/**
 * Goal: a number becomes a factor only by its code, codes count once and briefly, and nobody's telephone is flooded.
 * Method: forms at the portal under a clock that moves when told; the services are servers on loopback.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { confirmPolicy } from '../../../admin/commit-confirm.ts'
import { createTextSender, type TextMessage } from '../../../admin/notify/text-messages.ts'
import { signWebhook } from '../../../admin/notify/webhook-send.ts'
import { editPolicy } from '../../../admin/policy-edit.ts'
import { readPolicy } from '../../../admin/store/practices.ts'
import type { SessionRow } from '../../../admin/store/sessions.ts'
import { freeAfter, readNumber } from '../../../admin/two-factor/text-codes.ts'
import { textMessagesSchema } from '../../../runtime/config-text-messages.ts'
import { createListeningLog, north } from '../practice-store.ts'
import { codesOn, createPortalStage, type PortalStage, proofOf } from './portal-stage.ts'

const number = '+1 555 010 4242'
let stage: PortalStage
let works = true
const sent: TextMessage[] = []
const texts = {
  practiceDayMax: 14,
  send: (message: TextMessage) => {
    if (works) sent.push(message)
    return Promise.resolve(works)
  },
}
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-texts-'))
beforeAll(async () => {
  stage = await createPortalStage({ texts })
})
beforeEach(() => {
  // Caps of a day are one test's.
  stage.clock.advance(25 * 3_600_000)
})
afterAll(async () => {
  await stage?.close()
  rmSync(folder, { recursive: true })
})

const allow = async (sms: boolean, practice = north): Promise<void> => {
  const edited = await editPolicy(stage.store, {
    ...{ practice, ifRevision: null, deed: stage.deed(), typedName: `Practice ${practice}` },
    change: (document) => {
      const { controls } = document
      return { ...document, controls: { ...controls, twoFactor: { ...controls.twoFactor, sms } } }
    },
  })
  if (edited.outcome !== 'saved') throw new Error(JSON.stringify(edited))
  const saved = await stage.store.read((rows) => readPolicy(rows, practice))
  await confirmPolicy(stage.store, { practice, revision: saved?.revision ?? 0, deed: stage.deed() })
}
const signIn = (name: string): Promise<SessionRow> => stage.signIn(name)
const codeIn = (): string => /^\d{6}/.exec(sent.at(-1)?.text ?? '')?.[0] ?? ''
const wrongCode = (): string => (codeIn() === '000000' ? '111111' : '000000')
const where = (answer: Response): string => answer.headers.get('location') ?? ''
const pageAt = async (path: string, cookie: string) => (await stage.get(path, cookie)).text()
const textEvents = () =>
  stage.store.read((rows) =>
    rows.selectFrom('security_event').select('body').where('action', 'like', 'two-factor.%').execute(),
  )

/** Sets up a number in a visit of its own. */
const enrolNumber = async (session: SessionRow, typed = number) => {
  const cookie = await stage.arrive(session, { reason: 'two-factor-not-enrolled' })
  expect(where(await stage.send(cookie, '/text', '/text/send', { number: typed }))).toBe(
    '/text?by=text&said=sent',
  )
  const done = await stage.send(cookie, '/text', '/text', { code: codeIn(), name: '' })
  expect(codesOn(await done.text())).toHaveLength(10)
  stage.clock.advance(60_000)
  return cookie
}
const factorOf = async (session: SessionRow) => {
  const row = await stage.store.read((rows) =>
    rows.selectFrom('factor').selectAll().where('user_id', '=', session.user_id).executeTakeFirst(),
  )
  if (row === undefined) throw new Error('no factor')
  return row
}
/** Has a code sent to the person's number. */
const ask = async (session: SessionRow, cookie: string) => {
  const { id } = await factorOf(session)
  return where(await stage.send(cookie, '/verify', '/verify/text', { purpose: 'access', factor: id }))
}

test('off in the practice: no page, no code, and no number', async () => {
  const cookie = await stage.arrive(await signIn('ada'), { reason: 'two-factor-not-enrolled' })
  expect(where(await stage.get('/text', cookie))).toBe('/set-up')
  expect(await pageAt('/set-up', cookie)).not.toContain('/text')
  await stage.send(cookie, '/set-up', '/text/send', { number })
  expect(sent).toEqual([])
  await allow(true)
})

describe('setting up', () => {
  test('a number counts by its own code, once; it is sealed, and shown by two digits', async () => {
    const ben = await signIn('ben')
    const cookie = await stage.arrive(ben, { reason: 'two-factor-not-enrolled' })
    expect(where(await stage.send(cookie, '/text', '/text/send', { number: '555 0100' }))).toContain(
      'said=form',
    )
    await stage.send(cookie, '/text', '/text/send', { number })
    expect(sent.at(-1)).toMatchObject({
      to: '+15550104242',
      text: expect.stringContaining('@portal.example #'),
    })
    const page = await pageAt('/text?by=text&said=sent', cookie)
    expect(page).toContain('•••• 42')
    expect(page).not.toContain('5550104242')
    expect(where(await stage.send(cookie, '/text', '/text', { code: wrongCode() }))).toBe(
      '/text?by=text&said=wrong-4',
    )
    const done = await stage.send(cookie, '/text', '/text', { code: codeIn(), name: '' })
    expect(codesOn(await done.text())).toHaveLength(10)
    const factor = await factorOf(ben)
    expect(factor).toMatchObject({ method: 'sms', name: 'Phone •••• 42', ending: '42' })
    const everything = JSON.stringify([factor, await textEvents(), stage.log.lines ?? []])
    for (const secret of ['5550104242', codeIn()]) expect(everything).not.toContain(secret)
    const manage = await pageAt('/', await stage.arrive(ben, { reason: null }))
    expect(manage).toContain('Text message to •••• 42')
  })

  test('somebody with a factor shows it first', async () => {
    const cy = await signIn('cy')
    await stage.enrol(cy)
    const cookie = await stage.arrive(cy, { reason: null })
    expect(where(await stage.get('/text', cookie))).toBe('/verify?purpose=text')
    const count = sent.length
    await stage.send(cookie, '/verify', '/text/send', { number })
    expect(sent).toHaveLength(count)
  })
})

describe('showing', () => {
  test('a code leads on, once, for five minutes, and not from another visit', async () => {
    const dora = await signIn('dora')
    await enrolNumber(dora, '+1 555 010 0001')
    const cookie = await stage.arrive(dora)
    expect(await ask(dora, cookie)).toBe('/verify?purpose=access&by=text&said=sent')
    const other = await stage.arrive(dora)
    const form = { purpose: 'access', by: 'text', code: codeIn() }
    expect(where(await stage.send(other, '/verify', '/verify', form))).toContain('said=wrong')
    const first = await stage.send(cookie, '/verify', '/verify', form)
    expect(proofOf(first)).not.toBe('')
    const late = await stage.arrive(dora)
    stage.clock.advance(60_000)
    await ask(dora, late)
    stage.clock.advance(300_000)
    expect(where(await stage.send(late, '/verify', '/verify', { ...form, code: codeIn() }))).toContain(
      'said=expired',
    )
  })

  test('of many at once one counts, and tries are those of every other code', async () => {
    const eve = await signIn('eve')
    await enrolNumber(eve, '+1 555 010 0002')
    const cookie = await stage.arrive(eve)
    await ask(eve, cookie)
    const page = await pageAt('/verify', cookie)
    const token = /name="token" value="([^"]+)"/.exec(page)?.[1] ?? ''
    const form = { token, purpose: 'access', by: 'text', code: codeIn() }
    const answers = await Promise.all(Array.from({ length: 5 }, () => stage.post('/verify', cookie, form)))
    expect(answers.filter((answer) => proofOf(answer) !== '')).toHaveLength(1)
    const again = await stage.arrive(eve)
    stage.clock.advance(60_000)
    await ask(eve, again)
    const said: string[] = []
    for (let guess = 0; guess < 5; guess += 1) {
      const wrong = { purpose: 'access', by: 'text', code: wrongCode() }
      said.push(where(await stage.send(again, '/verify', '/verify', wrong)).replace(/.*said=/, ''))
    }
    expect(said).toEqual(['wrong-4', 'wrong-3', 'wrong-2', 'wrong-1', 'wrong-0'])
    const right = { purpose: 'access', by: 'text', code: codeIn() }
    expect((await stage.send(again, '/verify', '/verify', right)).status).toBe(403)
  })

  test('what counts no more in a practice is neither sent nor taken', async () => {
    const fay = await signIn('fay')
    await enrolNumber(fay, '+1 555 010 0003')
    const cookie = await stage.arrive(fay)
    await ask(fay, cookie)
    await allow(false)
    const taken = await stage.send(cookie, '/verify', '/verify', {
      purpose: 'access',
      by: 'text',
      code: codeIn(),
    })
    expect(where(taken)).toContain('said=wrong')
    expect(await pageAt('/verify', cookie)).not.toContain('•••• 03')
    await allow(true)
  })
})

test('caps: half a minute, five an hour, ten a day, per practice and day; what was not taken counts too', async () => {
  const gil = await signIn('gil')
  await enrolNumber(gil, '+1 555 010 0004')
  const before = sent.length
  const outcomes: string[] = []
  for (let turn = 0; turn < 16; turn += 1) {
    works = turn !== 1
    const cookie = await stage.arrive(gil)
    outcomes.push((await ask(gil, cookie)).replace(/.*said=/, '').replace(/-\d+$/, ''))
    stage.clock.advance(turn < 6 ? 31_000 : 3_600_000)
  }
  works = true
  expect(outcomes.slice(0, 6)).toEqual(['sent', 'unsent', 'sent', 'sent', 'wait', 'wait'])
  expect(sent.length - before).toBeLessThanOrEqual(9)
  expect(outcomes.at(-1)).toBe('wait')
  const hana = await signIn('hana')
  const cookie = await stage.arrive(hana, { reason: 'two-factor-not-enrolled' })
  const again = await stage.send(cookie, '/text', '/text/send', { number: '+1 555 010 0004' })
  expect(where(again), 'the number has its own cap').toContain('said=wait')
})

test('the wait after caps is when a naive count first lets one through', () => {
  const caps = [
    { withinMs: 10, max: 2 },
    { withinMs: 30, max: 3 },
  ]
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 6 }), (instants) => {
      const past = [...instants].sort((a, b) => b - a)
      const fits = (at: number) =>
        caps.every(({ withinMs, max }) => past.filter((one) => one > at - withinMs).length < max)
      let at = 60
      while (!fits(at)) at += 1
      expect(freeAfter(past, caps, 60) ?? 60).toBe(at)
    }),
  )
})

test.each([
  ['+1 (555) 010-4242', '+15550104242'],
  ['0049 30 901820', '+4930901820'],
  ['555 010 4242', null],
  ['+1 555 010 4242 ext 5', null],
  ['+0155501042', null],
  [`+1${'5'.repeat(15)}`, null],
])('%s is read as %s', (typed, expected) => {
  expect(readNumber(typed)).toBe(expected)
})

type Came = { readonly path: string; readonly headers: IncomingMessage['headers']; readonly body: string }
const serve = async (status: number) => {
  const came: Came[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += String(chunk)
    })
    request.on('end', () => {
      came.push({ path: request.url ?? '', headers: request.headers, body })
      response.writeHead(status).end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { came, url: `http://127.0.0.1:${port}`, close: () => server.close() }
}
const secretFile = (name: string, text: string) => {
  const file = join(folder, name)
  writeFileSync(file, text, { mode: 0o600 })
  return file
}
const message = { id: 'msg-1', to: '+15550104242', text: '123456 is your code' }
const senderOf = (wish: object) => {
  const log = createListeningLog()
  const made = createTextSender(textMessagesSchema.parse(wish), log)
  if (!made.ok || made.value === null) throw new Error('no sender')
  return { send: made.value.send, log }
}

describe('senders', () => {
  test("Twilio's API gets one form with the account's token; no log names number or code", async () => {
    const authTokenFile = secretFile('twilio', 'very-secret')
    for (const [status, taken] of [
      [201, true],
      [429, false],
    ] as const) {
      const service = await serve(status)
      const account = { baseUrl: service.url, accountSid: 'AC1', authTokenFile, from: '+15550199' }
      const { send, log } = senderOf({ sender: 'twilio', twilio: account })
      expect(await send(message, 0)).toBe(taken)
      service.close()
      expect(service.came[0]?.path).toBe('/2010-04-01/Accounts/AC1/Messages.json')
      expect(service.came[0]?.headers.authorization).toBe(`Basic ${btoa('AC1:very-secret')}`)
      expect(Object.fromEntries(new URLSearchParams(service.came[0]?.body))).toEqual({
        ...{ To: message.to, From: '+15550199', Body: message.text },
      })
      expect(JSON.stringify(log)).not.toMatch(/123456|5550104242/)
      expect(await send(message, 0), 'nobody listens any more').toBe(false)
    }
  })

  test('a webhook is signed', async () => {
    const service = await serve(204)
    const key = Buffer.alloc(32, 'k')
    const file = secretFile('hook', `whsec_${key.toString('base64')}`)
    const { send } = senderOf({ sender: 'webhook', webhook: { url: service.url, secretFile: file } })
    expect(await send(message, 5_000)).toBe(true)
    service.close()
    const body = service.came[0]?.body ?? ''
    expect(JSON.parse(body)).toEqual({ type: 'text-message', to: message.to, text: message.text })
    const signature = signWebhook(key, { id: 'msg-1', text: body }, 5)
    expect(service.came[0]?.headers['webhook-signature']).toBe(signature)
  })

  test('nobody sends unless configured, and a secret that is missing is a Problem', () => {
    const log = createListeningLog()
    expect(createTextSender(textMessagesSchema.parse({}), log)).toEqual({ ok: true, value: null })
    const twilio = { accountSid: 'AC1', authTokenFile: join(folder, 'missing'), from: '+15550199' }
    expect(createTextSender(textMessagesSchema.parse({ sender: 'twilio', twilio }), log).ok).toBe(false)
  })
})
