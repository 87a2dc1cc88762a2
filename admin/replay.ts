/**
 * The replay of a refusal by its reference code: the recorded question, put to the stored revision again.
 *
 * It writes nothing, and words for people are `replay-text.ts`'s. Invariant: the replayed answer is held against the
 * recorded one and said to differ where it does; what was not recorded is not guessed. A practice's admins are told
 * their own practice's part only. Replaying under the newest revision was refused: that is another question, and
 * answered apart (`now`).
 */
import type { PracticeId } from '../policies/access-request.ts'
import { type Reason, reasons } from '../policies/decision.ts'
import type { Instant } from '../policies/instant.ts'
import { observing } from '../policies/observe.ts'
import type { RecordedQuestion } from '../runtime/records.ts'
import {
  askAgain,
  type Cure,
  type Failing,
  type Finding,
  plainCure,
  recordedSession,
  type Say,
  snapshotOf,
} from './asked-again.ts'
import { type AskedNow, askNow } from './asked-now.ts'
import { reasonWords } from './reason-words.ts'
import type { Rows } from './store/database.ts'
import { findRefusal, findRevision, membershipsOf, type StoredRefusal } from './store/refusals.ts'

/** A policy that decided. `newest`: the revision that is current now. */
export type ReplayedPolicy = {
  readonly practice: PracticeId
  readonly name: string
  readonly zone: string
  readonly revision: number
  readonly savedAt: Instant
  readonly savedBy: string
  readonly newest: number
}

/** A refusal, replayed. */
export type Replay = {
  readonly code: string
  readonly at: Instant
  readonly user: { readonly id: string; readonly name: string } | null
  readonly address: string
  readonly gateway: string
  readonly upstream: string
  readonly method: string
  readonly route: string
  /** As recorded: what the person was told. */
  readonly reason: string
  readonly policies: readonly ReplayedPolicy[]
  /**
   * `agrees`: the replay comes to the recorded reason; `differs`: it does not, and `note` says so; `no-policy`: none was
   * asked; `unrecorded`: recorded before questions were; `unavailable`: a revision is gone or does not compile.
   */
  readonly agreement: 'agrees' | 'differs' | 'no-policy' | 'unrecorded' | 'unavailable'
  readonly note: string | null
  readonly failing: readonly Failing[]
  /** The smallest change that would have allowed it: all of these together. Empty where it is not known. */
  readonly cures: readonly Cure[]
  /** Something of other practices was left out. */
  readonly elsewhere: boolean
  /** The same request under what is in force now; `null`: that cannot be said. */
  readonly now: AskedNow | null
}

/** Who reads: an operator sees all, a practice's admins their own part. */
export type Reader = 'operator' | { readonly practice: PracticeId }

type Replayed = Pick<Replay, 'agreement' | 'note' | 'failing' | 'cures' | 'policies'>

const isReason = (text: string): text is Reason => Object.hasOwn(reasons, text)

const recordedFailing = (row: StoredRefusal): readonly Failing[] =>
  row.failing.map((reason) => ({
    practice: row.practice,
    control: isReason(reason) ? reasons[reason].control : null,
    reason,
    monitored: false,
    sentence: `${reasonWords(reason).replace(/^./, (first) => first.toUpperCase())}.`,
  }))

const asRecorded = (row: StoredRefusal, agreement: Replay['agreement'], note: string): Replayed => ({
  agreement,
  note,
  failing: recordedFailing(row),
  cures: [],
  policies: [],
})

const notRecorded =
  'What was decided about was not recorded with this refusal (a gateway of another version wrote it), so it cannot be replayed; below is what was recorded.'

const notToBeHad =
  'It cannot be replayed: a policy that it was decided by cannot be had any more. Below is what was recorded.'

/** Why no policy was asked; `null`: policies were. */
const plainReason = ({ session, practices }: RecordedQuestion, recorded: string): string | null => {
  if (session === null) return recorded
  if (practices.length === 0) return recorded === 'practice-retired' ? recorded : 'not-a-member'
  if (!practices.some(({ policy }) => policy === null)) return null
  return recorded === 'practice-retired' ? recorded : 'practice-unknown'
}

const withoutPolicy = (row: StoredRefusal, reason: string): Replayed => ({
  agreement: reason === row.reason ? 'no-policy' : 'differs',
  note: reason === row.reason ? null : differsNote(row, reason, null),
  failing: recordedFailing(row),
  cures: isReason(reason) ? [plainCure(reason)] : [],
  policies: [],
})

const differsNote = (row: StoredRefusal, replayed: string, zones: string | null): string =>
  `The replay does not agree with the record: it says “${reasonWords(replayed)}” (${replayed}), recorded and told to the person was “${reasonWords(row.reason)}” (${row.reason}). Believe the record, and report this.${
    zones === null ? '' : ` ${zones}`
  }`

const userOf = (row: StoredRefusal): Replay['user'] =>
  row.user_id === null ? null : { id: row.user_id, name: row.name ?? row.user_id }

