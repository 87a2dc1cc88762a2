/**
 * Goal: a mail goes out exactly when its change was committed, as one plain mail to one address, and leaves no body behind.
 * Method: queued in real transactions, delivered to a mail server on loopback under a clock that steps; hostile names.
 */
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { countWaitingMails, deliverMails, type MailCount } from '../../../admin/notify/mail-delivery.ts'
import { isMailAddress, type Mail, queueMail } from '../../../admin/notify/mail-queue.ts'
import { publishMailKey } from '../../../admin/notify/mail-seal.ts'
import { createMailer, type Mailer } from '../../../admin/notify/mailer.ts'
import { createFactorKeyring, type FactorKeyring } from '../../../admin/two-factor/factor-keys.ts'
import { countKeyUses, retireKeys, rotateSecrets } from '../../../admin/two-factor/key-rotation.ts'
import type { Config } from '../../../runtime/config.ts'
import { loadConfig } from '../../../runtime/config-load.ts'
import { startSmtpServer } from '../../support/smtp-server.ts'
import { createListeningLog, createPracticeStore, type PracticeStore } from '../practice-store.ts'

type Server = Awaited<ReturnType<typeof startSmtpServer>>
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-mail-'))
const passwordFile = join(folder, 'password')
let plane: PracticeStore
let server: Server
let log: ReturnType<typeof createListeningLog>
let counts: MailCount[]
beforeAll(async () => {
  writeFileSync(passwordFile, 'correct horse\n')
  chmodSync(passwordFile, 0o600)
  plane = await createPracticeStore()
})
afterAll(async () => {
  await plane?.close()
  rmSync(folder, { recursive: true })
})
beforeEach(async () => {
  server = await startSmtpServer()
  log = createListeningLog()
  counts = []
  await plane.store.read((rows) => rows.deleteFrom('mail').execute())
  keyring = keyringOf('k1')
  await publishMailKey(plane.store, keyring)
})
afterEach(() => server?.close())

const keys = new Map<string, Buffer>()
const keyringOf = (...ids: readonly string[]): FactorKeyring =>
  createFactorKeyring(
    ids.map((id) => {
      const bytes = keys.get(id) ?? randomBytes(32)
      keys.set(id, bytes)
      return { id, bytes }
    }),
  )
let keyring: FactorKeyring
const rowsNow = () => plane.store.read((rows) => rows.selectFrom('mail').selectAll().orderBy('id').execute())

const settings = (change: Partial<Config['notifications']> = {}): Config['notifications'] => ({
  mail: 'smtp',
  smtp: {
    host: '127.0.0.1',
    port: server.port,
    encryption: 'none',
    user: 'gate',
    passwordFile,
    from: 'gatehouse@example.com',
  },
  webhooks: [],
  ...change,
})
const mailerOf = (change: Partial<Config['notifications']> = {}): Mailer => {
  const made = createMailer(settings(change), log)
  if (!made.ok) throw new Error(JSON.stringify(made.problems))
  return made.value
}
const queue = (change: Partial<Mail> = {}): Promise<boolean> =>
  plane.store.transaction((tx) =>
    queueMail(
      tx,
      { to: 'ada@example.com', subject: 'Hello', text: 'Open the door.', ...change },
      plane.clock.now(),
    ),
  )
const deliver = (mailer: Mailer = mailerOf()): Promise<number> =>
  deliverMails({
    store: plane.store,
    mailer,
    keyring,
    now: plane.clock.now,
    log,
    count: (count) => void counts.push(count),
  })
const waiting = () => plane.store.read((rows) => countWaitingMails(rows))

test('what was committed is sent once, signed in, as plain text; what was rolled back is not', async () => {
  await queue({ subject: 'Grüße aus Köln', text: 'First line\nZweite Zeile: ü\n.\nlast' })
  await expect(
    plane.store.transaction(async (tx) => {
      await queueMail(tx, { to: 'bob@example.com', subject: 'No', text: 'No' }, plane.clock.now())
      throw new Error('rolled back')
    }),
  ).rejects.toThrow('rolled back')
  expect(await Promise.all([deliver(), deliver()])).toContain(1)
  expect(server.mails).toMatchObject([
    { from: 'gatehouse@example.com', to: ['ada@example.com'], auth: 'gate:correct horse' },
  ])
  const { message } = server.mails[0]!
  expect(message).toContain('Content-Type: text/plain; charset=utf-8')
  expect(message).toContain('Auto-Submitted: auto-generated')
  expect(message).not.toContain('multipart')
  expect(await waiting()).toBe(0)
  expect(counts).toEqual(['sent'])
})

