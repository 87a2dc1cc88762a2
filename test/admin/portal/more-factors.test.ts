/**
 * Goal: passkeys are made and shown at the portal, once each challenge; an admin's code admits its person once; a remembered
 * browser stands in until it is forgotten. Method: the pages walked through by a device in software, under a stepped clock.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { revokeUser } from '../../../admin/sessions/revocations.ts'
import { readMembers } from '../../../admin/store/members.ts'
import type { SessionRow } from '../../../admin/store/sessions.ts'
import { giveEnrolmentCode } from '../../../admin/two-factor/enrolment-codes.ts'
import { forgetOldVisits } from '../../../admin/two-factor/expiry.ts'
import { proveFactor } from '../../../admin/two-factor/visits.ts'
import type { PolicyDocument } from '../../../policies/document.ts'
import { hashToken, newToken } from '../../../runtime/token.ts'
import { createSoftwareAuthenticator } from '../../support/software-authenticator.ts'
import { north } from '../practice-store.ts'
import {
  address,
  codesOn,
  createPortalStage,
  digits,
  heading,
  keyOn,
  optionsOn,
  origin,
  type PortalStage,
  proofOf,
  text,
  tokenOn,
} from './portal-stage.ts'
import { saveDocument } from './saved-document.ts'

let stage: PortalStage
let session: SessionRow
let person = 0
beforeAll(async () => {
  stage = await createPortalStage()
})
afterAll(() => stage.close())
beforeEach(async () => {
  person += 1
  session = await stage.signIn(`person${person}`)
})

const prove = async (proof: string, tokenHash = session.token_hash) => {
  const request = { tokenHash, proofHash: hashToken(proof), renewedHash: hashToken(newToken()) }
  return (await proveFactor(stage.store, request, stage.clock.now()))?.session ?? null
}
const factorsOf = async ({ user_id }: SessionRow) =>
  (await stage.store.read((rows) => readMembers(rows, north, stage.clock.now())))?.members.find(
    ({ user }) => user === user_id,
  )?.factors
const lastEvent = async () => {
  const row = await stage.store.read((rows) =>
    rows
      .selectFrom('security_event')
      .select('body')
      .where('practice', '=', north)
      .orderBy('seq', 'desc')
      .limit(1)
      .executeTakeFirstOrThrow(),
  )
  return JSON.parse(row.body) as Record<string, unknown>
}
const editDocument = (change: (document: PolicyDocument) => PolicyDocument) =>
  saveDocument(stage.store, north, change)

const editControls = (change: (controls: PolicyDocument['controls']) => PolicyDocument['controls']) =>
  editDocument((document) => ({ ...document, controls: change(document.controls) }))

/** Makes a passkey in a visit of its own; the device, and the codes shown. */
const makePasskey = async (who = session) => {
  const device = createSoftwareAuthenticator(origin)
  const cookie = await stage.arrive(who, { reason: 'two-factor-not-enrolled' })
  const html = await text(stage.get('/passkey', cookie))
  const fields = { token: tokenOn(html), answer: device.create(optionsOn(html)), name: 'Laptop' }
  const page = await text(stage.post('/passkey', cookie, fields))
  return { device, cookie, fields, codes: codesOn(page), page }
}
const show = async (cookie: string, device: ReturnType<typeof createSoftwareAuthenticator>, wish = {}) => {
  const html = await text(stage.get('/verify', cookie))
  const fields = { token: tokenOn(html), purpose: 'access', answer: device.show(optionsOn(html)), ...wish }
  return { fields, answer: await stage.post('/verify/passkey', cookie, fields) }
}

