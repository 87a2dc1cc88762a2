/**
 * Goal: a passkey alone signs in whom it belongs to, once a challenge, in the browser that was asked, and nobody else; it
 * counts as their second factor too. Method: the portal asked without a socket, and a device in software that lies when told.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { beginSignIn, finishSignIn, type OwnUpstream } from '../../../admin/own-sign-in/visits.ts'
import type { SessionRow } from '../../../admin/store/sessions.ts'
import { hashToken, newToken } from '../../../runtime/token.ts'
import { createSoftwareAuthenticator, type Quirks } from '../../support/software-authenticator.ts'
import { north } from '../practice-store.ts'
import {
  application,
  createPortalStage,
  heading,
  optionsOn,
  origin,
  type PortalStage,
  text,
  tokenOn,
} from './portal-stage.ts'

let stage: PortalStage
let session: SessionRow
let device: ReturnType<typeof createSoftwareAuthenticator>
let person = 0
let peers = 0
/** The practice of the application; `null`: nobody's in particular. */
let fixed: string | null = null
const own: OwnUpstream = {
  ...{ providers: [], password: true, passkey: true },
  provisioning: 'deny',
  get practice() {
    return fixed
  },
}

beforeAll(async () => {
  stage = await createPortalStage({ own })
}, 60_000)
afterAll(() => stage?.close())
beforeEach(async () => {
  // What was tried before counts no more.
  stage.clock.advance(3_600_000)
  person += 1
  session = await stage.signIn(`person${person}`)
  device = await makePasskey(session)
})

/** A device with a passkey of somebody. */
const makePasskey = async (who: SessionRow) => {
  const made = createSoftwareAuthenticator(origin)
  const cookie = await stage.arrive(who, { reason: 'two-factor-not-enrolled' })
  const html = await text(stage.get('/passkey', cookie))
  await stage.post('/passkey', cookie, {
    token: tokenOn(html),
    answer: made.create(optionsOn(html)),
    name: '',
  })
  return made
}

/** A browser at the page of signing in: its cookie, the page, and what was begun. */
const arrive = async () => {
  peers += 1
  const beginHash = hashToken(newToken())
  const begun = { beginHash, upstream: 'app', origin: application, to: '/schedule' }
  await beginSignIn(stage.store, begun, stage.clock.now())
  const opened = await stage.request(`/sign-in?begin=${beginHash}`, {}, `198.19.${peers >> 8}.${peers & 255}`)
  const cookie = opened.headers.get('set-cookie')?.split(';')[0] ?? ''
  return { cookie, beginHash, html: await text(stage.get('/sign-in', cookie)) }
}
type Arrived = Awaited<ReturnType<typeof arrive>>

const send = ({ cookie, html }: Arrived, answer: string) =>
  stage.post('/sign-in/passkey', cookie, { token: tokenOn(html), answer })
const signIn = async (with_ = device, quirks: Quirks = {}) => {
  const browser = await arrive()
  return { ...browser, answer: await send(browser, with_.show(optionsOn(browser.html), quirks)) }
}
const proofOf = (answer: Response): string =>
  new URL(answer.headers.get('location') ?? '/', origin).searchParams.get('signed-in') ?? ''
const finish = (beginHash: string, answer: Response) =>
  finishSignIn(
    stage.store,
    {
      ...{
        upstream: 'app',
        beginHash,
        proofHash: hashToken(proofOf(answer)),
        tokenHash: hashToken(newToken()),
      },
      ...{ address: '203.0.113.9', device: 'Firefox', replaces: null },
    },
    own,
    stage.clock.now(),
  )
const set = (change: { readonly suspended: boolean }) =>
  stage.store.read((rows) =>
    rows.updateTable('app_user').set(change).where('id', '=', session.user_id).execute(),
  )
const failures = () =>
  stage.store.read((rows) =>
    rows
      .selectFrom('security_event')
      .select('body')
      .where('target_id', '=', session.user_id)
      .where('action', '=', 'user.sign-in-failed')
      .where('practice', '=', north)
      .execute(),
  )
const refused = '/sign-in?said=no-passkey'

