/**
 * Goal: nobody is taken for idle while the answer to "were they seen elsewhere?" is still on its way.
 * Method: a store that answers when the test says so, asked by several requests at once.
 */
import { createSecretKey } from 'node:crypto'
import { expect, test } from 'vitest'
import { createLastSeen } from '../../gateway/last-seen.ts'
import type { MirroredSession } from '../../gateway/sessions.ts'
import { sealFleet } from '../../runtime/fleet-seal.ts'
import type { HotStore } from '../../runtime/hot-store.ts'
import { keys } from '../../runtime/keys.ts'

const fleetKey = createSecretKey(Buffer.alloc(32, 7))

const stage = () => {
  const reading = Promise.withResolvers<string | null>()
  const asked: string[] = []
  const store = {
    read: (key: string) => {
      asked.push(key)
      return reading.promise
    },
  } as unknown as HotStore
  const clock = { now: () => 5_000, monotonic: () => 5_000 }
  const reports = { add() {} } as unknown as Parameters<typeof createLastSeen>[0]['reports']
  const lastSeen = createLastSeen({ store, fleetKey, clock, reports })
  const session = { record: { id: 'ses_1' }, lastSeenAt: 1_000, seenReadAt: Number.NEGATIVE_INFINITY }
  return { lastSeen, reading, asked, session: session as MirroredSession }
}

test('all who ask at once wait for the one answer', async () => {
  const { lastSeen, reading, asked, session } = stage()
  const answers = [1, 2, 3].map(() => lastSeen.refresh(session))
  reading.resolve(sealFleet(fleetKey, keys.seen('ses_1'), '4000'))
  expect(await Promise.all(answers)).toEqual([true, true, true])
  expect(session.lastSeenAt).toBe(4_000)
  expect(asked).toHaveLength(1)
  // Within the second it is not asked again, and says no more than it knows.
  expect(await lastSeen.refresh(session)).toBe(false)
})

test.each([
  ['of another session', sealFleet(fleetKey, keys.seen('ses_2'), '4000')],
  ['unsealed', '4000'],
  ['no instant', sealFleet(fleetKey, keys.seen('ses_1'), '4e3')],
])('a word that is %s counts for nothing', async (_what, text) => {
  const { lastSeen, reading, session } = stage()
  reading.resolve(text)
  expect(await lastSeen.refresh(session)).toBe(false)
  expect(session.lastSeenAt).toBe(1_000)
})

test('a store that fails says nothing', async () => {
  const { lastSeen, reading, session } = stage()
  reading.reject(new Error('away'))
  expect(await lastSeen.refresh(session)).toBe(false)
})
