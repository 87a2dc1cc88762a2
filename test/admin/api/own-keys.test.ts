/**
 * Goal: nobody at the admin origin makes somebody, by whatever way, more than they are themselves.
 * Method: an admin who holds some of the own permissions tries each way that gives roles or grants, beside one who may.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, createStage, type Stage } from './admin-stage.ts'

const of = '/api/practices/lakeside'
let stage: Stage
let root: Browser
/** Edits people and roles, and holds nothing else of weight. */
let clerk: Browser

const clerkHolds = ['gw.security.view', 'gw.users.edit', 'gw.roles.edit', 'gw.security.settings.edit']

beforeAll(async () => {
  stage = await createStage()
  await stage.store.transaction(async (tx) => {
    const { password_hash } = await tx
      .selectFrom('admin_account')
      .select('password_hash')
      .where('login', '=', 'root')
      .executeTakeFirstOrThrow()
    const at = stage.clock.now()
    await tx
      .insertInto('admin_account')
      .values({
        ...{ id: 'adm_clerk', login: 'clerk', name: 'The clerk', password_hash, every_practice: false },
        ...{ created_at: at, password_changed_at: at },
      })
      .execute()
    await tx
      .insertInto('admin_grant')
      .values({ account: 'adm_clerk', practice: 'lakeside', permissions: clerkHolds })
      .execute()
  })
  root = await stage.signIn('root')
  clerk = await stage.signIn('clerk')
})
afterAll(() => stage?.close())

const members = async () =>
  (await (await root.ask('GET', `${of}/users`)).json()) as {
    version: number
    members: { user: string; login: string; roles: string[] }[]
  }
const revision = async () =>
  ((await (await root.ask('GET', `${of}/roles`)).json()) as { revision: number }).revision
const codeOf = async (response: Response) => {
  const { code } = (await response.json()) as { code?: string }
  return [response.status, code]
}
const forbidden = [403, 'not-permitted']

describe('a role with own permissions that one does not hold', () => {
  const person = (login: string, roles: string[]) => ({ name: login, login, email: null, roles })

  it('is not given to somebody who is taken in', async () => {
    const taken = await clerk.ask('POST', `${of}/users`, { json: person('friend', ['owner']) })
    expect(await codeOf(taken)).toEqual(forbidden)
    expect((await members()).members.map(({ login }) => login)).not.toContain('friend')
    expect((await clerk.ask('POST', `${of}/users`, { json: person('desk', ['front-desk']) })).status).toBe(
      201,
    )
  })

  it('is not given by a file, to somebody new or somebody known', async () => {
    const upload = async (browser: Browser, line: string) =>
      browser.ask('POST', `${of}/users/import`, {
        json: { csv: `login,name,roles\n${line}\n`, leavers: 'keep' },
        revision: (await members()).version,
      })
    expect(await codeOf(await upload(clerk, 'crony,Crony,Owner'))).toEqual(forbidden)
    expect(await codeOf(await upload(clerk, 'fred,Fred,front-desk; owner'))).toEqual(forbidden)
    const { members: left } = await members()
    expect(left.find(({ login }) => login === 'fred')?.roles).toEqual(['front-desk'])
    // Who has it already keeps it.
    expect((await upload(clerk, 'olga,Olga,owner; front-desk')).status).toBe(200)
  })

  it('is not made of another role by a file of roles, though some role has all of them', async () => {
    const importRoles = async (dryRun: boolean) =>
      clerk.ask('POST', `${of}/roles/import`, {
        json: {
          ...{ format: 'json', dryRun },
          text: JSON.stringify([{ name: 'Front Desk', permissions: ['gw.security.view', 'gw.tokens.edit'] }]),
        },
        revision: await revision(),
      })
    expect(await codeOf(await importRoles(true))).toEqual(forbidden)
    expect(await codeOf(await importRoles(false))).toEqual(forbidden)
  })
})

describe('somebody who holds more', () => {
  it('gets neither another sign-in name, to which links go, nor a link that is handed out', async () => {
    await stage.store.transaction(async (tx) => {
      const at = stage.clock.now()
      const boss = { id: 'usr_boss', name: 'Boss', login: 'boss', email: null, created_at: at }
      await tx.insertInto('app_user').values(boss).execute()
      await tx
        .insertInto('membership')
        .values({ practice: 'lakeside', user_id: 'usr_boss', roles: ['owner'], created_at: at })
        .execute()
    })
    const { version } = await members()
    const rename = (user: string, json: object) =>
      clerk.ask('PATCH', `${of}/users/${user}`, { json, revision: version })
    const link = (browser: Browser, user: string) =>
      browser.ask('POST', `${of}/users/${user}/password-link`, { json: {} })
    expect(await codeOf(await rename('usr_boss', { login: 'mine@elsewhere.test' }))).toEqual(forbidden)
    expect(await codeOf(await link(clerk, 'usr_boss'))).toEqual(forbidden)
    expect((await link(clerk, 'usr_fred')).status).toBe(200)
    expect((await link(root, 'usr_boss')).status).toBe(200)
    expect((await rename('usr_boss', { name: 'The Boss' })).status).toBe(200)
  })
})
