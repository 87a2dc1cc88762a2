/**
 * Goal: a login name and a password of the directory's own sign in whom they belong to, tell nobody anything else, and are
 * set by a link that works once. Method: a real database, the portal asked without a socket, mails kept by the test.
 */
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { layPasswordLink } from '../../../admin/own-sign-in/password-links.ts'
import { beginSignIn, finishSignIn, type OwnUpstream } from '../../../admin/own-sign-in/visits.ts'
import { hashPassword } from '../../../admin/passwords.ts'
import { createPortalApp, type PortalAppOptions } from '../../../admin/portal/portal-app.ts'
import { createFactorKeyring } from '../../../admin/two-factor/factor-keys.ts'
import { hashToken, newToken } from '../../../runtime/token.ts'
import { createListeningLog, createPracticeStore, north, sessionRequest } from '../practice-store.ts'
import { heading, tokenOn } from './portal-stage.ts'

const portal = 'https://portal.example'
const application = 'https://lakeside.example:8443'
const password = 'lamp otter thirteen violin'
const fiona = 'fiona.frontdesk@demo.test'

type Mail = { readonly to: string; readonly subject: string; readonly text: string }

let stage: Awaited<ReturnType<typeof createPracticeStore>>
let app: ReturnType<typeof createPortalApp>
let log: ReturnType<typeof createListeningLog>
let text: string
let mails: Mail[] = []
let peers = 0
const upstream: OwnUpstream = {
  providers: [],
  password: true,
  passkey: false,
  provisioning: 'deny',
  practice: null,
}

/** Somebody of the directory, whom another application made known; their id. */
const makeKnown = async (name: string, email: string | null): Promise<string> =>
  (await stage.signIn(name, { identity: { ...sessionRequest(name).identity, email } })).user_id

const givePassword = (user: string) =>
  stage.store.read((rows) =>
    rows
      .insertInto('own_password')
      .values({ user_id: user, password_hash: text, set_at: stage.clock.now() })
      .execute(),
  )

const people: Record<string, string> = {}

beforeAll(async () => {
  stage = await createPracticeStore()
  text = await hashPassword(password)
  people['fiona'] = await makeKnown('fiona', fiona)
  for (const name of ['gone', 'blocked', 'empty', 'plain'])
    people[name] = await makeKnown(name, name === 'plain' ? null : `${name}@demo.test`)
  for (const name of ['fiona', 'gone', 'blocked']) await givePassword(people[name]!)
  await stage.store.read((rows) =>
    rows.updateTable('app_user').set({ suspended: true }).where('id', '=', people['gone']!).execute(),
  )
  await stage.store.read((rows) =>
    rows
      .updateTable('membership')
      .set({ suspended: true })
      .where('user_id', '=', people['blocked']!)
      .execute(),
  )
}, 60_000)
afterAll(() => stage?.close())
const ways = { secret: () => null, takePasswords: true }
const options = (): PortalAppOptions => ({
  parts: {
    store: stage.store,
    keyring: createFactorKeyring([{ id: 'k1', bytes: Buffer.alloc(32, 7) }]),
    changed: () => undefined,
  },
  origin: portal,
  trustedProxies: [],
  upstreams: { ...ways, find: (id) => (id === 'app' ? upstream : null) },
  mail: async (_, mail) => mails.push(mail) > 0,
  now: stage.clock.now,
  log,
})
beforeEach(() => {
  mails = []
  log = createListeningLog()
  app = createPortalApp(options())
})

const ask = (path: string, cookie: string, init: RequestInit = {}): Promise<Response> => {
  peers += 1
  const headers = { ...(cookie === '' ? {} : { cookie }), ...init.headers }
  const asked = new Request(new URL(path, portal), { redirect: 'manual', ...init, headers })
  return Promise.resolve(app.fetch(asked, { peer: `198.18.${peers >> 8}.${peers & 255}` }))
}

const post = (
  path: string,
  cookie: string,
  fields: Readonly<Record<string, string>>,
  headers: Record<string, string> = {},
): Promise<Response> =>
  ask(path, cookie, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: { origin: portal, 'sec-fetch-site': 'same-origin', ...headers },
  })

