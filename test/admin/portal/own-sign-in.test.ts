/**
 * Goal: the portal signs in whom a provider vouches for, here and now and for this browser, and nobody by anything less.
 * Method: a real provider on a loopback port, which lies when told; a real database; the portal asked without a socket.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { beginSignIn, finishSignIn, type OwnUpstream } from '../../../admin/own-sign-in/visits.ts'
import { createPortalApp } from '../../../admin/portal/portal-app.ts'
import { forgetOldVisits } from '../../../admin/two-factor/expiry.ts'
import { createFactorKeyring } from '../../../admin/two-factor/factor-keys.ts'
import type { FinishSignIn } from '../../../runtime/internal.ts'
import { hashToken, newToken } from '../../../runtime/token.ts'
import { type Lies, type OidcProvider, startOidcProvider } from '../../support/oidc-provider.ts'
import { providerRules } from '../../support/own-identity.ts'
import { createListeningLog, createPracticeStore, north, sessionRequest } from '../practice-store.ts'

const portal = 'https://portal.example'
const application = 'https://lakeside.example:8443'
const secret = 'a secret: with/odd+signs%'

type Stage = Awaited<ReturnType<typeof createPracticeStore>>
let stage: Stage
let work: OidcProvider
let open: OidcProvider
let app: ReturnType<typeof createPortalApp>
let upstream: OwnUpstream
let log: ReturnType<typeof createListeningLog>
let peers = 0

const formed = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1)

beforeAll(async () => {
  stage = await createPracticeStore()
  work = await startOidcProvider(stage.clock.now, formed(secret))
  open = await startOidcProvider(stage.clock.now)
  // Somebody of the directory, whom another application made known.
  await stage.signIn('fiona', {
    identity: { ...sessionRequest('fiona').identity, email: 'fiona.frontdesk@demo.test' },
  })
}, 60_000)
afterAll(async () => {
  await Promise.all([work?.close(), open?.close(), stage?.close()])
})
beforeEach(() => {
  log = createListeningLog()
  upstream = {
    providers: [
      providerRules(work.issuer, { clientSecretFile: 'read' }),
      providerRules(open.issuer, { id: 'open', name: 'Open', match: 'sub' }),
    ],
    password: false,
    passkey: false,
    provisioning: 'deny',
    practice: null,
  }
  app = createPortalApp({
    parts: {
      store: stage.store,
      keyring: createFactorKeyring([{ id: 'k1', bytes: Buffer.alloc(32, 7) }]),
      changed: () => undefined,
    },
    origin: portal,
    trustedProxies: [],
    upstreams: {
      find: (id) => (id === 'app' ? upstream : null),
      takePasswords: false,
      secret: (_, provider) => (provider === 'work' ? secret : null),
    },
    now: stage.clock.now,
    log,
  })
})
afterEach(() => {
  for (const provider of [work, open]) {
    provider.state.lies = {}
    provider.state.person = { sub: 'sub-1', email: 'fiona.frontdesk@demo.test', email_verified: true }
  }
})

const get = (path: string, cookie = '', headers: Record<string, string> = {}): Promise<Response> => {
  peers += 1
  const peer = `198.18.${peers >> 8}.${peers & 255}`
  const asked = new Request(new URL(path, portal), {
    redirect: 'manual',
    headers: { ...(cookie === '' ? {} : { cookie }), ...headers },
  })
  return Promise.resolve(app.fetch(asked, { peer }))
}

/** What a gateway begins. */
const begin = async (): Promise<string> => {
  const beginHash = hashToken(newToken())
  const asked = { beginHash, upstream: 'app', origin: application, to: '/schedule?day=1' }
  await beginSignIn(stage.store, asked, stage.clock.now())
  return beginHash
}

/** A browser that opened the page: its cookie, and what was begun. */
const arrive = async (): Promise<{ readonly cookie: string; readonly beginHash: string }> => {
  const beginHash = await begin()
  const answer = await get(`/sign-in?begin=${beginHash}`)
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/sign-in'])
  return { cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '', beginHash }
}

/** Over to the provider: where it sends the browser back to. */
const goOver = async (cookie: string, provider = 'work'): Promise<string> => {
  const over = await get(`/sign-in/with/${provider}`, cookie)
  const back = await fetch(over.headers.get('location') ?? '', { redirect: 'manual' })
  return back.headers.get('location') ?? ''
}

const proofOf = (answer: Response): string | null =>
  new URL(answer.headers.get('location') ?? '/', portal).searchParams.get('signed-in')

