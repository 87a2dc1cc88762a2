/**
 * Goal: an admin has a member sent a link to set their password, or is handed it once, and nobody gains a practice by it;
 * a practice closes a way of signing in.
 * Method: the API asked by an owner of two practices and an admin of one; mails kept by the stage.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { findLinkHolder } from '../../../admin/own-sign-in/password-links.ts'
import { type Browser, createStage, type Stage } from './admin-stage.ts'

let stage: Stage
let root: Browser
let hilly: Browser
beforeAll(async () => {
  stage = await createStage()
  root = await stage.signIn('root')
  hilly = await stage.signIn('hilly')
})
afterAll(() => stage?.close())

type Given = { readonly mailedTo: string | null; readonly url: string | null; readonly endsAt: number }

const ask = (browser: Browser, practice: string, user: string, body: object = {}) =>
  browser.ask('POST', `/api/practices/${practice}/users/${user}/password-link`, { json: body })

const events = () =>
  stage.store.read((rows) =>
    rows
      .selectFrom('security_event')
      .select(['practice', 'body'])
      .where('action', '=', 'user.password-link-made')
      .orderBy('at')
      .orderBy('practice')
      .execute(),
  )

it('is handed out once where its person cannot be sent a mail, and recorded in all their practices', async () => {
  const answer = await ask(root, 'lakeside', 'usr_olga', { reason: 'first day' })
  expect(answer.status).toBe(200)
  const given = (await answer.json()) as Given
  expect(given).toMatchObject({ mailedTo: null, endsAt: stage.clock.now() + 1_800_000 })
  const link =
    /^https:\/\/portal\.example\/password\?link=([A-Za-z0-9_-]{43})$/.exec(given.url ?? '')?.[1] ?? ''
  expect(await findLinkHolder(stage.store, link, stage.clock.now())).toMatchObject({ user: 'usr_olga' })
  const recorded = await events()
  expect(recorded.map(({ practice }) => practice)).toEqual(['hilltop', 'lakeside'])
  expect(recorded[0]?.body).toContain('"reason":"first day"')
  expect(recorded[0]?.body).not.toContain(link)
})

it('is not handed to an admin of one practice for somebody who belongs to another too', async () => {
  expect((await ask(hilly, 'hilltop', 'usr_olga')).status).toBe(403)
  expect((await ask(hilly, 'lakeside', 'usr_olga')).status).toBe(403)
  expect((await ask(root, 'hilltop', 'usr_fred')).status).toBe(404)
  expect(await events()).toHaveLength(2)
})

it('is mailed to a login name that is an address, by whoever may edit people there, three times an hour', async () => {
  await stage.store.read((rows) =>
    rows.updateTable('app_user').set({ login: 'olga@demo.test' }).where('id', '=', 'usr_olga').execute(),
  )
  const answer = await ask(hilly, 'hilltop', 'usr_olga')
  const text = await answer.text()
  expect(JSON.parse(text)).toMatchObject({ mailedTo: 'olga@demo.test', url: null })
  const link = /\?link=([A-Za-z0-9_-]{43})$/m.exec(stage.mails.at(-1)?.text ?? '')?.[1] ?? ''
  expect(text).not.toContain(link)
  expect(stage.mails.at(-1)).toMatchObject({ to: 'olga@demo.test', subject: 'Set your password' })
  expect((await ask(hilly, 'hilltop', 'usr_olga')).status).toBe(200)
  expect((await ask(hilly, 'hilltop', 'usr_olga')).status).toBe(429)
  expect(stage.mails).toHaveLength(2)
})

it('is over with the sign-in name it was sent to', async () => {
  const given = (await (await ask(root, 'lakeside', 'usr_fred')).json()) as Given
  const link = given.url?.slice(-43) ?? ''
  expect(await findLinkHolder(stage.store, link, stage.clock.now())).toMatchObject({ user: 'usr_fred' })
  const users = '/api/practices/lakeside/users'
  const { version } = (await (await root.ask('GET', users)).json()) as { version: number }
  const renamed = await root.ask('PATCH', `${users}/usr_fred`, {
    json: { login: 'freddy' },
    revision: version,
  })
  expect(renamed.status).toBe(200)
  expect(await findLinkHolder(stage.store, link, stage.clock.now())).toBeNull()
})

it('leaves one way of signing in open; closing one waits to be confirmed and is recorded', async () => {
  const of = '/api/practices/hilltop'
  type General = { readonly revision: number; readonly signIn: Record<string, boolean> }
  const general = async () => (await (await root.ask('GET', `${of}/general`)).json()) as General
  const { revision, signIn } = await general()
  expect(signIn).toEqual({ password: true, passkey: true, provider: true })
  const save = (wish: object) =>
    root.ask('PUT', `${of}/controls/sign-in`, { json: { signIn: wish }, revision })
  expect((await save({ password: false, passkey: false, provider: false })).status).toBe(422)
  expect((await save({ password: false })).status).toBe(422)
  const closed = { ...signIn, password: false }
  expect((await save(closed)).status).toBe(200)
  expect((await general()).signIn).toEqual(closed)
  expect((await save(signIn)).status).toBe(409)
  const recorded = await stage.store.read((rows) =>
    rows
      .selectFrom('security_event')
      .select('body')
      .where('action', '=', 'control.sign-in.changed')
      .execute(),
  )
  expect(recorded).toHaveLength(1)
})

it('is not made where nobody signs in with a password', async () => {
  const without = await createStage({ withoutPasswords: true })
  try {
    expect((await ask(await without.signIn('root'), 'lakeside', 'usr_olga')).status).toBe(422)
  } finally {
    await without.close()
  }
})
