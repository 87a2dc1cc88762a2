/**
 * Goal: how long an answer takes does not tell whether there is such a login name, nor whether its person may come in.
 * Method: tries in vain of each kind in turn on a real database; the quickest of each against the quickest of all, since what
 * else the machine does only makes some slower. Without a hash for nobody an answer is ten times as quick.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tryPassword } from '../../../admin/own-sign-in/password-sign-in.ts'
import { hashPassword } from '../../../admin/passwords.ts'
import { parseAddress } from '../../../policies/address.ts'
import { silentLog } from '../../../runtime/log.ts'
import { createPracticeStore } from '../practice-store.ts'

let stage: Awaited<ReturnType<typeof createPracticeStore>>
beforeAll(async () => {
  stage = await createPracticeStore()
  const password_hash = await hashPassword('a lamp for the otter')
  for (const login of ['known', 'gone', 'empty']) {
    const { user_id } = await stage.signIn(login)
    await stage.store.transaction(async (tx) => {
      const suspended = login === 'gone'
      await tx.updateTable('app_user').set({ login, suspended }).where('id', '=', user_id).execute()
      if (login !== 'empty')
        await tx
          .insertInto('own_password')
          .values({ user_id, password_hash, set_at: stage.clock.now() })
          .execute()
    })
  }
}, 60_000)
afterAll(() => stage?.close())

const rounds = 6

/** How long one try in vain takes, from a network of its own so that no limit speaks first. */
const timeOf = async (login: string, round: number): Promise<number> => {
  const address = parseAddress(`198.51.${round}.${login.length}`)
  if (address === null) throw new Error('no address')
  const began = performance.now()
  const parts = { store: stage.store, log: silentLog, now: stage.clock.now }
  const { outcome } = await tryPassword(parts, { login, password: 'another lamp', address })
  expect(outcome).toBe('wrong')
  return performance.now() - began
}

test('an unknown name, one without a password and a suspended one take as long as a wrong password', async () => {
  const logins = ['known', 'nobody', 'gone', 'empty']
  const quickest = new Map<string, number>()
  for (let round = 0; round < rounds; round += 1)
    for (const login of logins) {
      const took = await timeOf(login, round)
      quickest.set(login, Math.min(took, quickest.get(login) ?? took))
    }
  const all = [...quickest.values()]
  expect(Math.max(...all) / Math.min(...all), JSON.stringify([...quickest])).toBeLessThan(4)
})