test('what the server cannot take now is tried again with growing pauses, under one message id; then given up', async () => {
  await queue({ text: 'secret link' })
  server.refuse({ DATA: '451 later' })
  const pauses: number[] = []
  for (let tries = 1; tries <= 12; tries += 1) {
    expect(await deliver()).toBe(1)
    const [row] = await plane.store.read((rows) => rows.selectFrom('mail').selectAll().execute())
    const pause = (row?.due_at ?? plane.clock.now()) - plane.clock.now()
    if (row !== undefined) pauses.push(pause / 1_000)
    if (pause > 0) {
      plane.clock.advance(pause - 1)
      expect(await deliver()).toBe(0)
      plane.clock.advance(1)
    }
  }
  expect(pauses).toEqual([30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600])
  expect(await waiting()).toBe(0)
  expect(counts.slice(-2)).toEqual(['retried', 'given-up'])
  const given = log.lines.filter(({ level }) => level === 'error')
  expect(given).toMatchObject([{ fields: { tries: 12, why: expect.stringContaining('451') } }])
  expect(JSON.stringify(log.lines)).not.toMatch(/secret link|ada@/)
})

test('a second try carries the message id of the first', async () => {
  await queue()
  const [row] = await plane.store.read((rows) => rows.selectFrom('mail').select('id').execute())
  server.refuse({ DATA: '451 later' })
  await deliver()
  server.refuse({})
  plane.clock.advance(30_000)
  await deliver()
  expect(server.mails[0]?.message).toMatch(new RegExp(`Message-ID: <\\d+\\.${row?.id}@example\\.com>`, 'i'))
})

test('a recipient refused for good is given up at once; a wrong password is not', async () => {
  await queue()
  server.refuse({ RCPT: '550 no such user' })
  await deliver()
  expect(counts).toEqual(['given-up'])
  await queue()
  server.refuse({ AUTH: '535 wrong' })
  await deliver()
  expect(counts).toEqual(['given-up', 'retried'])
  expect(await waiting()).toBe(1)
})

test('a server that is not there costs nothing but time', async () => {
  await queue()
  await server.close()
  await deliver()
  expect(counts).toEqual(['retried'])
  expect(await waiting()).toBe(1)
})

test('a mail under way is nobody else’s; of a crash in between it is tried again after two minutes', async () => {
  await queue()
  const begun = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<Awaited<ReturnType<Mailer>>>()
  const slow: Mailer = () => {
    begun.resolve()
    return answer.promise
  }
  const first = deliver(slow)
  await begun.promise
  expect(await deliver()).toBe(0)
  plane.clock.advance(120_000)
  expect(await deliver()).toBe(1)
  answer.resolve({ outcome: 'sent' })
  await first
  expect(server.mails).toHaveLength(1)
})

test('off drops, and says so in the figures only; console writes to the log and nowhere else', async () => {
  await queue({ text: 'a link' })
  await deliver(mailerOf({ mail: 'off' }))
  expect([counts, log.lines, await waiting()]).toEqual([['dropped'], [], 0])
  await queue({ text: 'a link' })
  await deliver(mailerOf({ mail: 'console' }))
  expect(log.lines).toMatchObject([{ fields: { to: 'ada@example.com', text: 'a link' } }])
  expect(server.mails).toEqual([])
})

test('no name, subject or text can add a header or a recipient', async () => {
  const hostile = 'Hi\r\nBcc: eve@example.com\r\n\r\nbody\u0000\u2028X: y'
  await queue({ subject: hostile, text: `${hostile}\r\n.\r\nMAIL FROM:<eve@example.com>\r\n` })
  await deliver()
  expect(server.mails).toHaveLength(1)
  const { to, message } = server.mails[0]!
  const head = message.slice(0, message.indexOf('\n\n'))
  expect(to).toEqual(['ada@example.com'])
  expect(head).not.toMatch(/^(bcc|x):/im)
  for (const bad of [
    'ada@example.com\r\nBcc: eve@example.com',
    'ada@example.com, eve@example.com',
    'Ada <ada@example.com>',
    '"ada bob"@example.com',
    'ada@example.com\n',
    'ada @example.com',
    'ada@',
    '@example.com',
    'ada',
    `${'a'.repeat(250)}@b.c`,
  ])
    expect(await queue({ to: bad }), bad).toBe(false)
  expect(await waiting()).toBe(0)
})

test('what counts as an address has one @ and nothing that a mail server reads as more than one', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', '1', '@', '.', ',', ';', ' ', '<', '>', '"', '\n', '(', ':') }),
      (text) => !isMailAddress(text) || /^[a1.]+@[a1.]+$/.test(text),
    ),
    { seed: 14, numRuns: 2_000 },
  )
})

