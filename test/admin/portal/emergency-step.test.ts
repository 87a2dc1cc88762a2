/**
 * Goal: emergency access needs a second factor that is set up, a reason and the right; it is granted once, told to every
 * security admin, limited by the week, ended and reviewed. Method: visits on a real database; grants, mails, events read.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { endEmergency, reviewEmergency, takeEmergency } from '../../../admin/emergency-access.ts'
import { editPolicy } from '../../../admin/policy-edit.ts'
import { listEmergencies } from '../../../admin/store/emergencies.ts'
import type { SessionRow } from '../../../admin/store/sessions.ts'
import { north } from '../practice-store.ts'
import { createPortalStage, digits, heading, type PortalStage, proofOf, text } from './portal-stage.ts'

let stage: PortalStage
let session: SessionRow
let person = 0
const allow = (allowed: boolean) =>
  editPolicy(stage.store, {
    practice: north,
    ifRevision: null,
    deed: stage.deed(),
    typedName: `Practice ${north}`,
    change: (document) => ({
      ...document,
      emergency: { ...document.emergency, allowed },
      roles: document.roles.map((role) =>
        role.id === 'dentist'
          ? { ...role, permissions: [...new Set([...role.permissions, 'gw.break-glass'])] }
          : role,
      ),
    }),
  })
beforeAll(async () => {
  stage = await createPortalStage()
  await stage.signIn('olga', {}, ['Owner'])
  await stage.store.read((rows) =>
    rows.updateTable('app_user').set({ email: 'olga@example.test' }).where('name', '=', 'OLGA').execute(),
  )
  expect((await allow(true)).outcome).toBe('saved')
})
afterAll(() => stage.close())
beforeEach(async () => {
  person += 1
  session = await stage.signIn(`dentist${person}`, {}, ['Dentist'])
})

const uses = () =>
  stage.store.read(async (rows) => {
    const all = await listEmergencies(rows, north, 100, stage.clock.now())
    return all.filter(({ user }) => user.id === session.user_id)
  })
const grants = () =>
  stage.store.read((rows) =>
    rows.selectFrom('access_grant').selectAll().where('user_id', '=', session.user_id).execute(),
  )
const mails = () =>
  stage.store.read((rows) =>
    rows.selectFrom('mail').selectAll().where('body', 'like', `%DENTIST${person} %`).execute(),
  )
const events = async (action: string) => {
  const rows = await stage.store.read((from) =>
    from.selectFrom('security_event').select('body').where('action', '=', action).execute(),
  )
  return rows.filter(({ body }) => body.includes(session.user_id)).map(({ body }) => body)
}
/** Comes for it and proves a factor; the cookie. */
const proved = async (): Promise<string> => {
  const { key } = await stage.enrol(session)
  const cookie = await stage.arrive(session, { reason: 'emergency' })
  const answer = await stage.send(cookie, '/verify', '/verify', {
    ...{ code: digits(key, stage.clock.now()), by: 'app', purpose: 'access' },
  })
  expect(answer.headers.get('location')).toBe('/emergency')
  return cookie
}
const take = (cookie: string, reason = 'Swollen jaw', practice = north) =>
  stage.send(cookie, '/emergency', '/emergency', { reason, practice })