const finish = (beginHash: string, proof: string, change: Partial<FinishSignIn> = {}) =>
  finishSignIn(
    stage.store,
    {
      ...{ upstream: 'app', beginHash, proofHash: hashToken(proof), tokenHash: hashToken(newToken()) },
      ...{ address: '203.0.113.9', device: 'Firefox', replaces: null, ...change },
    },
    upstream,
    stage.clock.now(),
  )

/** The whole way; what the portal answers to the provider's answer. */
const come = async (provider = 'work') => {
  const { cookie, beginHash } = await arrive()
  return { cookie, beginHash, answer: await get(await goOver(cookie, provider), cookie) }
}

describe('a sign-in with a provider', () => {
  test('asks it with state, nonce and S256, and goes back with a proof that opens a session once', async () => {
    const { cookie, beginHash } = await arrive()
    expect(cookie).toMatch(/^__Host-gatehouse-portal-sign-in=[A-Za-z0-9_-]{43}$/)
    const shown = await (await get('/sign-in', cookie)).text()
    expect(shown).toContain('lakeside.example:8443')
    expect(shown).toMatch(/href="\/sign-in\/with\/work">Continue with Work account<.*with\/open/s)
    const asked = new URL((await get('/sign-in/with/work', cookie)).headers.get('location') ?? '')
      .searchParams
    expect(asked.get('redirect_uri')).toBe(`${portal}/sign-in/from/work`)
    expect(asked.get('code_challenge_method')).toBe('S256')
    const names = ['state', 'nonce', 'code_challenge'].map((name) => asked.get(name))
    for (const one of names) expect(one).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(new Set(names).size).toBe(3)
    const answer = await get(await goOver(cookie), cookie)
    const proof = proofOf(answer) ?? ''
    expect(answer.headers.get('location')).toBe(`${application}/.gatehouse/access?signed-in=${proof}`)
    expect(answer.headers.get('set-cookie')).toContain('Max-Age=0')
    const tokenHash = hashToken(newToken())
    const opened = await finish(beginHash, proof, { tokenHash })
    expect(opened).toMatchObject({
      opened: { outcome: 'opened', session: { method: 'own-oidc', cookie_hash: null, held: false } },
      to: '/schedule?day=1',
    })
    // The same request once more opens nothing else; another one gets nothing.
    expect(await finish(beginHash, proof, { tokenHash })).toMatchObject({ opened: { outcome: 'opened' } })
    expect(await finish(beginHash, proof)).toMatchObject({ opened: { outcome: 'no-proof' } })
    const user = await stage.store.read((rows) =>
      rows
        .selectFrom('session as s')
        .innerJoin('app_user as u', 'u.id', 's.user_id')
        .select('u.login')
        .where('s.token_hash', '=', tokenHash)
        .executeTakeFirstOrThrow(),
    )
    expect(user.login).toBe('fiona.frontdesk@demo.test')
  })

  test('carries the present epochs: a revocation before it does not refuse it', async () => {
    await stage.store.read((rows) =>
      rows
        .updateTable('membership')
        .set({ epoch: 4, revoked_at: stage.clock.now() })
        .where('practice', '=', north)
        .execute(),
    )
    const { beginHash, answer } = await come()
    const { opened } = await finish(beginHash, proofOf(answer) ?? '')
    expect(opened).toMatchObject({ outcome: 'opened', session: { epochs: { [north]: 4 } } })
  })

  test('shows the client secret in the header, form-encoded, and none where there is none', async () => {
    await come()
    expect(work.state.clients.at(-1)).toBe(
      `Basic ${Buffer.from(`gatehouse:${formed(secret)}`).toString('base64')}`,
    )
    await come('open')
    expect(open.state.clients.at(-1)).toBeUndefined()
  })

  test('opens nothing for people whom the directory does not know, unless it is told to', async () => {
    work.state.person = { sub: 'sub-2', email: 'new@demo.test', email_verified: true, name: 'Nova' }
    const first = await come()
    expect(await finish(first.beginHash, proofOf(first.answer) ?? '')).toMatchObject({
      opened: { outcome: 'unknown-user' },
    })
    upstream = { ...upstream, provisioning: 'unassigned', practice: north }
    const second = await come()
    expect(await finish(second.beginHash, proofOf(second.answer) ?? '')).toMatchObject({
      opened: { outcome: 'opened', changed: [north] },
    })
  })

  test('by `sub` is somebody else than whoever has the address', async () => {
    const { beginHash, answer } = await come('open')
    expect(await finish(beginHash, proofOf(answer) ?? '')).toMatchObject({
      opened: { outcome: 'unknown-user' },
    })
  })
})

