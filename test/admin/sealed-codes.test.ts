/**
 * Goal: a sealed code opens one session of an hour, once, for its own account only, from anywhere at any hour, and everybody
 * is told; nothing of it is stored in the clear.
 * Method: the sign-in page over a real database; parallel tries; rows, mails and events read.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { editPolicy } from '../../admin/policy-edit.ts'
import { makeSealedCodes } from '../../admin/sealed-codes.ts'
import { createStage, origin, type Stage } from './api/admin-stage.ts'

let stage: Stage
let codes: readonly string[]
beforeAll(async () => {
  stage = await createStage()
  await stage.store.read((rows) =>
    rows.updateTable('app_user').set({ email: 'olga@example.test' }).where('id', '=', 'usr_olga').execute(),
  )
})
afterAll(() => stage.close())
const deed = () => ({
  actor: { kind: 'admin' as const, id: 'adm_root', name: 'The root' },
  ...{ origin: 'cli' as const, at: stage.clock.now() },
})
beforeEach(async () => {
  codes = await makeSealedCodes(stage.store, { id: 'adm_root', name: 'The root' }, deed())
})
let network = 0
/** Types a code instead of the password, from a network of its own: how often one may try is another test's. */
const type = async (code: string, login = 'root') => {
  network += 1
  return stage.postSignIn({ login, password: code }, `198.51.100.${network}`)
}
const rowsOf = (table: 'mail' | 'sealed_code' | 'security_event') =>
  stage.store.read((rows) => rows.selectFrom(table).selectAll().execute())

it('opens a session of an hour, and of many who type it at once one gets in', async () => {
  const code = codes[0]!
  const answers = await Promise.all(Array.from({ length: 5 }, () => type(code)))
  expect(answers.map(({ status }) => status).sort()).toEqual([303, 403, 403, 403, 403])
  const cookie = (answers.find(({ status }) => status === 303)?.headers.get('set-cookie') ?? '').split(
    ';',
  )[0]!
  const me = () => stage.request('/api/me', { headers: { cookie } })
  expect((await me()).status).toBe(200)
  expect((await type(code)).status).toBe(403)
  for (let quarter = 0; quarter < 3; quarter += 1) {
    stage.clock.advance(15 * 60_000)
    expect((await me()).status).toBe(200)
  }
  stage.clock.advance(15 * 60_000)
  expect((await me()).status).toBe(401)
})

it('is told: an event, and a mail to every security admin', async () => {
  expect((await type(codes[1]!)).status).toBe(303)
  const events = JSON.stringify(await rowsOf('security_event'))
  expect(events).toContain('break-glass.code-used')
  expect(events).toContain('break-glass.codes-made')
  expect(JSON.stringify(await rowsOf('mail'))).toContain('olga@example.test')
})

it('is nobody else’s, and is void once new ones are made', async () => {
  expect((await type(codes[2]!, 'viewer')).status).toBe(403)
  expect((await type(`${codes[2]!.slice(0, -1)}x`)).status).toBe(403)
  await makeSealedCodes(stage.store, { id: 'adm_root', name: 'The root' }, deed())
  expect((await type(codes[2]!)).status).toBe(403)
})

it('is made void by its account, which is told once and is counted and dated where accounts and drills are', async () => {
  const root = await stage.signIn('root')
  const mine = async () =>
    (
      (await (await root.ask('GET', '/api/admins')).json()) as {
        accounts: { login: string; sealedCodesLeft: number }[]
      }
    ).accounts.find(({ login }) => login === 'root')
  expect((await type(codes[4]!)).status).toBe(303)
  expect(await mine()).toMatchObject({ sealedCodesLeft: 9, identity: null })
  const made = await (await root.ask('GET', '/api/practices/lakeside/emergency-access')).json()
  expect(made).toMatchObject({
    drill: { usedAt: null, codeUsedAt: stage.clock.now(), overrideAt: null },
  })
  // Whoever reaches only another practice used theirs: that is told there.
  const before = stage.clock.now()
  const [other = ''] = await makeSealedCodes(stage.store, { id: 'adm_hilly', name: 'The hilly' }, deed())
  stage.clock.advance(1_000)
  expect((await type(other, 'hilly')).status).toBe(303)
  for (const [practice, codeUsedAt] of [
    ['lakeside', before],
    ['hilltop', before + 1_000],
  ] as const) {
    const drill = await (await root.ask('GET', `/api/practices/${practice}/emergency-access`)).json()
    expect(drill, practice).toMatchObject({ drill: { codeUsedAt } })
  }
  for (const voided of [9, 0]) {
    const answer = await root.ask('POST', '/api/me/sealed-codes/revoke', { json: { reason: 'lost' } })
    expect(await answer.json()).toEqual({ voided })
  }
  expect(await (await root.ask('GET', '/api/me')).json()).toMatchObject({
    sealedCodesLeft: 0,
    operator: true,
  })
  expect((await type(codes[5]!)).status).toBe(403)
  const events = (await rowsOf('security_event')).filter(
    ({ action }) => action === 'break-glass.codes-voided',
  )
  expect(events.length).toBe(1)
})

