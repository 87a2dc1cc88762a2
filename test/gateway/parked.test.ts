/**
 * Goal: what waits for a step can be opened by its browser's companion alone, once, for a while, and within bounds.
 * Method: the in-process hot store under a stepped clock; texts are moved, altered, and taken by several at once.
 */
import { beforeEach, describe, expect, test } from 'vitest'
import { mintToken } from '../../gateway/companion.ts'
import { createParked, type Parked, parkedForMs, parkedPerUserMax } from '../../gateway/parked.ts'
import type { HotStore } from '../../runtime/hot-store.ts'
import { createMemoryHotStore } from '../../runtime/hot-store-memory.ts'
import { keys } from '../../runtime/keys.ts'
import type { ParkedAnswer } from '../../runtime/records.ts'

let at: number
let store: HotStore
let parked: Parked
beforeEach(() => {
  at = 1_790_000_000_000
  store = createMemoryHotStore({ now: () => at })
  parked = createParked(store, () => at)
})

const answered: ParkedAnswer = {
  status: 303,
  location: '/schedule?day=1',
  setCookies: ['sid=secret-cookie; Path=/; HttpOnly', 'theme=dark'],
  pairs: [['sid', 'secret-cookie']],
}

describe('a parked answer', () => {
  test('comes back whole to its token, on another gateway, and only once', async () => {
    const { token } = mintToken()
    expect(await parked.park(token, 'usr_a', answered, parkedForMs.approval)).toBe(true)
    const elsewhere = createParked(store, () => at)
    const taken = await Promise.all([1, 2, 3, 4, 5].map(() => elsewhere.take(token)))
    expect(taken.filter((one) => one !== null).map((one) => one?.answer)).toEqual([answered])
    expect(await parked.take(token)).toBeNull()
  })

  test('shows nothing of itself in the store, and opens under no other token or key', async () => {
    const one = mintToken()
    const other = mintToken()
    await parked.park(one.token, 'usr_a', answered, parkedForMs.approval)
    const text = (await store.read(keys.parked(one.tokenHash))) ?? ''
    expect(text).not.toContain('secret-cookie')
    expect(Buffer.from(text, 'base64url').toString('latin1')).not.toContain('secret-cookie')
    expect(text).not.toContain(one.token)
    await store.write(keys.parked(other.tokenHash), text, null)
    expect(await parked.take(other.token)).toBeNull()
    expect((await parked.take(one.token))?.answer).toEqual(answered)
  })

  test('that was altered in one byte does not open', async () => {
    const { token, tokenHash } = mintToken()
    await parked.park(token, 'usr_a', answered, parkedForMs.approval)
    const bytes = Buffer.from((await store.read(keys.parked(tokenHash))) ?? '', 'base64url')
    bytes[40] = (bytes[40] ?? 0) ^ 1
    await store.write(keys.parked(tokenHash), bytes.toString('base64url'), null)
    expect(await parked.take(token)).toBeNull()
  })

  test('runs out after its time, also where the store forgot to forget', async () => {
    const { token, tokenHash } = mintToken()
    await parked.park(token, 'usr_a', answered, parkedForMs.approval)
    const text = (await store.read(keys.parked(tokenHash))) ?? ''
    at += parkedForMs.approval - 1
    const taken = await parked.take(token)
    expect(taken?.answer).toEqual(answered)
    await taken?.putBack()
    at += 1
    expect(await parked.take(token)).toBeNull()
    await store.write(keys.parked(tokenHash), text, null)
    expect(await parked.take(token)).toBeNull()
  })

  test('put back can be taken again, within its first time', async () => {
    const { token } = mintToken()
    await parked.park(token, 'usr_a', answered, parkedForMs.approval)
    await (await parked.take(token))?.putBack()
    expect((await parked.take(token))?.answer).toEqual(answered)
  })
})

describe('bounds', () => {
  test('a hundred at once park a few per user; a place taken back is free again', async () => {
    const tokens = Array.from({ length: 100 }, () => mintToken().token)
    const fleet = [parked, createParked(store, () => at)]
    const done = await Promise.all(
      tokens.map((token, i) => fleet[i % 2]!.park(token, 'usr_a', answered, parkedForMs.approval)),
    )
    expect(done.filter(Boolean)).toHaveLength(parkedPerUserMax)
    expect(await parked.park(mintToken().token, 'usr_b', answered, parkedForMs.approval)).toBe(true)
    await parked.take(tokens[done.indexOf(true)]!)
    expect(await parked.park(mintToken().token, 'usr_a', answered, parkedForMs.approval)).toBe(true)
    expect(await parked.park(mintToken().token, 'usr_a', answered, parkedForMs.approval)).toBe(false)
    at += parkedForMs.approval
    expect(await parked.park(mintToken().token, 'usr_a', answered, parkedForMs.approval)).toBe(true)
  })

  test('what is too large, or has no store, is not parked', async () => {
    const large = { ...answered, setCookies: [`sid=${'x'.repeat(65_536)}`] }
    const { token } = mintToken()
    expect(await parked.park(token, 'usr_a', large, parkedForMs.approval)).toBe(false)
    expect(await parked.take(token)).toBeNull()
    expect(await createParked(null, () => at).park(token, 'usr_a', answered, parkedForMs.approval)).toBe(
      false,
    )
  })
})