describe('a passkey', () => {
  it('is made on its page, whose one script is named by its hash; its codes are shown once', async () => {
    const cookie = await stage.arrive(session, { reason: 'two-factor-not-enrolled' })
    expect(await text(stage.get('/', cookie))).toContain('href="/passkey"')
    const policy = (await stage.get('/passkey', cookie)).headers.get('content-security-policy')
    expect(policy).toMatch(/script-src 'sha256-[A-Za-z0-9+/=]{44}'; /)
    expect(policy).not.toContain('unsafe')
    const made = await makePasskey()
    expect(made.codes).toHaveLength(10)
    expect(await factorsOf(session)).toEqual(['passkey'])
    expect(await lastEvent()).toMatchObject({
      action: 'two-factor.enrolled',
      after: { method: 'passkey', name: 'Laptop' },
    })
    const again = await text(stage.post('/passkey', made.cookie, made.fields))
    expect([heading(again), codesOn(again)]).toEqual(['These codes were shown already', []])
  })

  it('counts once a challenge: of ten answers at once one verifies, and none afterwards', async () => {
    const { device } = await makePasskey()
    const cookies = await Promise.all(Array.from({ length: 4 }, () => stage.arrive(session)))
    const [first = ''] = cookies
    const html = await text(stage.get('/verify', first))
    const fields = { token: tokenOn(html), purpose: 'access', answer: device.show(optionsOn(html)) }
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => stage.post('/verify/passkey', first, fields)),
    )
    expect(answers.filter((answer) => proofOf(answer) !== '')).toHaveLength(1)
    // In another visit the same answer is to another challenge.
    const [, other = ''] = cookies
    const page = await text(stage.get('/verify', other))
    const replayed = await stage.post('/verify/passkey', other, { ...fields, token: tokenOn(page) })
    expect(replayed.headers.get('location')).toContain('by=passkey&said=wrong')
    expect((await show(other, device)).answer.headers.get('location')).toContain('proof=')
  })

  it('of somebody else is unknown, and a wrong answer costs a try like a wrong code', async () => {
    await makePasskey()
    const stranger = await stage.signIn(`stranger${person}`)
    const theirs = await makePasskey(stranger)
    const cookie = await stage.arrive(session)
    const html = await text(stage.get('/verify', cookie))
    const options = { ...JSON.parse(optionsOn(html)), allowCredentials: undefined }
    const answer = theirs.device.show(JSON.stringify(options))
    const sent = await stage.post('/verify/passkey', cookie, { token: tokenOn(html), answer })
    expect(sent.headers.get('location')).toBe('/verify?purpose=access&by=passkey&said=wrong-4')
    expect(await text(stage.get('/verify?by=passkey&said=wrong-4', cookie))).toContain(
      'That passkey did not work here. 4 tries are left.',
    )
    const empty = await stage.post('/verify/passkey', cookie, { token: tokenOn(html), answer: '' })
    expect(empty.headers.get('location')).toContain('said=form')
  })
})

