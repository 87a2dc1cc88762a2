/**
 * A practice's policy as the tabs ask it: the saved document, compiled once per revision, with a few
 * questions.
 *
 * It edits nothing (`policy-edit.ts`) and is not what gateways run (they load the signed record). Invariant:
 * who is in scope and which entry matches is asked of the same gates that decide, never worked out a second
 * time here.
 */
import type { Member } from '../../policies/access-request.ts'
import type { Address } from '../../policies/address.ts'
import { compile } from '../../policies/compile.ts'
import { viewOf } from '../../policies/decide.ts'
import type { IpEntry, PolicyDocument } from '../../policies/document.ts'
import { gatesBeforeTwoFactor, isInScope, type View } from '../../policies/gates.ts'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import {
  loadSnapshot,
  matchingEntry,
  type PolicySnapshot,
  type ScopedControl,
} from '../../policies/snapshot.ts'
import { describeDays } from '../../policies/week.ts'
import { adminRoutes } from '../admin-judging.ts'
import type { Store } from '../store/database.ts'
import { readPolicy } from '../store/practices.ts'
import { refusal } from './refusals.ts'

/** A practice's newest saved policy. */
export type PolicyView = {
  readonly revision: number
  readonly savedAt: Instant
  readonly document: PolicyDocument
  readonly snapshot: PolicySnapshot
}

/** Reads policies; keeps the compiled form of at most `keptMax` practices. */
export type PolicyViews = {
  /** The newest; refuses `not-found` for a practice that there is not. */
  readonly read: (practice: string) => Promise<PolicyView>
}

const keptMax = 100
/** Timetables move on: what was compiled longer ago is compiled again. */
const freshMs: DurationMs = 86_400_000

/** Views of the policies in `store`. */
export function createPolicyViews(store: Store, now: () => Instant): PolicyViews {
  const kept = new Map<string, PolicyView>()
  return {
    async read(practice) {
      const head = await store.read((rows) =>
        rows.selectFrom('practice').select('revision').where('id', '=', practice).executeTakeFirst(),
      )
      if (head === undefined) throw refusal('not-found', 'There is no such practice.')
      const known = kept.get(practice)
      const at = now()
      const isFresh = known !== undefined && Math.abs(at - known.snapshot.compiledAt) < freshMs
      if (isFresh && known.revision === head.revision) return known
      const saved = await store.read((rows) => readPolicy(rows, practice, head.revision))
      if (saved === null) throw refusal('not-found', 'There is no such practice.')
      const { revision, savedAt } = saved
      const compiled = compile(saved.document, at)
      if (!compiled.ok)
        throw new Error(`the saved policy of ${practice} does not compile: ${compiled.problems[0]?.sentence}`)
      const { document } = compiled.value
      const snapshot = loadSnapshot(compiled.value, revision, adminRoutes)
      const view: PolicyView = { revision, savedAt, document, snapshot }
      kept.delete(practice)
      kept.set(practice, view)
      const [oldest] = kept.keys()
      if (kept.size > keptMax && oldest !== undefined) kept.delete(oldest)
      return view
    },
  }
}

/** A member as if signed in just now from an address, for asking single gates. */
function viewFrom(snapshot: PolicySnapshot, member: Member, address: Address, at: Instant): View {
  const subject = {
    kind: 'session' as const,
    id: 'asked-by-admin',
    user: member.user,
    member,
    epoch: member.epoch,
    held: false,
    ended: false,
    startedAt: at,
    lastSeenAt: at,
    factor: null,
    deviceTrustedUntil: null,
    boundTo: null,
  }
  const practice = snapshot.practice.id
  return viewOf(snapshot, { method: 'GET', route: '', address, practice, subject }, at)
}

const somewhere: Address = { family: 4, text: '0.0.0.0', w0: 0, w1: 0, w2: 0, w3: 0 }

/** Whether a control concerns a member. */
export const concerns = (snapshot: PolicySnapshot, member: Member, control: ScopedControl): boolean =>
  isInScope(viewFrom(snapshot, member, somewhere, 0), control)

/** Who has to have a second factor and has set none up, in order of their names; the control's mode does not count. */
export const withoutFactor = (snapshot: PolicySnapshot, members: readonly Member[]): readonly Member[] =>
  members
    .filter(({ suspended, factors }) => !suspended && factors.length === 0)
    .filter((member) => concerns(snapshot, member, 'two-factor'))
    .sort((a, b) => a.name.localeCompare(b.name, 'en'))

/**
 * What the allowlist says of a member at an address. `passes`: under `enforce` the address would be let in.
 */
export type AddressAnswer = {
  readonly entry: IpEntry | null
  readonly inScope: boolean
  readonly passes: boolean
}

/**
 * What the allowlist says of a member at an address, whatever the control's mode; grants count for `passes`.
 */
export function askAddress(
  snapshot: PolicySnapshot,
  member: Member,
  address: Address,
  at: Instant,
): AddressAnswer {
  const view = viewFrom(snapshot, member, address, at)
  const refused = gatesBeforeTwoFactor
    .filter(({ control }) => control === 'ip')
    .some((gate) => gate.ask(view).reason !== 'ok')
  return {
    entry: matchingEntry(snapshot, member, address, at),
    inScope: isInScope(view, 'ip'),
    passes: !refused,
  }
}

/** Whether a member's hours are open at `at`, whatever the control's mode and scope. */
export const isOpenFor = (snapshot: PolicySnapshot, member: Member, at: Instant): boolean =>
  describeDays(snapshot, member, at, 1).open