type Loaded = { readonly says: readonly Say[]; readonly policies: readonly ReplayedPolicy[] }

/** The policies that decided, with the person as each saw them; or why they cannot be had. */
async function loadSays(
  rows: Rows,
  row: StoredRefusal,
  question: RecordedQuestion,
): Promise<Loaded | string> {
  const { session } = question
  const user = userOf(row)
  const says: Say[] = []
  const policies: ReplayedPolicy[] = []
  for (const recorded of question.practices) {
    const { practice, policy } = recorded
    if (policy === null || session === null || user === null) return 'the record contradicts itself'
    const stored = await findRevision(rows, practice, policy.revision)
    if (stored === null) return `revision ${policy.revision} of ${practice} is not kept any more`
    const snapshot = snapshotOf(stored, question, policy.compiledAt)
    if (typeof snapshot === 'string')
      return `this version cannot compile revision ${policy.revision} of ${practice} any more (${snapshot})`
    const judged = policy.observed === true ? observing(snapshot) : snapshot
    says.push({ snapshot: judged, session: recordedSession(session, recorded, user) })
    const { name, zone } = snapshot.practice
    const { revision, savedAt, savedBy, newest } = stored
    policies.push({ practice, name, zone, revision, savedAt, savedBy, newest })
  }
  return { says, policies }
}

/** Says where another zone database may be why an answer differs. */
const zonesNote = ({ practices }: RecordedQuestion): string | null => {
  const then = [...new Set(practices.flatMap(({ policy }) => (policy === null ? [] : [policy.tzdata])))]
  return then.every((version) => version === process.versions.tz)
    ? null
    : `Time zone data was ${then.join(', ')} then and is ${process.versions.tz} here.`
}

const comparedTo = (row: StoredRefusal, question: RecordedQuestion, finding: Finding): Replayed => {
  const { reason } = finding.decision
  const agrees = reason === row.reason
  return {
    agreement: agrees ? 'agrees' : 'differs',
    note: agrees ? null : differsNote(row, reason, zonesNote(question)),
    failing: finding.failing,
    cures: finding.cures,
    policies: [],
  }
}

async function replayRow(rows: Rows, row: StoredRefusal): Promise<Replayed> {
  const question = row.asked
  if (question === null) return asRecorded(row, 'unrecorded', notRecorded)
  const plain = plainReason(question, row.reason)
  if (plain !== null) return withoutPolicy(row, plain)
  const loaded = await loadSays(rows, row, question)
  if (typeof loaded === 'string')
    return asRecorded(row, 'unavailable', `It cannot be replayed: ${loaded}. Below is what was recorded.`)
  const finding = askAgain(question, loaded.says, row, question.at)
  if (finding === null)
    return asRecorded(row, 'unavailable', 'It cannot be replayed: the record is not complete.')
  return { ...comparedTo(row, question, finding), policies: loaded.policies }
}

/** The replay as one practice may read it. */
async function seenIn(rows: Rows, replay: Replay, practice: PracticeId): Promise<Replay> {
  const own = (of: { readonly practice: PracticeId | null }): boolean =>
    of.practice === null || of.practice === practice
  const { user, now } = replay
  const isKnown = user === null || (await membershipsOf(rows, user.id)).includes(practice)
  const others = [...replay.failing, ...replay.cures].some((part) => !own(part))
  const { policies, failing, cures } = replay
  // Where another practice's policies are in play, whether they now allow is theirs to know.
  const isAlone = policies.every(own) && (now?.policies.every(own) ?? true)
  return {
    ...replay,
    user: isKnown || policies.some(own) ? user : null,
    policies: policies.filter(own),
    failing: failing.filter(own),
    cures: cures.filter(own),
    elsewhere: others,
    // Which practice's revision cannot be had would name the others.
    note: replay.agreement === 'unavailable' ? notToBeHad : replay.note,
    now: isAlone ? now : null,
  }
}

/**
 * The refusal under `code` (as `readReferenceCode` writes it), replayed at `at`; `null`: none is kept, or it is none of
 * the reader's. Rejects with a `Fault` where the database cannot be had.
 */
export async function replayRefusal(
  rows: Rows,
  code: string,
  at: Instant,
  reader: Reader,
): Promise<Replay | null> {
  const row = await findRefusal(rows, code)
  if (row === null || row.code === null) return null
  if (reader !== 'operator' && row.practice !== null && row.practice !== reader.practice) return null
  const replayed = await replayRow(rows, row)
  const replay: Replay = {
    code: row.code,
    at: row.at,
    user: userOf(row),
    address: row.address,
    gateway: row.gateway,
    upstream: row.upstream,
    method: row.method,
    route: row.route,
    reason: row.reason,
    ...replayed,
    elsewhere: false,
    now: row.asked === null ? null : await askNow(rows, row, row.asked, at),
  }
  return reader === 'operator' ? replay : seenIn(rows, replay, reader.practice)
}
