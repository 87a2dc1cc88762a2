/**
 * Goal: whatever users, reviewers and the clock do in whatever order, requests stand as a model of one page says.
 * Method: random sequences of commands (seeded) on a real database, held against the model after each step.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { askForAccess, readAccessStandings, settleRequests } from '../../admin/requests/access-requests.ts'
import { approveRequest, rejectRequest } from '../../admin/requests/access-review.ts'
import { takeAccessBack } from '../../admin/requests/access-taking-back.ts'
import { reopenRequest, withdrawApproval } from '../../admin/requests/access-undoing.ts'
import { markHeld, type SessionRow } from '../../admin/store/sessions.ts'
import { never } from '../../policies/instant.ts'
import { createPracticeStore, north, type PracticeStore } from './practice-store.ts'

const minute = 60_000
const hour = 60 * minute
const places = [0, 1, 2, 3] as const

/** A request as the model knows it. `endsAt`: of its approval, be that over or not. */
type Asked = {
  status: 'pending' | 'approved' | 'rejected' | 'withdrawn'
  readonly createdAt: number
  decidedAt: number
  endsAt: number | null
}
/** By place, the oldest first. */
type Model = { now: number; readonly asked: readonly Asked[][] }
type Real = { readonly session: SessionRow; readonly net: number }

let plane: PracticeStore
let nets = 0
beforeAll(async () => {
  plane = await createPracticeStore()
})
afterAll(() => plane?.close())

const isOpen = (one: Asked, now: number): boolean =>
  one.status === 'pending' && now < one.createdAt + 72 * hour
const isGiven = (one: Asked, now: number): boolean => one.status === 'approved' && now < (one.endsAt ?? 0)

function expectedAt(model: Model, place: number): { status: string; askAgainAt: number | null } {
  const all = model.asked[place] ?? []
  const newest = all.at(-1)
  const nothing = { askAgainAt: null }
  if (newest === undefined) return { status: 'not-requested', ...nothing }
  if (isOpen(newest, model.now)) return { status: 'pending', ...nothing }
  if (isGiven(newest, model.now)) return { status: 'approved', ...nothing }
  if (newest.status !== 'rejected') return { status: 'not-requested', ...nothing }
  const since = all.slice(all.findLastIndex(({ endsAt }) => endsAt !== null) + 1)
  const rejections = since.filter(({ status }) => status === 'rejected').length
  const until = newest.decidedAt + ([15 * minute, 2 * hour][rejections - 1] ?? 24 * hour)
  return { status: 'rejected', askAgainAt: until > model.now ? until : null }
}

const addressOf = ({ net }: Real, place: number): string => `10.${net >> 8}.${net & 255}.${place + 1}`
const wishOf = (real: Real, place: number) => ({
  ...{ tokenHash: real.session.token_hash, kind: 'ip' as const, address: addressOf(real, place) },
  practices: [north],
})

/** The newest request of a place as the database has it. */
const newestOf = (real: Real, place: number) =>
  plane.store.read((rows) =>
    rows
      .selectFrom('access_request')
      .select('id')
      .where('user_id', '=', real.session.user_id)
      .where('address', '=', addressOf(real, place))
      .orderBy('created_at', 'desc')
      .limit(1)
      .executeTakeFirst(),
  )

async function check(model: Model, real: Real): Promise<void> {
  for (const place of places) {
    const { tokenHash, kind, address } = wishOf(real, place)
    const known = await readAccessStandings(plane.store, { tokenHash, kind, address }, model.now)
    expect(known?.standings[0], `place ${place}`).toMatchObject(expectedAt(model, place))
  }
  const grants = await plane.store.read((rows) =>
    rows
      .selectFrom('access_grant')
      .select('id')
      .where('user_id', '=', real.session.user_id)
      .where('withdrawn_at', 'is', null)
      .where('ends_at', '>', model.now)
      .execute(),
  )
  const given = model.asked.flat().filter((one) => isGiven(one, model.now))
  expect(grants, 'grants in force').toHaveLength(given.length)
}

type Step = fc.AsyncCommand<Model, Real>
const step = (name: string, run: (model: Model, real: Real) => Promise<void>): Step => ({
  check: () => true,
  run: async (model, real) => {
    // Nothing happens twice in one millisecond.
    model.now += 1_000
    await run(model, real)
    await check(model, real)
  },
  toString: () => name,
})

