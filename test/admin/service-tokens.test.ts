/**
 * Goal: a service token is made once, shown once, listed without itself, revoked at once, and reaches gateways as a signed
 * record. Method: the API over a real database; the members record built from it; reports of its use applied.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compiledPoliciesOf } from '../../admin/compiled-policies.ts'
import { buildRecord } from '../../admin/signed-records.ts'
import { applyTokensUsed } from '../../admin/store/service-tokens.ts'
import { keys } from '../../runtime/keys.ts'
import { membersRecordSchema } from '../../runtime/records.ts'
import { createVerifier, openRecord } from '../../runtime/signing.ts'
import { hashToken } from '../../runtime/token.ts'
import { type Browser, createStage, type Stage } from './api/admin-stage.ts'

let stage: Stage
let root: Browser
beforeAll(async () => {
  stage = await createStage()
  root = await stage.signIn('root')
})
afterAll(() => stage.close())

const of = '/api/practices/lakeside/tokens'
const wish = (change: object = {}) => ({
  name: 'Nightly sync',
  owner: 'usr_fred',
  routes: ['app POST /api/sync'],
  methods: ['POST'],
  ranges: ['203.0.113.50', '10.1.2.3/16'],
  permissions: ['view-practice-management-data'],
  expiresAt: stage.clock.now() + 30 * 86_400_000,
  ...change,
})
type Listed = { readonly id: string; readonly ranges: unknown; readonly lastAddress: string | null }
type Made = { readonly token: string; readonly listed: Listed }
const make = async (change: object = {}): Promise<Made> => {
  const response = await root.ask('POST', of, { json: wish(change) })
  expect(response.status).toBe(201)
  return (await response.json()) as Made
}
const record = async () => {
  const tools = { signer: stage.signer, compiled: compiledPoliciesOf(stage.store) }
  const { built } = await stage.store.read((rows) =>
    buildRecord(rows, tools, { kind: 'members', part: 'lakeside' }, stage.clock.now()),
  )
  const verifier = createVerifier(stage.signer.publicKey)
  return openRecord(verifier!, keys.members('lakeside'), built!.text, membersRecordSchema)!.value
}
const events = async (action: string): Promise<readonly string[]> => {
  const rows = await stage.store.read((from) =>
    from
      .selectFrom('security_event')
      .select('body')
      .where('practice', '=', 'lakeside')
      .where('action', '=', action)
      .execute(),
  )
  return rows.map(({ body }) => body)
}

describe('making a token', () => {
  it('shows it once; lists, events and the signed record hold its hash or nothing', async () => {
    const { token, listed } = await make()
    expect(token).toMatch(/^ght_[A-Za-z0-9_-]{43}$/)
    expect(listed).toMatchObject({
      prefix: token.slice(0, 10),
      state: 'active',
      ranges: ['203.0.113.50/32', '10.1.0.0/16'],
    })
    const list = await (await root.ask('GET', of)).text()
    expect(list).toContain('Nightly sync')
    const said = [list, ...(await events('token.created'))].join('\n')
    expect(said).not.toContain(token)
    expect(said).not.toContain(hashToken(token))
    const { tokens = [] } = await record()
    expect(tokens).toContainEqual({
      ...{ id: listed.id, name: 'Nightly sync', hash: hashToken(token), routes: ['app POST /api/sync'] },
      ...{ methods: ['POST'], ranges: ['203.0.113.50/32', '10.1.0.0/16'], revoked: false },
      ...{ permissions: ['view-practice-management-data'], expiresAt: wish().expiresAt },
    })
  })

  it('names everything that is wrong at once', async () => {
    const response = await root.ask('POST', of, {
      json: wish({
        ...{ owner: 'usr_nobody', routes: ['app GET /nowhere'], ranges: ['300.1.1.1'] },
        ...{
          permissions: ['gw.security.view', 'view-nothing'],
          expiresAt: stage.clock.now() + 400 * 86_400_000,
        },
      }),
    })
    expect(response.status).toBe(422)
    const { problems } = (await response.json()) as { problems: { path: string }[] }
    expect(problems.map(({ path }) => path).sort()).toEqual([
      ...['expiresAt', 'owner', 'permissions[0]', 'permissions[1]', 'ranges[0]', 'routes[0]'],
    ])
    for (const empty of [{ routes: [] }, { methods: [] }, { ranges: [] }])
      expect((await root.ask('POST', of, { json: wish(empty) })).status).toBe(422)
  })

  it('lets "anything" and "anywhere" be spelled', async () => {
    const { listed } = await make({ routes: 'anything', methods: 'anything', ranges: 'anywhere' })
    expect(listed).toMatchObject({ routes: 'anything', methods: 'anything', ranges: 'anywhere' })
  })

  it('needs gw.tokens.edit in this very practice', async () => {
    for (const login of ['hilly', 'viewer', 'blocked']) {
      const browser = await stage.signIn(login)
      expect((await browser.ask('POST', of, { json: wish() })).status).toBe(403)
    }
    const hilly = await stage.signIn('hilly')
    const { listed } = await make()
    const elsewhere = `/api/practices/hilltop/tokens/${listed.id}/revoke`
    expect((await hilly.ask('POST', elsewhere, { json: {} })).status).toBe(404)
  })
})

describe('revoking a token', () => {
  it('is in the record and the events at once, and again changes nothing', async () => {
    const { listed } = await make()
    const revoke = () => root.ask('POST', `${of}/${listed.id}/revoke`, { json: { reason: 'lost laptop' } })
    const first = (await (await revoke()).json()) as { sequence: number | null; listed: { state: string } }
    expect(first.listed.state).toBe('revoked')
    expect(first.sequence).not.toBeNull()
    expect(((await (await revoke()).json()) as { sequence: number | null }).sequence).toBeNull()
    const { tokens = [] } = await record()
    expect(tokens.find(({ id }) => id === listed.id)?.revoked).toBe(true)
    const told = (await events('token.revoked')).filter((body) => body.includes(listed.id))
    expect(told).toHaveLength(1)
    expect(told[0]).toContain('lost laptop')
  })
})

describe('the use of a token', () => {
  it('is noted by the newest report', async () => {
    const { listed } = await make()
    const at = stage.clock.now()
    await stage.store.transaction((tx) =>
      applyTokensUsed(tx, [
        { kind: 'token-used', token: listed.id, at, address: '203.0.113.50' },
        { kind: 'token-used', token: listed.id, at: at - 1, address: '203.0.113.51' },
        { kind: 'token-used', token: 'tok_unknown', at, address: '203.0.113.52' },
      ]),
    )
    const { tokens } = (await (await root.ask('GET', of)).json()) as { tokens: readonly Listed[] }
    expect(tokens.find(({ id }) => id === listed.id)).toMatchObject({
      lastUsedAt: at,
      lastAddress: '203.0.113.50',
    })
  })
})