describe('a second factor that a provider tells of', () => {
  const seconds = (): number => Math.floor(stage.clock.now() / 1_000)
  const told = async (claims: Readonly<Record<string, unknown>>) => {
    work.state.lies = { claims }
    const { beginHash, answer } = await come()
    const { opened } = await finish(beginHash, proofOf(answer) ?? '')
    if (opened.outcome !== 'opened') throw new Error(opened.outcome)
    const { factor_method, factor_verified_at } = opened.session
    return [factor_method, factor_verified_at]
  }

  test('by amr or a listed acr is kept with its own time, and is fresher than nothing', async () => {
    upstream = {
      ...upstream,
      providers: [providerRules(work.issuer, { clientSecretFile: 'read', factorAcr: ['urn:mfa'] })],
    }
    const then = seconds() - 7_200
    expect(await told({ amr: ['pwd', 'mfa'], auth_time: then })).toEqual(['google', then * 1_000])
    expect(await told({ acr: 'urn:mfa', auth_time: then })).toEqual(['google', then * 1_000])
    const ahead = await told({ amr: ['otp'], auth_time: seconds() + 3_600 })
    expect(ahead).toEqual(['google', stage.clock.now()])
    for (const claims of [
      { amr: ['pwd', 'pin', 'kba'], auth_time: then },
      { amr: 'mfa', auth_time: then },
      { acr: 'urn:other', auth_time: then },
      { amr: ['mfa'] },
      { amr: ['mfa'], auth_time: 'yesterday' },
    ])
      expect(await told(claims)).toEqual([null, null])
  })
})

describe('an answer that is no good names nobody', () => {
  const at = (): number => Math.floor(stage.clock.now() / 1_000)
  const cases: readonly (readonly [string, () => Lies, string])[] = [
    ['another nonce', () => ({ claims: { nonce: 'x'.repeat(43) } }), 'refused'],
    ['no nonce', () => ({ claims: { nonce: undefined } }), 'refused'],
    ['another audience', () => ({ claims: { aud: 'somebody-else' } }), 'refused'],
    ['several audiences without azp', () => ({ claims: { aud: ['gatehouse', 'other'] } }), 'refused'],
    ['another authorized party', () => ({ claims: { azp: 'other' } }), 'refused'],
    ['another issuer', () => ({ claims: { iss: 'https://other.example' } }), 'refused'],
    ['run out', () => ({ claims: { iat: at() - 600, exp: at() - 60 } }), 'refused'],
    ['old, but never running out', () => ({ claims: { iat: at() - 3_600, exp: at() + 99_999 } }), 'refused'],
    ['no signature', () => ({ unsigned: true }), 'refused'],
    ['a strange key', () => ({ strangeKey: true }), 'refused'],
    ['an unverified address', () => ({ claims: { email_verified: false } }), 'not-verified'],
    ['"true" as text', () => ({ claims: { email_verified: 'true' } }), 'not-verified'],
    [
      'an address that lower case turns into hers',
      () => ({ claims: { email: 'fiona.frontdes\u212a@demo.test' } }),
      'not-verified',
    ],
    ['no address', () => ({ claims: { email: undefined } }), 'not-verified'],
    ['another issuer beside the code', () => ({ iss: 'https://other.example' }), 'refused'],
    ['no issuer beside the code', () => ({ iss: null }), 'refused'],
    ['the person said no', () => ({ refuses: true }), 'cancelled'],
  ]
  test.each(cases)('%s', async (_, lies, said) => {
    work.state.lies = lies()
    const { answer, cookie } = await come()
    expect(answer.headers.get('location')).toBe(`/sign-in?said=${said}`)
    expect(await (await get(`/sign-in?said=${said}`, cookie)).text()).toContain('role="alert"')
    expect(log.lines.map(({ level }) => level)).toEqual(['warn'])
    // The sign-in is still theirs to try again.
    work.state.lies = {}
    expect(proofOf(await get(await goOver(cookie), cookie))).not.toBeNull()
  })

  test('an address of a domain that is not allowed', async () => {
    upstream = {
      ...upstream,
      providers: [providerRules(open.issuer, { id: 'open', allowedDomains: ['practice.test'] })],
    }
    expect((await come('open')).answer.headers.get('location')).toBe('/sign-in?said=not-allowed')
    open.state.person = { ...open.state.person, email: 'a@evil.test@practice.test' }
    expect((await come('open')).answer.headers.get('location')).toBe('/sign-in?said=not-verified')
  })

  test('a provider that cannot be reached', async () => {
    upstream = { ...upstream, providers: [providerRules('http://127.0.0.1:9')] }
    const { cookie } = await arrive()
    expect((await get('/sign-in/with/work', cookie)).headers.get('location')).toBe('/sign-in?said=away')
  })
})

