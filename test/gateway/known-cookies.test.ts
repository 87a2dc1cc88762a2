/**
 * Goal: cookies are found by their very bytes alone, one header for each session, and never more than there is room for;
 * and a header that is known lets nobody in who would not be let in anew.
 * Method: the memory itself, then a gateway that is given the same header before and after what ends it.
 */
import { expect, test } from 'vitest'
import { createCookieMemory, type KnownCookies } from '../../gateway/identity/known-cookies.ts'
import { startStand } from '../support/gateway-stand.ts'

const read = (companion: string, secure = false): KnownCookies => ({
  ...{ secure, credential: 'none', companion, practice: { value: null, doubtful: false }, said: null },
})

test('the very same bytes are found, and nothing that differs', () => {
  const memory = createCookieMemory(10)
  memory.keep('ann', ['sid=a; gatehouse=x'], () => read('ann'))
  expect(memory.find(['sid=a; gatehouse=x'], false)?.companion).toBe('ann')
  for (const lines of [['sid=A; gatehouse=x'], ['sid=a; gatehouse=x '], ['sid=a;gatehouse=x'], []])
    expect(memory.find(lines, false)).toBeNull()
  expect(memory.find(['sid=a; gatehouse=x', 'b=1'], false)).toBeNull()
  expect(memory.find(['sid=a; gatehouse=x'], true)).toBeNull()
})

test('what is kept was read from a copy that holds nothing but the line', () => {
  const memory = createCookieMemory(10)
  let given: readonly string[] = []
  memory.keep('ann', ['sid=a'], (own) => {
    given = own
    return read('ann')
  })
  expect(given).toEqual(['sid=a'])
})

test('a session has one header, several lines and long ones are not kept, and the oldest goes', () => {
  const memory = createCookieMemory(2)
  const holds = (line: string): boolean => memory.find([line], false) !== null
  memory.keep('ann', ['sid=1'], () => read('ann'))
  memory.keep('ann', ['sid=2'], () => read('ann'))
  expect([holds('sid=1'), holds('sid=2')]).toEqual([false, true])
  const long = `sid=${'a'.repeat(4_096)}`
  memory.keep('ben', [long], () => read('ben'))
  memory.keep('ben', ['a=1', 'b=2'], () => read('ben'))
  expect([holds(long), holds('a=1')]).toEqual([false, false])
  memory.keep('ben', ['sid=3'], () => read('ben'))
  memory.keep('owner', ['sid=4'], () => read('owner'))
  expect(['sid=2', 'sid=3', 'sid=4'].filter(holds)).toHaveLength(2)
  expect(holds('sid=4')).toBe(true)
})

test('a known header is worth nothing once its session is over, and a doubtful one never was', async () => {
  const stand = await startStand()
  try {
    const client = stand.client()
    await stand.signIn(client, 'ann')
    const statusOf = async (cookie: string) =>
      (await stand.client().get('/patients/7', { navigation: false, headers: { cookie } })).status
    const cookie = client.cookieHeader()
    for (let times = 0; times < 4; times += 1) expect(await statusOf(cookie)).toBe(200)
    expect(await statusOf(`${cookie}; sid=other`)).toBe(401)
    expect(await statusOf(cookie)).toBe(200)
    await client.post('/sign-out', {})
    const before = stand.application.arrived.length
    for (let times = 0; times < 3; times += 1) expect(await statusOf(cookie)).toBe(401)
    expect(stand.application.arrived.slice(before).filter(({ url }) => url === '/patients/7')).toEqual([])
  } finally {
    await stand.close()
  }
})
