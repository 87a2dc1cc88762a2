/**
 * Goal: no spelling of a login name has tries of its own: case, Unicode forms and blanks are one person's one budget, and a
 * name that only looks like somebody's (full width, another script, a part behind a plus) opens nothing.
 * Method: people and own accounts on a real database, guessed at by every spelling in turn.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tryPassword } from '../../../admin/own-sign-in/password-sign-in.ts'
import { hashPassword } from '../../../admin/passwords.ts'
import { parseAddress } from '../../../policies/address.ts'
import { silentLog } from '../../../runtime/log.ts'
import { createStage, password, type Stage } from '../api/admin-stage.ts'

const login = 'josé@lakeside.example'
const spellings = [
  login,
  login.toUpperCase(),
  login.normalize('NFD'),
  `  ${login.normalize('NFD').toUpperCase()} `,
  'JosÉ@Lakeside.Example',
]
const lookalikes = [
  'jose@lakeside.example',
  'ｊｏｓé@lakeside.example',
  'jоsé@lakeside.example',
  'josé+1@lakeside.example',
  'josé@lakeside.example.',
]

let stage: Stage
beforeAll(async () => {
  stage = await createStage()
  const passwordHash = await hashPassword(password)
  await stage.store.transaction(async (tx) => {
    await tx.updateTable('app_user').set({ login }).where('id', '=', 'usr_fred').execute()
    await tx
      .insertInto('own_password')
      .values({ user_id: 'usr_fred', password_hash: passwordHash, set_at: stage.clock.now() })
      .execute()
    await tx.updateTable('admin_account').set({ login }).where('id', '=', 'adm_viewer').execute()
  })
})
afterAll(() => stage.close())

const person = async (typed: string, from: string, word = 'a wrong guess') => {
  const address = parseAddress(from)!
  const parts = { store: stage.store, log: silentLog, now: stage.clock.now }
  return (await tryPassword(parts, { login: typed, password: word, address })).outcome
}
const account = async (typed: string, from: string, word = 'a wrong guess') =>
  (await stage.postSignIn({ login: typed, password: word }, from)).status

test('spellings of a person’s login are one budget from one network, and one over all networks', async () => {
  for (const typed of spellings) expect(await person(typed, '198.51.100.7')).toBe('wrong')
  for (const typed of spellings)
    expect([typed, await person(typed, '198.51.100.7', password)]).toEqual([typed, 'wait'])
  const counted = await stage.store.read((rows) =>
    rows.selectFrom('password_tries').select(['key', 'level']).execute(),
  )
  // What counts over all networks is one row too, by the person's id.
  expect(counted.filter(({ key }) => key.startsWith('user '))).toMatchObject([
    { key: 'user usr_fred', level: 5 },
  ])
})

test('spellings of an own account’s login are one budget', async () => {
  for (const typed of spellings) expect(await account(typed, '203.0.113.70')).toBe(403)
  for (const typed of spellings) expect(await account(typed, '203.0.113.70', password)).toBe(429)
})

test('what only looks like a login is nobody’s: it opens nothing, with the right password too', async () => {
  for (const [at, typed] of lookalikes.entries()) {
    expect([typed, await person(typed, `192.0.2.${at + 1}`, password)]).toEqual([typed, 'wrong'])
    expect([typed, await account(typed, `192.0.2.${at + 1}`, password)]).toEqual([typed, 403])
  }
})