describe('what is not this browser’s, or not new', () => {
  test('an answer replayed: the try is over, and the provider does not take its code twice', async () => {
    const { cookie } = await arrive()
    work.state.lies = { claims: { nonce: 'x' } }
    const back = await goOver(cookie)
    expect((await get(back, cookie)).headers.get('location')).toBe('/sign-in?said=refused')
    work.state.lies = {}
    expect((await get(back, cookie)).headers.get('location')).toBe('/sign-in?said=refused')
    const code = new URL(back).searchParams.get('code') ?? ''
    const fresh = new URL(await goOver(cookie))
    fresh.searchParams.set('code', code)
    expect((await get(fresh.href, cookie)).headers.get('location')).toBe('/sign-in?said=refused')
  })

  test('a good code beside another state, two of them, or none', async () => {
    for (const states of [['x'.repeat(43)], [], ['own', 'x']]) {
      const { cookie } = await arrive()
      const back = new URL(await goOver(cookie))
      const own = back.searchParams.get('state') ?? ''
      back.searchParams.delete('state')
      for (const one of states) back.searchParams.append('state', one === 'own' ? own : one)
      expect((await get(back.href, cookie)).headers.get('location')).toBe('/sign-in?said=refused')
    }
  })

  test('who comes too often from one network is told to wait', async () => {
    const ask = () =>
      app.fetch(new Request(`${portal}/sign-in?begin=${'A'.repeat(43)}`), { peer: '192.0.2.7' })
    for (let at = 0; at < 120; at += 1) expect((await ask()).status).toBe(403)
    const answer = await ask()
    expect(answer.status).toBe(429)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await get(`/sign-in?begin=${await begin()}`)).status).toBe(303)
  })

  test('an answer brought by another browser, or without a cookie', async () => {
    const mine = await arrive()
    const theirs = await arrive()
    const back = await goOver(theirs.cookie)
    expect((await get(back)).status).toBe(403)
    expect((await get(back, mine.cookie)).headers.get('location')).toBe('/sign-in?said=refused')
    await goOver(mine.cookie)
    expect((await get(back, mine.cookie)).headers.get('location')).toBe('/sign-in?said=refused')
  })

  test('an answer of one provider at another’s address', async () => {
    const { cookie } = await arrive()
    const back = (await goOver(cookie, 'open')).replace('/from/open', '/from/work')
    expect((await get(back, cookie)).headers.get('location')).toBe('/sign-in?said=refused')
  })

  test('a beginning opened twice, too late, by a look ahead, or that nobody made', async () => {
    const beginHash = await begin()
    const ahead = await get(`/sign-in?begin=${beginHash}`, '', { 'sec-purpose': 'prefetch' })
    expect(ahead.status).toBe(403)
    expect((await get(`/sign-in?begin=${beginHash}`)).status).toBe(303)
    expect((await get(`/sign-in?begin=${beginHash}`)).status).toBe(403)
    expect((await get(`/sign-in?begin=${'A'.repeat(43)}`)).status).toBe(403)
    const late = await begin()
    stage.clock.advance(60_001)
    expect((await get(`/sign-in?begin=${late}`)).status).toBe(403)
  })

  test('a proof of another beginning, of another upstream, or too late', async () => {
    const { beginHash, answer, cookie } = await come()
    const proof = proofOf(answer) ?? ''
    const none = { opened: { outcome: 'no-proof' } }
    expect(await finish(await begin(), proof)).toMatchObject(none)
    expect(await finish(beginHash, newToken())).toMatchObject(none)
    expect(await finish(beginHash, proof, { upstream: 'other' })).toMatchObject(none)
    expect((await get('/sign-in', cookie)).status).toBe(403)
    stage.clock.advance(60_001)
    expect(await finish(beginHash, proof)).toMatchObject(none)
  })

  test('nothing stays of it once it has run out', async () => {
    await come()
    stage.clock.advance(600_001)
    await stage.store.transaction((tx) => forgetOldVisits(tx, stage.clock.now()))
    const left = await stage.store.read((rows) => rows.selectFrom('own_sign_in').selectAll().execute())
    expect(left).toEqual([])
  })
})
