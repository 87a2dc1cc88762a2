/**
 * What changed just now, told to the browsers that look: one look at the database a second while somebody
 * does.
 *
 * It is a nudge to load again and no record of anything; a message lost costs a second look. Invariant: it
 * tells what is committed, from whichever control plane, because it compares counters of the database and
 * does not listen to its own process. A listener per event source was refused: a second control plane would
 * be silent.
 */
import { sql } from 'kysely'
import type { DurationMs, Instant } from '../policies/instant.ts'
import type { Log } from '../runtime/log.ts'
import type { LiveMessage } from './api/contract/me.ts'
import type { Rows, Store } from './store/database.ts'
import { lastAnnounced, type PublishState, readPublishState } from './store/publish-state.ts'

/** Tells subscribers what changed. */
export type Live = {
  /** Messages of one practice from the next look on; answers how to stop. */
  readonly subscribe: (practice: string, tell: (message: LiveMessage) => void) => () => void
  /** Looks now instead of within a second; resolves when everybody has been told. Never rejects. */
  readonly look: () => Promise<void>
  /** Resolves once `close` was called: whoever streams ends then. */
  readonly closed: Promise<void>
  readonly close: () => void
}

type Marks = {
  readonly revision: number
  readonly members: number
  readonly events: number
  readonly refusals: string
  readonly sessions: string
  readonly requests: string
  readonly publish: PublishState | null
}

const lookEveryMs: DurationMs = 1_000

async function readMarks(rows: Rows, practice: string, at: Instant): Promise<Marks | null> {
  const row = await rows
    .selectFrom('practice as p')
    .select(['p.revision', 'p.members_version'])
    .select((eb) => [
      eb.selectFrom('event_head').select('seq').whereRef('practice', '=', 'p.id').as('events'),
      eb
        .selectFrom('decision_log')
        .select(sql<string>`concat(max(id), '/', max(last_at))`.as('mark'))
        .whereRef('practice', '=', 'p.id')
        .where('at', '>', at - 120_000)
        .as('refusals'),
      eb
        .selectFrom('access_request as q')
        .select(sql<string>`concat(count(*), '/', max(q.asked_at), '/', max(q.decided_at))`.as('mark'))
        .whereRef('q.practice', '=', 'p.id')
        .as('requests'),
      eb
        .selectFrom('session as s')
        .innerJoin('membership as m', 'm.user_id', 's.user_id')
        .select(
          sql<string>`concat(count(*), '/', sum(s.version), '/', sum(s.streams), '/', max(s.last_seen_at))`.as(
            'mark',
          ),
        )
        .whereRef('m.practice', '=', 'p.id')
        .where('s.ended_at', 'is', null)
        .where('s.absolute_deadline', '>', at)
        .as('sessions'),
    ])
    .where('p.id', '=', practice)
    .executeTakeFirst()
  if (row === undefined) return null
  const announced = await lastAnnounced(rows, practice)
  return {
    revision: row.revision,
    members: row.members_version,
    events: row.events ?? 0,
    refusals: row.refusals ?? '',
    sessions: row.sessions ?? '',
    requests: row.requests ?? '',
    publish: announced === null ? null : await readPublishState(rows, announced, at),
  }
}

const publishMark = (state: PublishState | null): string =>
  state === null ? '' : `${state.announced} ${state.state} ${state.active} ${state.gateways}`

/** The state as the API tells it. */
export const publishAnswer = (state: PublishState) => ({
  sequence: state.announced,
  state: state.state,
  active: state.active,
  gateways: state.gateways,
  savedAt: state.savedAt,
  everywhereAfterMs: state.enforcedAt === null ? null : Math.max(0, state.enforcedAt - state.savedAt),
})

function* differences(practice: string, before: Marks, after: Marks): Generator<LiveMessage> {
  if (before.revision !== after.revision) yield { kind: 'policy', practice, revision: after.revision }
  if (before.members !== after.members) yield { kind: 'members', practice, version: after.members }
  if (before.sessions !== after.sessions) yield { kind: 'sessions', practice }
  if (before.requests !== after.requests) yield { kind: 'requests', practice }
  if (before.refusals !== after.refusals) yield { kind: 'refusals', practice }
  if (before.events !== after.events) yield { kind: 'events', practice }
  if (after.publish !== null && publishMark(before.publish) !== publishMark(after.publish))
    yield { kind: 'published', practice, publish: publishAnswer(after.publish) }
}

type Watched = { marks: Marks | null; readonly tells: Set<(message: LiveMessage) => void> }

/** Looks at one practice and tells those who watch it what is other than at the look before. */
async function lookAt(store: Store, practice: string, watch: Watched, at: Instant): Promise<void> {
  const after = await store.read((rows) => readMarks(rows, practice, at))
  const before = watch.marks
  watch.marks = after
  if (before === null || after === null) return
  for (const message of differences(practice, before, after)) for (const tell of watch.tells) tell(message)
}

/** The teller on `store`. It looks only while somebody subscribes. */
export function createLive(options: {
  readonly store: Store
  readonly now: () => Instant
  readonly log: Log
}): Live {
  const { store, now, log } = options
  const watched = new Map<string, Watched>()
  let timer: NodeJS.Timeout | null = null
  let looking: Promise<void> | null = null
  const closed = Promise.withResolvers<void>()

  const lookAtAll = async (): Promise<void> => {
    for (const [practice, watch] of watched) {
      try {
        await lookAt(store, practice, watch, now())
      } catch (error) {
        log.debug({ error }, 'live: the database cannot be had')
        return
      }
    }
  }

  /** One look at a time; whoever asks meanwhile gets a fresh one after it. */
  const look = async (): Promise<void> => {
    if (looking !== null) await looking
    looking ??= lookAtAll().finally(() => {
      looking = null
    })
    await looking
  }

  const keepTime = (): void => {
    if (watched.size > 0 && timer === null) {
      timer = setInterval(() => void look(), lookEveryMs)
      timer.unref()
    }
    if (watched.size === 0 && timer !== null) {
      clearInterval(timer)
      timer = null
    }
  }

  return {
    subscribe(practice, tell) {
      const watch = watched.get(practice) ?? { marks: null, tells: new Set() }
      watched.set(practice, watch)
      watch.tells.add(tell)
      keepTime()
      return () => {
        watch.tells.delete(tell)
        if (watch.tells.size === 0) watched.delete(practice)
        keepTime()
      }
    },
    look,
    closed: closed.promise,
    close() {
      watched.clear()
      keepTime()
      closed.resolve()
    },
  }
}