const ask = (place: number): Step =>
  step(`ask ${place}`, async (model, real) => {
    const { status, askAgainAt } = expectedAt(model, place)
    const fresh = status === 'not-requested' || (status === 'rejected' && askAgainAt === null)
    const open = model.asked.flat().filter((one) => isOpen(one, model.now)).length
    const today = model.asked.flat().filter(({ createdAt }) => createdAt > model.now - 24 * hour).length
    const refused = fresh ? open >= 3 || today >= 10 : status === 'rejected'
    const answer = await askForAccess(plane.store, { ...wishOf(real, place), reason: 'Model' }, model.now)
    expect(answer.refused !== null).toBe(refused)
    if (fresh && !refused)
      model.asked[place]?.push({ status: 'pending', createdAt: model.now, decidedAt: 0, endsAt: null })
  })

const takeBack = (place: number): Step =>
  step(`take back ${place}`, async (model, real) => {
    await takeAccessBack(plane.store, wishOf(real, place), model.now)
    const newest = model.asked[place]?.at(-1)
    if (newest !== undefined && isOpen(newest, model.now)) newest.status = 'withdrawn'
  })

/** A reviewer does something with the newest request of a place; `may` says whether the model lets them. */
const review = (
  name: string,
  place: number,
  may: (newest: Asked, now: number) => boolean,
  act: (review: Parameters<typeof rejectRequest>[1]) => Promise<{ readonly outcome: string }>,
  then: (newest: Asked, now: number) => void,
): Step =>
  step(`${name} ${place}`, async (model, real) => {
    const id = (await newestOf(real, place))?.id
    const newest = model.asked[place]?.at(-1)
    expect(id === undefined).toBe(newest === undefined)
    if (id === undefined || newest === undefined) return
    const deed = plane.deed({ at: model.now })
    const { outcome } = await act({ practice: north, id, note: '', reviewerLogin: 'admin', deed })
    expect(outcome).toBe(may(newest, model.now) ? 'decided' : 'already-decided')
    if (outcome === 'decided') then(newest, model.now)
  })

const approve = (place: number, length: number): Step =>
  review(
    `approve for ${length / hour} h`,
    place,
    isOpen,
    (wish) => approveRequest(plane.store, { ...wish, length }),
    (newest, now) => Object.assign(newest, { status: 'approved', endsAt: now + length }),
  )
const reject = (place: number): Step =>
  review(
    'reject',
    place,
    isOpen,
    (wish) => rejectRequest(plane.store, wish),
    (newest, now) => Object.assign(newest, { status: 'rejected', decidedAt: now }),
  )
const withdraw = (place: number): Step =>
  review(
    'withdraw',
    place,
    isGiven,
    (wish) => withdrawApproval(plane.store, { ...wish, mayEditList: false }),
    (newest) => Object.assign(newest, { status: 'withdrawn' }),
  )
const reopen = (place: number): Step =>
  review(
    'reopen',
    place,
    ({ status, createdAt }, now) => status === 'rejected' && now < createdAt + 72 * hour,
    (wish) => reopenRequest(plane.store, wish),
    (newest) => Object.assign(newest, { status: 'pending' }),
  )
const wait = (ms: number): Step =>
  step(`wait ${ms / minute} min`, async (model) => {
    model.now += ms
    // The job may come at any time, and changes nothing that anybody sees.
    if (ms > hour) await plane.store.transaction((tx) => settleRequests(tx, null, model.now))
  })

const place = fc.nat(places.length - 1)
const commands = fc.commands(
  [
    place.map(ask),
    place.map(ask),
    place.map(takeBack),
    fc.tuple(place, fc.constantFrom(hour, 30 * hour)).map(([at, length]) => approve(at, length)),
    place.map(reject),
    place.map(reject),
    place.map(withdraw),
    place.map(reopen),
    fc.constantFrom(minute, 16 * minute, 3 * hour, 25 * hour, 73 * hour).map(wait),
  ],
  { maxCommands: 30, size: 'max' },
)

test('requests stand as the model says, after every step of any sequence', async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (steps) => {
      nets += 1
      const session = await plane.signIn(`person-${nets}`)
      await plane.store.transaction(async (tx) => {
        await markHeld(tx, session.token_hash, { reason: 'ip' })
        await tx
          .updateTable('session')
          .set({ absolute_deadline: never })
          .where('token_hash', '=', session.token_hash)
          .execute()
      })
      const model: Model = { now: plane.clock.now(), asked: places.map(() => []) }
      await fc.asyncModelRun(() => ({ model, real: { session, net: nets } }), steps)
    }),
    { seed: 5, numRuns: 8, endOnFailure: true },
  )
})