describe('where only a passkey suffices', () => {
  const comeForMore = () => stage.arrive(session, { reason: 'two-factor-too-weak' })
  const give = async (): Promise<string> => {
    const wish = { practice: north, user: session.user_id, validMs: 3_600_000 }
    return (await giveEnrolmentCode(stage.store, wish, stage.deed()))?.code ?? ''
  }
  /** Lists one range, or switches the control off. */
  const list = (range: string | null) =>
    editDocument((document) => {
      const by = { expiresAt: null, note: '', createdBy: 'test', createdAt: 0 }
      const entry = { ...by, id: 'ip_office', label: 'Office', audience: 'practice' as const, on: true }
      const ip = { ...document.controls.ip, mode: range === null ? ('off' as const) : ('monitor' as const) }
      const ipEntries = range === null ? [] : [{ ...entry, range }]
      return { ...document, ipEntries, controls: { ...document.controls, ip } }
    })

  it('one made after a password alone counts as a code, in that visit and in every later one', async () => {
    const { device, cookie } = await makePasskey()
    const made = await stage.send(cookie, '/', '/done', {})
    session = (await prove(proofOf(made))) ?? session
    expect(session.factor_method).toBe('unvouched-passkey')
    const later = await comeForMore()
    expect(await text(stage.get('/', later))).not.toMatch(/authenticator app|recovery code/)
    const { answer } = await show(later, device)
    expect(answer.headers.get('location')).toBe('/')
    const asked = await stage.get('/', later)
    expect([asked.status, heading(await asked.text())]).toEqual([403, 'Your passkey has to be vouched for'])
    // Going back with what was shown does not make more of it.
    session = (await prove(proofOf(await stage.send(later, '/', '/done', {})))) ?? session
    expect(session.factor_method).toBe('unvouched-passkey')
  })

  it('one that is added after a code in that very visit does not suffice there', async () => {
    const { key } = await stage.enrol(session)
    const cookie = await comeForMore()
    expect(heading(await text(stage.get('/', cookie)))).toBe('Somebody has to vouch for your passkey')
    const code = digits(key, stage.clock.now())
    const page = await text(stage.get('/verify?purpose=passkey', cookie))
    await stage.post('/verify', cookie, { token: tokenOn(page), purpose: 'passkey', by: 'app', code })
    const html = await text(stage.get('/passkey', cookie))
    const device = createSoftwareAuthenticator(origin)
    const fields = { token: tokenOn(html), answer: device.create(optionsOn(html)), name: '' }
    expect((await stage.post('/passkey', cookie, fields)).headers.get('location')).toBe('/')
    expect(heading(await text(stage.get('/', cookie)))).toBe('Your passkey has to be vouched for')
    const proof = proofOf(await stage.send(cookie, '/', '/done', {}))
    expect((await prove(proof))?.factor_method).toBe('unvouched-passkey')
  })

  it('an admin’s code vouches for the passkey that is shown then, and that one for the next', async () => {
    const { device } = await makePasskey()
    const cookie = await comeForMore()
    await show(cookie, device)
    const wrong = await stage.send(cookie, '/', '/admission', { code: 'AAAA-AAAA-AAAA-AAAA' })
    expect(wrong.headers.get('location')).toBe('/?by=admission&said=wrong-3')
    expect(await text(stage.get('/?by=admission&said=wrong-3', cookie))).toContain('3 tries are left')
    const taken = await stage.send(cookie, '/', '/admission', { code: await give() })
    expect(taken.headers.get('location')).toBe('/')
    expect(heading(await text(stage.get('/', cookie)))).toBe('Confirm that it is you')
    session = (await prove(proofOf((await show(cookie, device)).answer))) ?? session
    expect(session.factor_method).toBe('passkey')
    // Without a code from now on.
    const later = await comeForMore()
    await show(later, device, { purpose: 'passkey' })
    const html = await text(stage.get('/passkey', later))
    const second = createSoftwareAuthenticator(origin)
    const fields = { token: tokenOn(html), answer: second.create(optionsOn(html)), name: 'Second' }
    expect((await stage.post('/passkey', later, fields)).status).toBe(303)
    expect(await lastEvent()).toMatchObject({ after: { name: 'Second', vouched: true } })
    const page = await text(stage.get('/verify', later))
    const { allowCredentials: allowed } = JSON.parse(optionsOn(page)) as { allowCredentials: object[] }
    expect(allowed).toHaveLength(2)
  })

  it('an address that the practice lists vouches too, and for good; another one does not', async () => {
    const { device } = await makePasskey()
    await list('192.0.2.0/24')
    await show(await comeForMore(), device)
    const elsewhere = await comeForMore()
    expect((await show(elsewhere, device)).answer.headers.get('location')).toBe('/')
    await list(`${address}/32`)
    const { answer } = await show(await comeForMore(), device)
    session = (await prove(proofOf(answer))) ?? session
    expect(session.factor_method).toBe('passkey')
    await list(null)
    session = await stage.signIn(`person${person}`)
    const raised = await prove(proofOf((await show(await comeForMore(), device)).answer))
    expect(raised?.factor_method).toBe('passkey')
  })
})