/** A browser at the page of signing in: its cookie, its form's token, and what was begun. */
const arrive = async () => {
  const beginHash = hashToken(newToken())
  const asked = { beginHash, upstream: 'app', origin: application, to: '/schedule' }
  await beginSignIn(stage.store, asked, stage.clock.now())
  const opened = await ask(`/sign-in?begin=${beginHash}`, '')
  const cookie = opened.headers.get('set-cookie')?.split(';')[0] ?? ''
  const html = await (await ask('/sign-in', cookie)).text()
  return { cookie, beginHash, html, token: tokenOn(html) }
}

const signIn = async (login: string, typed: string) => {
  const browser = await arrive()
  const { cookie, token } = browser
  return { ...browser, answer: await post('/sign-in/password', cookie, { token, login, password: typed }) }
}

const proofOf = (answer: Response): string =>
  new URL(answer.headers.get('location') ?? '/', portal).searchParams.get('signed-in') ?? ''

const finish = async (beginHash: string, proof: string) =>
  finishSignIn(
    stage.store,
    {
      ...{ upstream: 'app', beginHash, proofHash: hashToken(proof), tokenHash: hashToken(newToken()) },
      ...{ address: '203.0.113.9', device: 'Firefox', replaces: null },
    },
    upstream,
    stage.clock.now(),
  )

const eventsOf = (user: string) =>
  stage.store.read((rows) =>
    rows
      .selectFrom('security_event')
      .select(['practice', 'action', 'body'])
      .where('target_id', '=', user)
      .where('action', 'like', 'user.%')
      .orderBy('at')
      .orderBy('seq')
      .execute(),
  )

const actionsOf = async (user: string) => (await eventsOf(user)).map(({ action }) => action)

describe('signing in', () => {
  test('with name and password goes back with a proof that opens a session of that person', async () => {
    const { html } = await arrive()
    expect(html).toMatch(/name="login" autocomplete="username"/)
    expect(html).toMatch(/name="password" type="password" autocomplete="current-password"/)
    expect(html).not.toMatch(/<script/)
    const { answer, beginHash } = await signIn(` ${fiona.toUpperCase()} `, password)
    expect(answer.status).toBe(303)
    expect(answer.headers.get('location')).toBe(
      `${application}/.gatehouse/access?signed-in=${proofOf(answer)}`,
    )
    expect(answer.headers.get('set-cookie')).toContain('Max-Age=0')
    const opened = await finish(beginHash, proofOf(answer))
    expect(opened).toMatchObject({
      opened: {
        outcome: 'opened',
        session: { user_id: people['fiona'], method: 'own-password', factor_method: null, app_user: fiona },
      },
      to: '/schedule',
    })
    expect(await finish(beginHash, proofOf(answer))).toMatchObject({ opened: { outcome: 'no-proof' } })
    expect(mails).toEqual([])
  })

  test('is the same person where that name is somebody else’s in the application', async () => {
    const other = people['empty']!
    await stage.store.read((rows) =>
      rows
        .updateTable('app_identity')
        .set({ user_id: other })
        .where('upstream', '=', 'app')
        .where('folded', '=', fiona)
        .execute(),
    )
    const { answer, beginHash } = await signIn(fiona, password)
    const { opened } = await finish(beginHash, proofOf(answer))
    expect(opened).toMatchObject({ session: { user_id: people['fiona'], app_user: people['fiona'] } })
  })

  test('tells the same of an unknown name, a wrong password, no password and somebody suspended', async () => {
    const tried: readonly (readonly [string, string])[] = [
      ['nobody@demo.test', password],
      [fiona, 'another lamp for the otter'],
      ['empty@demo.test', password],
      ['gone@demo.test', password],
      ['blocked@demo.test', password],
      ['', ''],
    ]
    for (const [login, typed] of tried) {
      const { answer, cookie } = await signIn(login, typed)
      expect([answer.status, answer.headers.get('location'), await answer.text()]).toEqual([
        ...[303, '/sign-in?said=wrong', ''],
      ])
      const shown = await (await ask('/sign-in?said=wrong', cookie)).text()
      expect(shown).toContain('role="alert"')
      expect(shown).not.toContain('demo.test')
    }
    // Of people that there are, each practice of theirs is told, without the password.
    await expect.poll(() => actionsOf(people['fiona']!)).toContain('user.sign-in-failed')
    const bodies = (await eventsOf(people['fiona']!)).map(({ body }) => body).join()
    expect(bodies).not.toContain('another lamp')
  })

  test('counts one name in all its spellings, and says how long to wait', async () => {
    const spellings = [fiona, fiona.toUpperCase(), ` ${fiona}`, `${fiona} `, 'Fiona.Frontdesk@Demo.Test']
    const { cookie, token } = await arrive()
    const attempt = (login: string) =>
      app.fetch(
        new Request(`${portal}/sign-in/password`, {
          ...{ method: 'POST', redirect: 'manual' },
          body: new URLSearchParams({ token, login, password: 'x' }),
          headers: { cookie, origin: portal },
        }),
        { peer: '192.0.2.200' },
      )
    for (const login of spellings)
      expect((await attempt(login)).headers.get('location')).toBe('/sign-in?said=wrong')
    expect((await attempt(fiona)).headers.get('location')).toBe('/sign-in?said=wait-1')
    expect(await (await ask('/sign-in?said=wait-1', cookie)).text()).toContain('Wait a minute')
    // Elsewhere they get in all the same.
    expect(proofOf((await signIn(fiona, password)).answer)).not.toBe('')
  })

  test('is not done by another site’s form, nor with another browser’s', async () => {
    const { cookie, token } = await arrive()
    const theirs = await arrive()
    const fields = { token, login: fiona, password }
    const refused = [
      await post('/sign-in/password', cookie, fields, { origin: 'https://evil.example' }),
      await post('/sign-in/password', cookie, fields, { 'sec-fetch-site': 'cross-site' }),
      await post('/sign-in/password', cookie, { ...fields, token: theirs.token }),
      await post('/sign-in/password', '', fields),
      await post('/sign-in/password-link', theirs.cookie, { token, login: fiona }),
    ]
    expect(refused.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403])
    expect(mails).toEqual([])
  })
})

