/**
 * Goal: guessing is slowed down on every path, by whoever it comes, and nobody is locked out by somebody else.
 * Method: a real database and a clock that moves when told; no password is hashed.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { giveBackTry, takeLinkTry, takePasswordTry } from '../../../admin/own-sign-in/password-tries.ts'
import { forgetOldVisits } from '../../../admin/two-factor/expiry.ts'
import { type Address, parseAddress } from '../../../policies/address.ts'
import { createPracticeStore } from '../practice-store.ts'

let stage: Awaited<ReturnType<typeof createPracticeStore>>
let fiona = ''
beforeAll(async () => {
  stage = await createPracticeStore()
  fiona = (await stage.signIn('fiona', { address: '203.0.113.9' })).user_id
}, 60_000)
afterAll(() => stage?.close())

const at = (text: string): Address => {
  const address = parseAddress(text)
  if (address === null) throw new Error(text)
  return address
}

const attempt = (user: string | null, from: string, login = 'fiona') =>
  takePasswordTry(stage.store, { login, user, address: at(from) }, stage.clock.now())

const waitOf = async (taken: ReturnType<typeof attempt>): Promise<number> => {
  const outcome = await taken
  return outcome.outcome === 'wait' ? outcome.until - stage.clock.now() : 0
}

test('five tries from one network are free, then the pauses grow to a quarter of an hour, and run out again', async () => {
  for (let count = 0; count < 4; count += 1) expect(await waitOf(attempt(fiona, '203.0.113.9'))).toBe(0)
  const pauses: number[] = []
  for (let count = 0; count < 8; count += 1) {
    expect(await waitOf(attempt(fiona, '203.0.113.9'))).toBe(0)
    const wait = await waitOf(attempt(fiona, '203.0.113.9'))
    pauses.push(wait)
    stage.clock.advance(wait)
  }
  expect(pauses[0]).toBe(60_000)
  expect(pauses.at(-1)).toBe(900_000)
  expect(pauses).toEqual([...pauses].sort((a, b) => a - b))
  stage.clock.advance(3 * 3_600_000)
  for (let count = 0; count < 5; count += 1) expect(await waitOf(attempt(fiona, '203.0.113.9'))).toBe(0)
  expect(await waitOf(attempt(fiona, '203.0.113.9'))).toBe(60_000)
})

test('of a hundred at once no more than five are taken', async () => {
  const all = await Promise.all(Array.from({ length: 100 }, () => attempt(null, '203.0.113.77', 'nobody')))
  expect(all.filter(({ outcome }) => outcome === 'taken')).toHaveLength(5)
})

test('from many networks somebody is guessed twenty times, then strangers wait, and where they are known they do not', async () => {
  stage.clock.advance(3 * 3_600_000)
  const outcomes: number[] = []
  for (let count = 0; count < 21; count += 1)
    outcomes.push(await waitOf(attempt(fiona, `198.51.100.${count}`)))
  expect(outcomes.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 0))
  expect(outcomes[20]).toBe(60_000)
  // What had to wait counted nowhere.
  expect(await waitOf(attempt(null, '198.51.100.20', 'somebody'))).toBe(0)
  expect(await waitOf(attempt(fiona, '203.0.113.9'))).toBe(0)
})

test('an unknown name is limited as a known one is', async () => {
  const waits: number[] = []
  for (let count = 0; count < 21; count += 1)
    waits.push(await waitOf(attempt(null, `192.0.2.${count}`, 'invented@demo.test')))
  expect(waits[19]).toBe(0)
  expect(waits[20]).toBe(60_000)
})

test('one network tries thirty names, then waits; a right password is not counted', async () => {
  const from = '2001:db8:1:2::7'
  for (let count = 0; count < 30; count += 1)
    expect(await waitOf(attempt(null, from, `name-${count}`))).toBe(0)
  for (let count = 0; count < 3; count += 1) {
    const taken = await attempt(null, '2001:db8:1:3::7', `right-${count}`)
    if (taken.outcome === 'taken') await giveBackTry(stage.store, taken.keys)
  }
  // Another address of the same network.
  expect(await waitOf(attempt(null, '2001:db8:1:2::8', 'and-more'))).toBe(60_000)
  const left = await stage.store.read((rows) =>
    rows.selectFrom('password_tries').select('key').where('key', 'like', '%2001:db8:1:3%').execute(),
  )
  expect(left).toEqual([])
})

test('links are asked for ten times from one network, then after a while', async () => {
  const ask = () => takeLinkTry(stage.store, at('203.0.113.5'), stage.clock.now())
  for (let count = 0; count < 10; count += 1) expect((await ask()).outcome).toBe('taken')
  expect((await ask()).outcome).toBe('wait')
})

test('after a day nothing of it is kept', async () => {
  stage.clock.advance(25 * 3_600_000)
  await stage.store.transaction((tx) => forgetOldVisits(tx, stage.clock.now()))
  const left = await stage.store.read((rows) => rows.selectFrom('password_tries').selectAll().execute())
  expect(left).toEqual([])
})

test('what is given back twice at once does no harm', async () => {
  const keys = Array.from({ length: 20 }, (_, nth) => `user usr_twice${nth}`)
  // Between one and two: either alone leaves less than one.
  await stage.store.transaction((tx) =>
    tx
      .insertInto('password_tries')
      .values(keys.map((key) => ({ key, level: 1.5, last_at: stage.clock.now(), free_at: 0 })))
      .execute(),
  )
  await Promise.all(keys.flatMap((key) => [giveBackTry(stage.store, [key]), giveBackTry(stage.store, [key])]))
  const left = await stage.store.read((rows) =>
    rows.selectFrom('password_tries').select('level').where('key', 'in', keys).execute(),
  )
  expect(left.every(({ level }) => level >= 0 && level < 1)).toBe(true)
})