describe('an admin’s code', () => {
  const give = (validMs = 3_600_000) =>
    giveEnrolmentCode(stage.store, { practice: north, user: session.user_id, validMs }, stage.deed())
  const send = (cookie: string, code: string) => stage.send(cookie, '/set-up', '/admission', { code })

  beforeAll(() => editControls((controls) => ({ ...controls, ip: { ...controls.ip, mode: 'monitor' } })))
  afterAll(() => editControls((controls) => ({ ...controls, ip: { ...controls.ip, mode: 'off' } })))

  it('lets its person set up from elsewhere, once, however it is typed', async () => {
    const given = await give()
    const cookie = await stage.arrive(session, { reason: 'two-factor-not-enrolled' })
    const refused = await stage.get('/set-up', cookie)
    expect([refused.status, heading(await refused.text())]).toEqual([
      403,
      'This has to be set up at the practice',
    ])
    const other = await stage.arrive(await stage.signIn(`other${person}`), {
      reason: 'two-factor-not-enrolled',
    })
    expect((await send(other, given?.code ?? '')).headers.get('location')).toContain('said=wrong-4')
    const typed = (given?.code ?? '').toLowerCase().replaceAll('-', ' ')
    expect((await send(cookie, typed)).headers.get('location')).toBe('/set-up')
    expect(await lastEvent()).toMatchObject({ action: 'two-factor.enrolment-code-used', address })
    expect(heading(await text(stage.get('/set-up', cookie)))).toBe('Set up your second factor')
    const second = await stage.arrive(session, { reason: 'two-factor-not-enrolled' })
    expect((await send(second, typed)).headers.get('location')).toBe('/set-up')
    const away = 'This has to be set up at the practice'
    expect(heading(await text(stage.get('/set-up', cookie))), 'one visit at a time').toBe(away)
    const key = keyOn(await text(stage.get('/set-up', second)))
    const made = await stage.send(second, '/set-up', '/set-up', { code: digits(key, stage.clock.now()) })
    expect(codesOn(await made.text())).toHaveLength(10)
    expect(heading(await text(stage.get('/set-up', second))), 'one factor a code').toBe(away)
    const third = await stage.arrive(session, { reason: 'two-factor-not-enrolled' })
    expect((await send(third, typed)).headers.get('location')).toContain('said=used-4')
  })

  it('is a hash in the database, ends in time, and gives way to a newer one', async () => {
    const first = await give()
    const second = await give(99 * 86_400_000)
    expect(second?.endsAt).toBe(stage.clock.now() + 86_400_000)
    const stored = JSON.stringify(
      await stage.store.read((rows) => rows.selectFrom('enrolment_code').selectAll().execute()),
    )
    expect(stored).not.toContain(second?.code.replaceAll('-', ''))
    const cookie = await stage.arrive(session, { reason: 'two-factor-not-enrolled' })
    expect((await send(cookie, first?.code ?? '')).headers.get('location')).toContain('said=wrong-4')
    stage.clock.advance(86_400_000)
    session = await stage.signIn(`person${person}`)
    const late = await stage.arrive(session, { reason: 'two-factor-not-enrolled' })
    expect((await send(late, second?.code ?? '')).headers.get('location')).toContain('said=expired')
    await stage.store.transaction((tx) => forgetOldVisits(tx, stage.clock.now()))
    expect(await stage.store.read((rows) => rows.selectFrom('enrolment_code').selectAll().execute())).toEqual(
      [],
    )
    expect(
      await giveEnrolmentCode(stage.store, { practice: north, user: 'usr_x', validMs: 1 }, stage.deed()),
    ).toBeNull()
  })
})