const linkIn = (mail: Mail | undefined): string =>
  /\/password\?link=([A-Za-z0-9_-]{43})$/m.exec(mail?.text ?? '')?.[1] ?? ''

/** Opens a link as a browser does: the cookie that it became, and the page. */
const openLink = async (link: string) => {
  const led = await ask(`/password?link=${link}`, '')
  expect([led.status, led.headers.get('location')]).toEqual([303, '/password'])
  const cookie = led.headers.get('set-cookie')?.split(';')[0] ?? ''
  const shown = await ask('/password', cookie)
  return { cookie, status: shown.status, html: await shown.text() }
}

describe('a practice that closes the way', () => {
  const close = (signIn: object | undefined) =>
    stage.store.read((rows) =>
      sql`update policy_revision set document = ${
        signIn === undefined
          ? sql`document - 'signIn'`
          : sql`jsonb_set(document, '{signIn}', ${JSON.stringify(signIn)}::jsonb)`
      } where practice = ${north}`.execute(rows),
    )

  test('opens no session for its people, and says so beforehand where the application is its own', async () => {
    const { answer, beginHash } = await signIn(fiona, password)
    await close({ password: false, passkey: true, provider: true })
    expect(await finish(beginHash, proofOf(answer))).toMatchObject({ opened: { outcome: 'way-closed' } })
    const fixed = { ...upstream, practice: north }
    app = createPortalApp({ ...options(), upstreams: { ...ways, find: () => fixed } })
    const { html, cookie, token } = await arrive()
    expect(html).not.toContain('type="password"')
    expect((await post('/sign-in/password', cookie, { token, login: fiona, password })).status).toBe(403)
    // A document of before there were switches closes nothing.
    await close(undefined)
    expect((await arrive()).html).toContain('type="password"')
    expect(proofOf((await signIn(fiona, password)).answer)).not.toBe('')
  })
})

