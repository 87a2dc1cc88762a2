/**
 * Permits that were just given, to be given again while everything that they were made from is the very same.
 *
 * It decides nothing and knows no refusal; who asks is found out anew each time, before anybody looks here. Invariant: a
 * permit is found only by what `decide` was given for it, compared one by one with what the mirrors hold now (session,
 * record, credential, memberships, members, snapshots, address, route, method, practice), within the time that it said it holds; so no
 * change has to be told here, and nothing that was changed or revoked finds one. What an exchange could go on by, another
 * may begin by. Comparing the numbers of changes was refused: one that somebody forgets to count would let people in.
 */
import type { Member } from '../policies/access-request.ts'
import type { Decision } from '../policies/decision.ts'
import type { Instant } from '../policies/instant.ts'
import type { PolicySnapshot } from '../policies/snapshot.ts'
import { createBoundedMap } from './bounded-map.ts'
import type { Judgement } from './exchange.ts'
import type { CredentialReading } from './identity/credential.ts'
import { saySame } from './practice.ts'
import { type Directory, type Question, scopeOf } from './questions.ts'
import type { Duties } from './route-duties.ts'
import type { MirroredSession } from './sessions.ts'
import type { Tally } from './traffic.ts'

/** A judgement that lets pass. */
export type Passing = Extract<Judgement, { act: 'forward' }>

/** One that was given. Of an exchange it holds nothing but its credential. */
export type KeptPermit = {
  readonly question: Question
  /** What it came with: the judgement's notice forgets, and asks for, the application's word on that one alone. */
  readonly credential: CredentialReading
  readonly decision: Decision
  readonly judgement: Passing
  /** What of it was counted last. */
  tally: Tally
}

/** A question about to be asked, without what only one exchange has. */
export type Asked = Pick<Question, 'method' | 'session' | 'accompanied' | 'sources'> & {
  readonly duties: Duties
  readonly address: string
  readonly credential: CredentialReading
}

/** Permits of those who are at work now. */
export type KeptPermits = {
  /** The one given to the same question, where it still holds at `at`; `null`: it must be decided. */
  find(asked: Asked, at: Instant): KeptPermit | null
  /** Keeps one that was decided at `at`, and whose headers may be sent until `until`. */
  keep(duties: Duties, permit: KeptPermit, at: Instant, until: Instant): void
}

type Ground = {
  readonly practice: string
  readonly snapshot: PolicySnapshot | null
  readonly member: Member | null
}

type Entry = {
  readonly duties: Duties
  readonly permit: KeptPermit
  readonly record: MirroredSession['record']
  readonly memberships: readonly string[]
  readonly grounds: readonly Ground[]
  readonly from: Instant
  readonly until: Instant
}

/** Of one session: the routes of a page and what it asks for again and again. */
const entriesMax = 8

const isSameCredential = (one: CredentialReading, other: CredentialReading): boolean =>
  one === other || (typeof one !== 'string' && typeof other !== 'string' && one.hash === other.hash)

const isAsked = ({ duties, permit: { question, credential } }: Entry, asked: Asked): boolean =>
  duties === asked.duties &&
  isSameCredential(credential, asked.credential) &&
  question.method === asked.method &&
  question.accompanied === asked.accompanied &&
  question.address.text === asked.address &&
  saySame(question.sources, asked.sources)

const isUnchanged = (
  directory: Directory,
  { record, memberships, grounds, permit: { question } }: Entry,
  { session }: Asked,
  at: Instant,
): boolean => {
  if (session.record !== record || session.wanted > session.version) return false
  const { user } = record
  const { practices } = scopeOf(directory, question)
  if (directory.practicesOf(user) !== memberships || practices.length !== grounds.length) return false
  if (grounds.some(({ practice }, nth) => practices[nth] !== practice)) return false
  for (const { practice, snapshot, member } of grounds)
    if (
      (directory.practice(practice, at)?.snapshot ?? null) !== snapshot ||
      directory.member(practice, user) !== member
    )
      return false
  return true
}

/** Permits of at most `sessionsMax` sessions, none yet. */
export function createKeptPermits(directory: Directory, sessionsMax: number): KeptPermits {
  const kept = createBoundedMap<MirroredSession, { readonly list: Entry[]; next: number }>(sessionsMax)
  return {
    find(asked, at) {
      const of = kept.get(asked.session)
      if (of === undefined) return null
      for (const entry of of.list)
        if (isAsked(entry, asked))
          return at >= entry.from && at < entry.until && isUnchanged(directory, entry, asked, at)
            ? entry.permit
            : null
      return null
    },
    keep(duties, permit, at, until) {
      const { practices } = scopeOf(directory, permit.question)
      const { session, method, accompanied, address, sources } = permit.question
      const { record } = session
      const entry: Entry = {
        ...{ duties, permit, record, from: at, until: Math.min(until, permit.decision.validUntil) },
        memberships: directory.practicesOf(record.user),
        grounds: practices.map((practice) => ({
          practice,
          snapshot: directory.practice(practice, at)?.snapshot ?? null,
          member: directory.member(practice, record.user),
        })),
      }
      const of = kept.peek(session) ?? { list: [], next: 0 }
      kept.set(session, of)
      const { credential } = permit
      const asked: Asked = {
        duties,
        session,
        method,
        accompanied,
        address: address.text,
        sources,
        credential,
      }
      const same = of.list.findIndex((one) => isAsked(one, asked))
      of.list[same === -1 ? of.next : same] = entry
      if (same === -1) of.next = (of.next + 1) % entriesMax
    },
  }
}
