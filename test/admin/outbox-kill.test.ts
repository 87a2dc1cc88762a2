/**
 * Goal: a control plane killed between save and publish loses nothing that was committed and publishes nothing that was not.
 * Method: ten real processes with ten saves under way each, killed with SIGKILL; then what is left, against the rows.
 */
import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensurePractices } from '../../admin/bootstrap.ts'
import { createPublisher, type Publisher } from '../../admin/publish.ts'
import { verifyChain } from '../../admin/store/event-chain.ts'
import type { HotStore } from '../../runtime/hot-store.ts'
import { createRedisHotStore } from '../../runtime/hot-store-redis.ts'
import { keys } from '../../runtime/keys.ts'
import { silentLog } from '../../runtime/log.ts'
import { membersRecordSchema } from '../../runtime/records.ts'
import { createSigner, createVerifier, openRecord } from '../../runtime/signing.ts'
import { cachePath, projectRoot } from '../support/cache-folder.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import type { DyingPlane } from './dying-plane.ts'
import { createPracticeStore, type PracticeStore, sessionRequest } from './practice-store.ts'

const rounds = 5
const planesAtOnce = 2
const practices = Array.from({ length: 10 }, (_, nth) => `p${nth}`)
const { privateKey } = generateKeyPairSync('ed25519')
const signer = createSigner(privateKey)
const verifier = createVerifier(signer.publicKey)

let plane: PracticeStore
let redis: TestRedis
let hotStore: HotStore
let people: { practice: string; user: string; version: number }[]
beforeAll(async () => {
  ;[plane, redis] = await Promise.all([createPracticeStore(), startRedis()])
  hotStore = createRedisHotStore({ url: redis.url })
  const made = practices.map((id) => ({ id, name: id, zone: 'UTC', roles: 'standard' as const }))
  expect(await ensurePractices(plane.store, made, plane.clock.now())).toMatchObject({ ok: true })
  people = await Promise.all(practices.map(signInAt))
  await publishAll()
})
afterAll(async () => {
  await hotStore?.close()
  await redis?.stop()
  await plane?.close()
})

const versionOf = async (practice: string): Promise<number> => {
  const { members_version } = await plane.store.read((rows) =>
    rows
      .selectFrom('practice')
      .select('members_version')
      .where('id', '=', practice)
      .executeTakeFirstOrThrow(),
  )
  return members_version
}

const signInAt = async (practice: string) => {
  const { identity } = sessionRequest(`user-of-${practice}`)
  const session = await plane.signIn(`user-of-${practice}`, {
    identity: { ...identity, practices: [{ id: practice, roles: ['Front Desk'] }] },
  })
  return { practice, user: session.user_id, version: await versionOf(practice) }
}

const waiting = async (): Promise<number> => {
  const { count } = await plane.store.read((rows) =>
    rows
      .selectFrom('outbox')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('sequence', 'is', null)
      .executeTakeFirstOrThrow(),
  )
  return count
}

/** What the next control plane does: takes the lead as soon as the server has noticed, and publishes what waits. */
const publishAll = async (): Promise<void> => {
  const next: Publisher = createPublisher({
    ...{ store: plane.store, hotStore, signer, now: plane.clock.now, log: silentLog },
  })
  do await next.tick()
  while (!next.status().leading || (await waiting()) > 0)
  await next.tick()
  await next.close()
}

/** Starts a plane and kills it right after it told of its `saves`-th save; answers the outbox rows it told of. */
const killedAfter = (saves: number): Promise<readonly number[]> =>
  new Promise((resolve, reject) => {
    const told: DyingPlane = {
      databaseUrl: plane.url,
      redisUrl: redis.url,
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      at: plane.clock.now(),
      people: people.map(({ practice, user }) => ({ practice, user })),
    }
    const file = join(projectRoot, 'test/admin/dying-plane.ts')
    const child = spawn(process.execPath, [file, JSON.stringify(told)], {
      env: { ...process.env, NODE_COMPILE_CACHE: cachePath('compiled') },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let out = ''
    child.stdout.on('data', (chunk) => {
      out += String(chunk)
      if (out.split('\n').length > saves) child.kill('SIGKILL')
    })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (signal === 'SIGKILL') resolve(out.split('\n').slice(0, -1).map(Number))
      else reject(new Error(`it ended by itself: ${code}`))
    })
  })

/** The members record of a practice in the hot store: its version, and how often its one member was revoked. */
const published = async (practice: string): Promise<{ version: number; epoch: number }> => {
  const text = (await hotStore.read(keys.members(practice))) ?? ''
  const opened =
    verifier === null ? null : openRecord(verifier, keys.members(practice), text, membersRecordSchema)
  return { version: opened?.version ?? 0, epoch: opened?.value.members[0]?.epoch ?? 0 }
}

const committedRevocations = async (practice: string): Promise<number> => {
  const { count } = await plane.store.read((rows) =>
    rows
      .selectFrom('security_event')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('practice', '=', practice)
      .where('action', '=', 'user.revoked')
      .executeTakeFirstOrThrow(),
  )
  return count
}

test('a hundred saves cut off by SIGKILL wherever they are: nothing lost, nothing made up', async () => {
  const told: number[] = []
  let cutOff = 0
  for (let round = 0; round < rounds; round += 1) {
    const killed = Array.from({ length: planesAtOnce }, (_, nth) =>
      killedAfter(1 + ((round * 7 + nth * 3) % 12)),
    )
    told.push(...(await Promise.all(killed)).flat())
    cutOff += await waiting()
    // What is out there now may lack what was saved, and holds nothing but what was.
    for (const { practice, version } of people) {
      const out = await published(practice)
      expect(out.version - version).toBe(out.epoch)
      expect(out.epoch).toBeLessThanOrEqual(await committedRevocations(practice))
    }
    await publishAll()
    for (const { practice, version } of people) {
      const revocations = await committedRevocations(practice)
      expect(await published(practice)).toEqual({ version: version + revocations, epoch: revocations })
    }
  }
  expect(cutOff).toBeGreaterThan(0)
  const rows = await plane.store.read((read) =>
    read
      .selectFrom('outbox')
      .select('id')
      .where('id', 'in', told)
      .where('sequence', 'is not', null)
      .execute(),
  )
  expect(rows.map(({ id }) => id).sort((a, b) => a - b)).toEqual(told.sort((a, b) => a - b))
  for (const { practice } of people)
    expect(await verifyChain(plane.store, practice, signer.publicKey)).toMatchObject({ ok: true })
}, 120_000)