describe('a link to set a password', () => {
  const askLink = async (login: string): Promise<string> => {
    const { cookie, token } = await arrive()
    const answer = await post('/sign-in/password-link', cookie, { token, login })
    const to = answer.headers.get('location') ?? ''
    return heading(await (await ask(to, cookie)).text())
  }

  test('is asked for with the same answer for everybody, and goes to a login name that is an address', async () => {
    const headings = []
    for (const login of [
      'nobody@demo.test',
      'gone@demo.test',
      'blocked@demo.test',
      'plain',
      'EMPTY@demo.test',
    ])
      headings.push(await askLink(login))
    expect(new Set(headings)).toEqual(new Set(['Look into your mailbox']))
    await expect.poll(() => mails.length).toBe(1)
    expect(mails[0]).toMatchObject({ to: 'empty@demo.test' })
    // A mailbox is not filled.
    for (let count = 0; count < 4; count += 1) await askLink('empty@demo.test')
    await expect.poll(() => mails.length).toBe(3)
    expect(new Set(mails.map(linkIn)).size).toBe(3)
    const made = (await eventsOf(people['empty']!)).filter(
      ({ action }) => action === 'user.password-link-made',
    )
    expect(made.map(({ practice }) => practice)).toEqual([north, north, north])
    expect(made.some(({ body }) => mails.some((mail) => body.includes(linkIn(mail))))).toBe(false)
  })

  test('sets it once, ends all that was open, and tells its person', async () => {
    const user = people['fiona']!
    const lay = () => stage.store.transaction((tx) => layPasswordLink(tx, user, stage.clock.now()))
    const [link, other] = [(await lay()) ?? '', (await lay()) ?? '']
    const before = await stage.signIn('fiona')
    const pending = await signIn(fiona, password)
    // Mail programs open links too.
    await openLink(link)
    const { cookie, html } = await openLink(link)
    expect(html).toContain(fiona)
    expect(html).toMatch(/autocomplete="new-password"/)
    const token = tokenOn(html)
    const unfit: readonly (readonly [string, string, RegExp])[] = [
      ['a short one', 'a short one', /12 characters/],
      ['one lamp and an otter', 'another lamp and an otter', /differ/],
      ['fiona.frontdesk 77', 'fiona.frontdesk 77', /own name/],
      ['practice-north-77', 'practice-north-77', /own name/],
      ['x'.repeat(190), 'x'.repeat(190), /128/],
    ]
    for (const [first, again, said] of unfit) {
      const answer = await post('/password', cookie, { token, password: first, again })
      expect(answer.status).toBe(422)
      const shown = await answer.text()
      expect(shown).toMatch(said)
      expect(shown).not.toContain(first)
    }
    const next = 'eleven spoons in a canoe'
    const forged = await post('/password', cookie, { token: 'x', password: next, again: next })
    expect(forged.status).toBe(403)
    const both = await Promise.all(
      [0, 1].map(() => post('/password', cookie, { token, password: next, again: next })),
    )
    expect(both.map(({ status }) => status).sort()).toEqual([200, 403])
    expect((await openLink(link)).status).toBe(403)
    expect((await openLink(other)).status).toBe(403)
    expect(mails.map(({ to, subject }) => [to, subject])).toEqual([[fiona, 'Your password was changed']])
    const ended = await stage.store.read((rows) =>
      rows.selectFrom('session').select('ended_why').where('id', '=', before.id).executeTakeFirstOrThrow(),
    )
    expect(ended.ended_why).toBe('revoked')
    const member = await stage.store.read((rows) =>
      rows.selectFrom('membership').select('epoch').where('user_id', '=', user).executeTakeFirstOrThrow(),
    )
    expect(member.epoch).toBe(1)
    // A sign-in with the old password that was on its way is over too.
    expect(await finish(pending.beginHash, proofOf(pending.answer))).toMatchObject({
      opened: { outcome: 'no-proof' },
    })
    expect((await signIn(fiona, password)).answer.headers.get('location')).toBe('/sign-in?said=wrong')
    expect(proofOf((await signIn(fiona, next)).answer)).not.toBe('')
    const [changed] = (await eventsOf(user)).filter(({ action }) => action === 'user.password-changed')
    expect(changed?.body).not.toContain(next)
  })

  test('runs out after half an hour, and is nobody’s whose account is suspended', async () => {
    const lay = (name: string) =>
      stage.store.transaction((tx) => layPasswordLink(tx, people[name]!, stage.clock.now()))
    expect((await openLink((await lay('gone')) ?? '')).status).toBe(403)
    const late = (await lay('plain')) ?? ''
    expect((await openLink(late)).status).toBe(200)
    stage.clock.advance(30 * 60_000)
    expect((await openLink(late)).status).toBe(403)
    expect((await ask('/password?link=x', '')).status).toBe(403)
    expect((await ask('/password', '')).status).toBe(403)
  })
})

test('where no mail can be sent, people are told whom to ask', async () => {
  const mailless = createPortalApp({ ...options(), mail: null })
  const { cookie, html } = await arrive()
  expect(html).toContain('href="/sign-in/password-link"')
  const asked = (path: string) =>
    mailless.fetch(new Request(`${portal}${path}`, { headers: { cookie } }), { peer: '192.0.2.9' })
  expect(await (await asked('/sign-in')).text()).toContain('Ask the person who manages access')
  expect((await asked('/sign-in/password-link')).status).toBe(403)
})