describe('taking it', () => {
  it('asks for the factor first, then the reason; grants, tells, and leads back with the proof', async () => {
    const { key } = await stage.enrol(session)
    const cookie = await stage.arrive(session, { reason: 'emergency' })
    const first = await stage.get('/', cookie)
    expect([first.status, first.headers.get('location')]).toEqual([303, '/verify'])
    const early = await stage.send(cookie, '/verify', '/emergency', {
      reason: 'Swollen jaw',
      practice: north,
    })
    expect(early.headers.get('location')).toBe('/')
    expect(await uses()).toEqual([])
    const code = digits(key, stage.clock.now())
    await stage.send(cookie, '/verify', '/verify', { code, by: 'app', purpose: 'access' })
    const page = await text(stage.get('/emergency', cookie))
    expect(heading(page)).toBe('Emergency access')
    expect(page).toContain('Every security admin of the practice is told')
    const answer = await take(cookie)
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/emergency'])
    const [use] = await uses()
    const at = stage.clock.now()
    expect(use).toMatchObject({ reason: 'Swollen jaw', method: 'totp', state: 'on', endsAt: at + 3_600_000 })
    expect(await grants()).toMatchObject([{ kind: 'break-glass', range: null, ends_at: at + 3_600_000 }])
    expect(await mails()).toMatchObject([{ to_address: 'olga@example.test' }])
    const [told] = await events('break-glass.used')
    expect(told).toContain('Swollen jaw')
    expect(heading(await text(stage.get('/emergency', cookie)))).toBe('Emergency access is on')
    // Sent again, by a reload: the first time counts.
    await stage.post('/emergency', cookie, { token: 'x', reason: 'again', practice: north })
    expect(await uses()).toHaveLength(1)
    const back = await stage.send(cookie, '/emergency', '/done', {})
    expect(proofOf(back)).not.toBe('')
  })

  it('is refused to whoever has no factor: none is set up on this way', async () => {
    const cookie = await stage.arrive(session, { reason: 'emergency' })
    const page = await stage.get('/emergency', cookie)
    expect(page.status).toBe(403)
    expect(heading(await page.text())).toBe('Emergency access is not possible')
  })

  it('wants a reason, and a practice of theirs that has it', async () => {
    const cookie = await proved()
    expect((await take(cookie, ' x ')).status).toBe(422)
    expect((await take(cookie, 'Swollen jaw', 'elsewhere')).status).toBe(422)
    expect(await uses()).toEqual([])
  })

  it('counts by the week, also when asked in parallel', async () => {
    const wish = {
      ...{ user: session.user_id, name: `DENTIST${person} `, address: '203.0.113.9', method: 'totp' },
      ...{ practices: [north], reason: 'Swollen jaw' },
    }
    const taken = async () => (await takeEmergency(stage.store, wish, stage.clock.now()))[0]?.outcome
    for (let time = 0; time < 3; time += 1) {
      expect(await Promise.all([taken(), taken(), taken()])).toEqual(['on', 'on', 'on'])
      stage.clock.advance(3_600_000)
    }
    expect(await uses()).toHaveLength(3)
    expect(await taken()).toBe('refused')
    stage.clock.advance(7 * 86_400_000)
    expect(await taken()).toBe('on')
  })
})

describe('afterwards', () => {
  it('an admin ends it, somebody else reviews it, each once', async () => {
    expect((await take(await proved())).headers.get('location')).toBe('/emergency')
    const [use] = await uses()
    const review = { practice: north, id: use!.id, deed: stage.deed(), note: 'Called back' }
    const own = await reviewEmergency(stage.store, {
      ...review,
      reviewerLogin: use!.user.login.toUpperCase(),
    })
    expect(own.outcome).toBe('own')
    expect((await reviewEmergency(stage.store, { ...review, reviewerLogin: 'adm' })).outcome).toBe('done')
    expect((await reviewEmergency(stage.store, { ...review, reviewerLogin: 'adm' })).outcome).toBe(
      'unchanged',
    )
    expect(await endEmergency(stage.store, review)).toMatchObject({ outcome: 'done', use: { state: 'over' } })
    expect((await endEmergency(stage.store, review)).outcome).toBe('unchanged')
    expect(await grants()).toMatchObject([{ withdrawn_at: review.deed.at }])
    expect(await events('break-glass.ended')).toHaveLength(1)
    expect(await events('break-glass.reviewed')).toHaveLength(1)
    expect((await endEmergency(stage.store, { ...review, practice: 'south' })).outcome).toBe('unknown')
  })

  it('where the practice switches it off it is open to nobody', async () => {
    const cookie = await proved()
    expect((await allow(false)).outcome).toBe('saved')
    expect((await stage.get('/emergency', cookie)).status).toBe(403)
    await allow(true)
  })
})