it('lies nowhere in the clear', async () => {
  await type(codes[3]!)
  const all = JSON.stringify([
    await rowsOf('sealed_code'),
    await rowsOf('security_event'),
    await rowsOf('mail'),
  ])
  for (const code of codes) expect(all).not.toContain(code.slice('slc-12345678-'.length))
})

/** Office hours that are never now, and a list that holds one network; confirmed, as if nobody had noticed in time. */
const shutEverybodyOut = async () => {
  const saved = await editPolicy(stage.store, {
    ...{ practice: 'lakeside', ifRevision: null, typedName: 'Lakeside Dental' },
    deed: { actor: { kind: 'cli', id: 'op', name: 'Operator' }, origin: 'cli', at: stage.clock.now() },
    change: (document) => ({
      ...document,
      controls: {
        ...document.controls,
        ip: { ...document.controls.ip, mode: 'enforce' },
        time: { ...document.controls.time, mode: 'enforce' },
      },
      ipEntries: [
        {
          ...{ id: 'office', range: '192.0.2.0/24', label: 'Office', audience: 'practice', on: true },
          ...{ expiresAt: null, note: '', createdBy: 'Operator', createdAt: 0 },
        },
      ],
      timeWindows: [
        {
          ...{ id: 'sunday', label: 'Sunday', days: ['sun'], start: '03:00', end: '03:30', zone: null },
          ...{ audience: 'practice', validFrom: null, validTo: null, insteadOfRoleHours: false },
        },
      ],
    }),
  })
  if (saved.outcome !== 'saved') throw new Error(JSON.stringify(saved))
  await stage.store.read((rows) =>
    rows.updateTable('policy_revision').set({ confirm_by: null, predecessor: null }).execute(),
  )
}

describe('when the rules have shut everybody out', () => {
  const of = '/api/practices/lakeside'
  it('lets in from an unlisted address outside hours, to take them back, for an hour', async () => {
    await shutEverybodyOut()
    const ordinary = await stage.signIn('root', '198.51.100.200')
    expect(await (await ordinary.ask('GET', `${of}/general`)).json()).toMatchObject({
      ...{ code: 'access-refused', control: 'ip' },
    })
    expect((await ordinary.ask('PUT', `${of}/controls/ip`, { json: {}, revision: 2 })).status).toBe(403)

    const cookie = ((await type(codes[4]!)).headers.get('set-cookie') ?? '').split(';')[0]!
    const elsewhere = '203.0.113.77'
    const ask = (method: string, path: string, headers = {}, json?: unknown) =>
      stage.request(
        path,
        {
          ...{ method, headers: { cookie, origin, 'sec-fetch-site': 'same-origin', ...headers } },
          ...(json === undefined ? {} : { body: JSON.stringify(json) }),
        },
        elsewhere,
      )
    const { csrf } = (await (await ask('GET', '/api/me')).json()) as { csrf: string }
    const seen = await ask('GET', `${of}/general`)
    expect(seen.status).toBe(200)
    const edit = (etag: string | null) => ({
      ...{ 'content-type': 'application/json', 'x-gatehouse-csrf': csrf, 'if-match': etag ?? '' },
    })
    const scope = { include: 'everyone', exempt: { roles: [], users: [] } }
    const off = await ask('PUT', `${of}/controls/ip`, edit(seen.headers.get('etag')), {
      ...{ mode: 'off', scope, signInOnlyFromListed: false },
    })
    expect([off.status, await off.clone().text()]).toEqual([200, expect.anything()])
    const rest = edit(off.headers.get('etag'))
    const time = await ask('PUT', `${of}/controls/time`, rest, { mode: 'off', scope })
    expect([time.status, await time.clone().text()]).toEqual([200, expect.anything()])
    expect((await ordinary.ask('GET', `${of}/general`)).status).toBe(200)

    await shutEverybodyOut()
    expect((await ask('GET', `${of}/general`)).status).toBe(200)
    for (const minutes of [25, 25, 10]) {
      stage.clock.advance(minutes * 60_000)
      await ask('GET', '/api/me')
    }
    expect((await ask('GET', `${of}/general`)).status).toBe(401)
  })
})