test('the configuration refuses mail that would cross a network in the clear, or has no sender', () => {
  const problems = (notifications: object) => {
    const loaded = loadConfig({ file: null, environment: {}, overrides: { notifications } })
    return loaded.ok ? [] : loaded.problems.map(({ path }) => path)
  }
  expect(problems({ mail: 'smtp' })).toEqual(['notifications.smtp.host', 'notifications.smtp.from'])
  expect(problems({ smtp: { host: 'mail.example.com', encryption: 'none' } })).toEqual([
    'notifications.smtp.encryption',
  ])
  expect(problems({ smtp: { user: 'gate' } })).toEqual(['notifications.smtp.passwordFile'])
  expect(problems({ mail: 'smtp', smtp: { host: 'localhost', encryption: 'none', from: 'a@b.c' } })).toEqual(
    [],
  )
  const missing = createMailer(
    settings({ smtp: { ...settings().smtp, passwordFile: join(folder, 'none') } }),
    log,
  )
  expect(missing).toMatchObject({ ok: false })
})

describe('what a mail says', () => {
  const link = { subject: 'Your password', text: 'https://portal.example/password?link=secret-of-somebody' }

  test('lies sealed until it is sent, and is read by whoever sends it', async () => {
    await queue(link)
    const [row] = await rowsNow()
    expect(row).toMatchObject({ subject: null, body: null, key_id: 'k1', to_address: 'ada@example.com' })
    expect(JSON.stringify(row)).not.toMatch(/secret|password/)
    await deliver()
    expect(server.mails[0]?.message).toMatch(/Subject: Your password/)
    expect(server.mails[0]?.message.replaceAll('=\r\n', '')).toContain('secret-of-somebody')
  })

  test('opens for no other address, nor altered: it is given up and said, unread', async () => {
    for (let i = 0; i < 2; i += 1) await queue(link)
    const [moved, altered] = await rowsNow()
    const change = (id: number, change: Readonly<Record<string, string>>) =>
      plane.store.read((rows) => rows.updateTable('mail').set(change).where('id', '=', id).execute())
    await change(moved!.id, { to_address: 'mallory@example.com' })
    const sealed = altered!.sealed ?? ''
    await change(altered!.id, { sealed: `${sealed.slice(0, -2)}${sealed.endsWith('AA') ? 'BB' : 'AA'}` })
    await deliver()
    expect([server.mails, await waiting(), counts]).toEqual([[], 0, ['given-up', 'given-up']])
    const errors = log.lines.filter(({ level }) => level === 'error')
    expect(errors).toHaveLength(2)
    expect(JSON.stringify(errors)).not.toMatch(/secret|mallory/)
  })

  test('waits for a control plane that has its key, and is given up in the end where none has', async () => {
    await publishMailKey(plane.store, keyringOf('k2', 'k1'))
    await queue(link)
    await deliver()
    expect([server.mails, await waiting(), counts]).toEqual([[], 1, ['retried']])
    await plane.store.read((rows) => rows.updateTable('mail').set({ tries: 11, due_at: 0 }).execute())
    keyring = keyringOf('k2', 'k1')
    await deliver()
    expect([server.mails.length, await waiting()]).toEqual([1, 0])
    await queue(link)
    await plane.store.read((rows) => rows.updateTable('mail').set({ tries: 11 }).execute())
    keyring = keyringOf('k1')
    await deliver()
    expect([server.mails.length, await waiting(), counts.at(-1)]).toEqual([1, 0, 'given-up'])
  })

  test('is not queued at all where the key that it is to be sealed with cannot be read', async () => {
    await plane.store.read((rows) =>
      rows.updateTable('setting').set({ value: '{"keyId":"k9"}' }).where('key', '=', 'mail-key').execute(),
    )
    await queue(link)
    expect(await rowsNow()).toEqual([])
    await publishMailKey(plane.store, keyring)
    await queue(link)
    expect(await rowsNow()).toMatchObject([{ body: null, key_id: 'k1' }])
  })

  test('that was queued in the clear by an earlier version is sealed at the start', async () => {
    await plane.store.read((rows) => rows.deleteFrom('setting').where('key', '=', 'mail-key').execute())
    await queue(link)
    expect(await rowsNow()).toMatchObject([{ body: link.text, sealed: null }])
    await publishMailKey(plane.store, keyring)
    expect(await rowsNow()).toMatchObject([{ subject: null, body: null, key_id: 'k1' }])
    await deliver()
    expect(server.mails).toHaveLength(1)
  })

  test('is sealed anew when keys are rotated, and sent after the old one is out', async () => {
    await queue(link)
    const both = keyringOf('k2', 'k1')
    expect((await plane.store.read(countKeyUses)).get('k1')).toEqual({ secrets: 1, recoveryCodes: 0 })
    expect(await retireKeys(plane.store, both, ['k1'], plane.deed())).toBeNull()
    expect(await rotateSecrets(plane.store, both, plane.deed())).toEqual({ resealed: 1, unreadable: 0 })
    expect(await retireKeys(plane.store, both, ['k1'], plane.deed())).toBe(0)
    await queue(link)
    keyring = keyringOf('k2')
    expect((await rowsNow()).map(({ key_id: id }) => id)).toEqual(['k2', 'k2'])
    await deliver()
    expect(server.mails).toHaveLength(2)
  })
})
