/**
 * Goal: what is mirrored of a session is never older than what an event told of, and inventing sessions costs little.
 * Method: a real Redis whose answers a relay holds back; a control plane that can be stopped; tokens made up.
 */
import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createSessions, type MirroredSession, type Sessions } from '../../gateway/sessions.ts'
import { fault } from '../../runtime/fault.ts'
import type { HotStore } from '../../runtime/hot-store.ts'
import { createRedisHotStore } from '../../runtime/hot-store-redis.ts'
import type { ControlPlane, SealedRecord } from '../../runtime/internal.ts'
import { keys } from '../../runtime/keys.ts'
import type { SessionRecord } from '../../runtime/records.ts'
import { createSigner, createVerifier, generateSigningKey, sealRecord } from '../../runtime/signing.ts'
import { type FaultRelay, startFaultRelay } from '../support/fault-relay.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'

const signer = createSigner(generateSigningKey())
const token = 'A'.repeat(43)
const ended = { at: 1, why: 'revoked' } as const

const recordOf = (change: Partial<SessionRecord> = {}): SessionRecord => ({
  ...{ id: 'ses_1', upstream: 'app', user: 'usr_ann', appUser: 'ann', method: 'app-password' },
  ...{ epochs: {}, cookieHash: null, startedAt: 1, absoluteDeadline: 9e15, held: false, ended: null },
  ...{ factor: null, trustedDevices: {}, address: '127.0.0.1', ...change },
})
const seal = (version: number, change: Partial<SessionRecord> = {}): SealedRecord => {
  const key = keys.session(token)
  return { key, text: sealRecord(signer, key, version, recordOf(change)) }
}

let redis: TestRedis
let relay: FaultRelay
/** As the control plane writes, and as the gateway reads. */
let direct: HotStore
let relayed: HotStore
let sessions: Sessions
let changed: MirroredSession[]
/** What the control plane says; `null`: it cannot be had. */
let control: ((key: string) => SealedRecord | null) | null
let asked: number
let trusted: boolean
let elapsed: number

beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

beforeEach(async () => {
  await redis.restart()
  relay = await startFaultRelay(redis.port)
  const url = new URL(redis.url)
  url.port = String(relay.port)
  direct = createRedisHotStore({ url: redis.url })
  relayed = createRedisHotStore({ url: url.href, deadlineMs: 400 })
  await Promise.all([direct.time(), relayed.time()])
  await direct.write(keys.seeded, 'mark', null)
  await direct.write(keys.manifest, '1 s {}', null)
  changed = []
  control = null
  asked = 0
  trusted = true
  elapsed = 0
  sessions = createSessions({
    store: relayed,
    controlPlane: {
      record: async (key: string) => {
        asked += 1
        if (control === null) throw fault('control-plane', 'unreachable', 'stopped')
        return control(key)
      },
    } as unknown as ControlPlane,
    verifier: createVerifier(signer.publicKey)!,
    clock: { now: () => 1_000, monotonic: () => elapsed },
    sessionsMax: 1_000,
    trusts: () => trusted,
    onChange: (session) => changed.push(session),
    onBad: () => {},
  })
})
afterEach(async () => {
  await Promise.all([direct.close(), relayed.close()])
  await relay.close()
})

const write = ({ key, text }: SealedRecord): Promise<void> => direct.write(key, text, null)
const mirrored = async (): Promise<MirroredSession> => {
  await write(seal(1))
  const session = await sessions.load(token)
  if (typeof session !== 'object') throw new Error(`not mirrored: ${session}`)
  return session
}

describe('a slow read', () => {
  test('that an event for its key overtook is thrown away', async () => {
    await write(seal(1))
    relay.hold()
    const loading = sessions.load(token)
    // The old record has been read by Redis by the time it answers somebody else.
    await new Promise((resolve) => setTimeout(resolve, 50))
    await write(seal(2, { ended }))
    const heeded = sessions.nudge(token, 2)
    relay.release()
    expect(await loading).toMatchObject({ version: 2, record: { ended } })
    await heeded
    expect(sessions.known(token)).toMatchObject({ version: 2, record: { ended } })
  })

  test('is shared by all who ask meanwhile', async () => {
    await write(seal(1))
    relay.hold()
    const loading = Array.from({ length: 100 }, () => sessions.load(token))
    relay.release()
    for (const session of await Promise.all(loading)) expect(session).toMatchObject({ version: 1 })
    expect(asked).toBe(1)
  })
})

