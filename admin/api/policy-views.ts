/**
 * A practice's policy as the tabs ask it: the saved document, compiled once per revision, with a few
 * questions.
 *
 * It edits nothing (`policy-edit.ts`) and is not what gateways run (they load the signed record). Invariant:
 * who is in scope and which entry matches is asked of the same gates that decide, never worked out a second
 * time here.
 */
import { sql } from 'kysely'
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
import { readStoredPolicy } from '../store/practices.ts'
import { refusal } from './refusals.ts'

/** A practice's newest saved policy. */
export type PolicyView = {
  readonly revision: number
  readonly document: PolicyDocument
  readonly snapshot: PolicySnapshot
}

/** Reads policies; keeps the compiled forms of those read last: 1,000 practices and 300,000 entries at most. */
export type PolicyViews = {
  /** The newest; refuses `not-found` for a practice that there is not. */
  readonly read: (practice: string) => Promise<PolicyView>
  /** The newest of several, by id, without those that there are not; one query where all are kept. */
  readonly readMany: (practices: readonly string[]) => Promise<ReadonlyMap<string, PolicyView>>
}

const keptMax = 1_000
const keptEntriesMax = 300_000
/** Timetables move on: what was compiled longer ago is compiled again. */
const freshMs: DurationMs = 86_400_000

const weightOf = ({ document }: PolicyView): number => document.ipEntries.length

/** What was compiled, least lately asked for first; the newest is kept however long its list is. */
function createKept() {
  const kept = new Map<string, PolicyView>()
  let entries = 0
  const drop = (practice: string): void => {
    const known = kept.get(practice)
    if (known !== undefined) entries -= weightOf(known)
    kept.delete(practice)
  }
  return {
    find(practice: string, revision: number, at: Instant): PolicyView | null {
      const known = kept.get(practice)
      const isFresh = known !== undefined && Math.abs(at - known.snapshot.compiledAt) < freshMs
      if (!isFresh || known.revision !== revision) return null
      kept.delete(practice)
      kept.set(practice, known)
      return known
    },
    keep(practice: string, view: PolicyView): void {
      drop(practice)
      kept.set(practice, view)
      entries += weightOf(view)
      for (const oldest of kept.keys()) {
        if ((kept.size <= keptMax && entries <= keptEntriesMax) || oldest === practice) return
        drop(oldest)
      }
    },
  }
}

/** Views of the policies in `store`. */
export function createPolicyViews(store: Store, now: () => Instant): PolicyViews {
  const kept = createKept()
  const loading = new Map<string, Promise<PolicyView>>()
  const load = async (practice: string, revision: number): Promise<PolicyView> => {
    const saved = await store.read((rows) => readStoredPolicy(rows, practice, revision))
    if (saved === null) throw refusal('not-found', 'There is no such practice.')
    const compiled = compile(saved.document, now())
    if (!compiled.ok)
      throw new Error(`the saved policy of ${practice} does not compile: ${compiled.problems[0]?.sentence}`)
    const { document } = compiled.value
    const view = { revision, document, snapshot: loadSnapshot(compiled.value, revision, adminRoutes) }
    kept.keep(practice, view)
    return view
  }
  const viewOfHead = ({ id, revision }: { readonly id: string; readonly revision: number }) => {
    const known = kept.find(id, revision, now())
    if (known !== null) return known
    // Of several who ask at once one compiles.
    const key = `${id} ${revision}`
    const already = loading.get(key)
    if (already !== undefined) return already
    const begun = load(id, revision).finally(() => loading.delete(key))
    loading.set(key, begun)
    return begun
  }
  const headsOf = (practices: readonly string[]) =>
    store.read((rows) =>
      rows
        .selectFrom('practice')
        .select(['id', 'revision'])
        .where(sql<boolean>`id = any(${[...practices]}::text[])`)
        .execute(),
    )
  return {
    async read(practice) {
      const [head] = await headsOf([practice])
      if (head === undefined) throw refusal('not-found', 'There is no such practice.')
      return viewOfHead(head)
    },
    async readMany(practices) {
      const views = new Map<string, PolicyView>()
      // One after the other: hundreds at once would take every connection there is.
      for (const head of await headsOf(practices)) views.set(head.id, await viewOfHead(head))
      return views
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

const nameOrder = new Intl.Collator('en')
/** In order of their names, for people. */
export const byName = (a: Pick<Member, 'name'>, b: Pick<Member, 'name'>): number =>
  nameOrder.compare(a.name, b.name)

/** Who has to have a second factor and has set none up, in order of their names; the control's mode does not count. */
export const withoutFactor = (snapshot: PolicySnapshot, members: readonly Member[]): readonly Member[] =>
  members
    .filter(({ suspended, factors }) => !suspended && factors.length === 0)
    .filter((member) => concerns(snapshot, member, 'two-factor'))
    .toSorted(byName)

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