describe('signing in with a passkey', () => {
  test('asks for any passkey of this origin, with its person verified, and opens their session with a factor', async () => {
    const { beginHash, html, answer } = await signIn()
    const asked = JSON.parse(optionsOn(html)) as Record<string, unknown>
    expect(asked).toMatchObject({ userVerification: 'required', rpId: 'portal.example' })
    expect(asked).not.toHaveProperty('allowCredentials')
    expect(html).not.toContain(`person${person}`)
    expect(answer.headers.get('location')).toBe(
      `${application}/.gatehouse/access?signed-in=${proofOf(answer)}`,
    )
    const verifiedAt = stage.clock.now()
    expect(await finish(beginHash, answer)).toMatchObject({
      opened: {
        outcome: 'opened',
        session: {
          ...{ user_id: session.user_id, method: 'own-passkey' },
          // Nobody has vouched for it yet.
          ...{ factor_method: 'unvouched-passkey', factor_verified_at: verifiedAt },
        },
      },
      to: '/schedule',
    })
  })

  test('counts as more than a code once it is vouched for', async () => {
    await stage.store.read((rows) =>
      rows
        .updateTable('factor')
        .set({ vouched_at: stage.clock.now() })
        .where('user_id', '=', session.user_id)
        .execute(),
    )
    const { beginHash, answer } = await signIn()
    expect(await finish(beginHash, answer)).toMatchObject({
      opened: { session: { factor_method: 'passkey' } },
    })
  })

  test('counts once a challenge, and only in the browser that was asked', async () => {
    const browser = await arrive()
    const other = await arrive()
    const shown = device.show(optionsOn(browser.html))
    expect((await send(other, shown)).headers.get('location')).toBe(refused)
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(browser, shown)))
    expect(answers.filter((answer) => proofOf(answer) !== '')).toHaveLength(1)
    const again = await arrive()
    expect((await send(again, shown)).headers.get('location')).toBe(refused)
    // A wrong answer takes the challenge along.
    const third = await arrive()
    const right = device.show(optionsOn(third.html))
    expect((await send(third, 'nonsense')).headers.get('location')).toBe(refused)
    expect((await send(third, right)).headers.get('location')).toBe(refused)
  })

  test.each<readonly [string, Quirks]>([
    ['an unverified person', { flags: 1 }],
    ['another origin', { origin: 'https://portal.example.attacker.test' }],
    ['another host', { rpId: 'attacker.test' }],
    ['a frame', { framed: true }],
    ['a strange key', { strangeKey: true }],
    ['a counter that stands still', { counter: 1 }],
  ])('%s signs nobody in, with the one answer, and is recorded', async (_, quirks) => {
    const { answer } = await signIn(device, quirks)
    expect(answer.headers.get('location')).toBe(refused)
    const [failed] = await failures()
    expect(JSON.parse(failed?.body ?? '{}')).toMatchObject({ after: { method: 'own-passkey' } })
  })

  test('suspended and unknown have that answer too', async () => {
    await set({ suspended: true })
    expect((await signIn()).answer.headers.get('location')).toBe(refused)
    await set({ suspended: false })
    const unknown = createSoftwareAuthenticator(origin)
    const challenge = Buffer.alloc(32).toString('base64url')
    const user = { id: Buffer.from('nobody').toString('base64url') }
    unknown.create(JSON.stringify({ challenge, rp: { id: 'portal.example' }, user }))
    expect((await signIn(unknown)).answer.headers.get('location')).toBe(refused)
    const { cookie, html } = await arrive()
    const said = await text(stage.get(refused, cookie))
    expect(said).toContain('Nobody was signed in with that passkey.')
    expect(heading(html)).toBe('Sign in')
  })

  test('an answer that names no person, or another one, counts for nobody', async () => {
    for (const userHandle of [null, Buffer.from('somebody else').toString('base64url')]) {
      const browser = await arrive()
      const shown = JSON.parse(device.show(optionsOn(browser.html))) as { response: object }
      const changed = { ...shown, response: { ...shown.response, userHandle } }
      expect((await send(browser, JSON.stringify(changed))).headers.get('location')).toBe(refused)
    }
  })

  test('tries from one network are counted, and the right one comes too late then', async () => {
    const outcomes: (string | null)[] = []
    for (let count = 0; count < 31; count += 1) {
      const browser = await arrive()
      outcomes.push((await send(browser, 'nonsense')).headers.get('location'))
    }
    expect(outcomes.slice(0, 30)).toEqual(Array.from({ length: 30 }, () => refused))
    expect(outcomes.at(-1)).toBe('/sign-in?said=wait-1')
    expect((await signIn()).answer.headers.get('location')).toBe('/sign-in?said=wait-1')
  })

  test('is not offered, nor taken, where the practice has closed that way', async () => {
    const close = (passkey: boolean) =>
      stage.store.read(async (rows) => {
        const { document } = await rows
          .selectFrom('policy_revision')
          .select('document')
          .where('practice', '=', north)
          .executeTakeFirstOrThrow()
        const changed = JSON.stringify({ ...document, signIn: { ...document.signIn, passkey } })
        await rows
          .updateTable('policy_revision')
          .set({ document: changed })
          .where('practice', '=', north)
          .execute()
      })
    await close(false)
    // Whose practice it is, is known with the person only.
    const { beginHash, answer } = await signIn()
    expect(await finish(beginHash, answer)).toMatchObject({ opened: { outcome: 'way-closed' } })
    const open = await arrive()
    fixed = north
    expect(await text(stage.get('/sign-in', open.cookie))).not.toContain('passkey')
    const sent = await send(open, device.show(optionsOn(open.html)))
    expect([sent.status, heading(await sent.text())]).toEqual([403, 'This step is over'])
    fixed = null
    await close(true)
  })
})