describe('a change that was told and cannot be read', () => {
  test('puts the session in doubt: not known, its streams told, until it can be read', async () => {
    const session = await mirrored()
    await redis.kill('SIGSTOP')
    await sessions.nudge(token, 2)
    expect(changed).toEqual([session])
    expect(sessions.known(token)).toBeNull()
    expect(await sessions.load(token)).toBe('unavailable')
    await redis.kill('SIGCONT')
    await write(seal(2, { ended }))
    await expect.poll(() => sessions.load(token)).toMatchObject({ version: 2, record: { ended } })
    expect(sessions.known(token)).toMatchObject({ version: 2 })
  })

  test('though it came itself, as of a newer version: nobody goes on by what was held before', async () => {
    const session = await mirrored()
    elapsed += 3_000
    const newer = { ...recordOf({ ended }), somethingNew: true } as SessionRecord
    const key = keys.session(token)
    const record = { key, text: sealRecord(signer, key, 2, newer) }
    control = () => record
    expect(sessions.apply(record)).toBeNull()
    expect(changed).toEqual([session])
    expect(sessions.known(token)).toBeNull()
    expect(await sessions.load(token)).toBe('unavailable')
    control = () => seal(2)
    expect(await sessions.load(token)).toMatchObject({ version: 2 })
  })

  test('is not undone by an older record that is shown instead', async () => {
    await mirrored()
    await write(seal(1))
    await sessions.nudge(token, 2)
    expect(await sessions.load(token)).toBe('unavailable')
    await sessions.reload()
    expect(sessions.known(token)).toBeNull()
  })

  test('that was made up harms nobody while the control plane can be asked', async () => {
    await mirrored()
    control = () => seal(1)
    elapsed += 10_000
    await sessions.nudge(token, 99)
    expect(sessions.known(token)).toMatchObject({ version: 1, record: { ended: null } })
  })

  test('reading all anew fails while nobody can be asked, so that nothing is renewed by it', async () => {
    await mirrored()
    await redis.kill('SIGSTOP')
    await expect(sessions.reload()).rejects.toThrow(/cannot be read anew/)
    await redis.kill('SIGCONT')
    await expect.poll(() => sessions.reload().then(() => 'read')).toBe('read')
  })
})

describe('a session never heard of', () => {
  test('is the control plane’s word first: an older record in the store makes nobody live', async () => {
    await write(seal(1))
    control = () => seal(2, { ended })
    expect(await sessions.load(token)).toMatchObject({ version: 2, record: { ended } })
  })

  test('is not had from a store that is not to be believed', async () => {
    await write(seal(1))
    trusted = false
    expect(await sessions.load(token)).toBe('unavailable')
    await direct.remove(keys.seeded)
    trusted = true
    expect(await sessions.load(token)).toBe('unavailable')
  })

  test('does not wait for a control plane that has just failed', async () => {
    await write(seal(1))
    await sessions.load('B'.repeat(43))
    expect(await sessions.load(token)).toMatchObject({ version: 1 })
    expect(asked).toBe(1)
    elapsed += 2_000
    control = () => null
    expect(await sessions.load('C'.repeat(43))).toBe('absent')
    expect(asked).toBe(2)
  })
})

describe('made-up sessions', () => {
  test('are not mirrored, and asked about once a second at most each', async () => {
    control = () => null
    const made = Array.from({ length: 3_000 }, () => randomBytes(32).toString('base64url'))
    for (const hash of made) expect(await sessions.load(hash)).toBe('absent')
    for (const hash of made) expect(sessions.known(hash)).toBe('absent')
    expect(asked).toBe(3_000)
    expect(sessions.size).toBe(0)
    elapsed += 1_000
    expect(sessions.known(made[0]!)).toBeNull()
  })

  test('push nobody else out', async () => {
    const session = await mirrored()
    control = () => null
    elapsed += 10_000
    for (let n = 0; n < 25_000; n += 1) await sessions.load(randomBytes(32).toString('base64url'))
    expect(sessions.known(token)).toBe(session)
  })
})