describe('a remembered browser', () => {
  const days = (count: number) =>
    editControls((controls) => ({
      ...controls,
      twoFactor: { ...controls.twoFactor, mode: 'enforce', rememberDeviceMs: count * 86_400_000 },
    }))

  /** Confirms with the wish to be remembered; the browser's cookie, and the raised session. */
  const remember = async () => {
    const { device } = await makePasskey()
    const cookie = await stage.arrive(session)
    const { answer } = await show(cookie, device, { remember: 'yes' })
    const line = answer.headers.getSetCookie().find((one) => one.startsWith('__Host-gatehouse-device=')) ?? ''
    return { line, browser: line.split(';')[0] ?? '', raised: await prove(proofOf(answer)) }
  }
  const comeAgain = async (browser: string) => {
    session = await stage.signIn(`person${person}`)
    const cookie = await stage.arrive(session)
    return stage.get('/', `${cookie}; ${browser}`)
  }

  it('is offered only where a practice allows it', async () => {
    await days(0)
    const { device } = await makePasskey()
    const cookie = await stage.arrive(session)
    expect(await text(stage.get('/verify', cookie))).not.toContain('name="remember"')
    const { answer } = await show(cookie, device, { remember: 'yes' })
    expect(answer.headers.getSetCookie()).toHaveLength(1)
    await days(7)
    expect(await text(stage.get('/verify', await stage.arrive(session)))).toContain('for 7 days')
  })

  it('passes at the next sign-in without a factor, for as long as the practice allows now', async () => {
    await days(7)
    const { line, browser, raised } = await remember()
    expect(line).toMatch(/; Max-Age=604800; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
    const until = stage.clock.now() + 7 * 86_400_000
    expect(raised?.trusted_devices).toEqual({ [north]: until })
    const again = await prove(proofOf(await comeAgain(browser)))
    expect(again).toMatchObject({ factor_method: null, trusted_devices: { [north]: until } })
    expect(await lastEvent()).toMatchObject({ action: 'two-factor.device-accepted' })
    const stored = JSON.stringify(
      await stage.store.read((rows) => rows.selectFrom('trusted_device').selectAll().execute()),
    )
    expect(stored).not.toContain(browser.split('=')[1])
    await days(1)
    stage.clock.advance(86_400_000)
    expect(proofOf(await comeAgain(browser))).toBe('')
  })

  it('is nobody else’s, and asks again where it helped not', async () => {
    await days(7)
    const { browser } = await remember()
    const other = await stage.signIn(`other${person}`)
    await makePasskey(other)
    const theirs = await stage.get('/', `${await stage.arrive(other)}; ${browser}`)
    expect(proofOf(theirs)).toBe('')
    const passed = await prove(proofOf(await comeAgain(browser)))
    const cookie = await stage.arrive(passed ?? session)
    const html = await text(stage.get('/', `${cookie}; ${browser}`))
    expect(heading(html)).toBe('Confirm that it is you')
  })

  it.each(['a revocation', 'forgetting'])('ends by %s', async (how) => {
    await days(7)
    const { browser } = await remember()
    if (how === 'a revocation') {
      const wish = { practice: north, user: session.user_id, block: false, deed: stage.deed() }
      expect((await revokeUser(stage.store, wish)).outcome).toBe('revoked')
    } else {
      session = await stage.signIn(`person${person}`)
      const cookie = await stage.arrive(session, { reason: null })
      expect(await text(stage.get('/', cookie))).toContain('One browser is not asked')
      await stage.send(cookie, '/', '/devices', {})
    }
    expect(proofOf(await comeAgain(browser))).toBe('')
  })
})

it('an app’s code and a passkey stand side by side', async () => {
  const { key } = await stage.enrol(session)
  const cookie = await stage.arrive(session, { reason: null })
  const html = await text(stage.get('/verify?purpose=passkey', cookie))
  await stage.post('/verify', cookie, {
    ...{ token: tokenOn(html), purpose: 'passkey', by: 'app' },
    code: digits(key, stage.clock.now()),
  })
  const page = await text(stage.get('/passkey', cookie))
  const device = createSoftwareAuthenticator(origin)
  const made = await stage.post('/passkey', cookie, {
    token: tokenOn(page),
    answer: device.create(optionsOn(page)),
    name: '',
  })
  // They have recovery codes already.
  expect(made.headers.get('location')).toBe('/')
  expect(await factorsOf(session)).toEqual(['passkey', 'totp'])
  const both = await text(stage.get('/verify', await stage.arrive(session)))
  expect(both).toContain('Use your passkey')
  expect(both).toContain('Or enter the 6-digit code')
})
