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
import { adminRoutes } from '../admin-judging.ts'
import { compiledPoliciesOf } from '../compiled-policies.ts'
import { createKept } from '../kept.ts'
import type { Store } from '../store/database.ts'
import { createPeople, type People } from './people-views.ts'
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
  /** Everybody of a practice as decisions see them now; refuses `not-found` for a practice that there is not. */
  readonly people: (practice: string) => Promise<People>
}

/** A newest revision; a restored database counts the same numbers again, so the time it was saved at tells them apart. */
type Head = { readonly id: string; readonly revision: number; readonly savedAt: Instant }

type Held = { readonly savedAt: Instant; readonly view: PolicyView }

/** Timetables move on: what was compiled longer ago is compiled again. */
const freshMs: DurationMs = 86_400_000

/** Views of the policies in `store`. */
export function createPolicyViews(store: Store, now: () => Instant): PolicyViews {
  const compiled = compiledPoliciesOf(store)
  const kept = createKept<Held>({
    ...{ countMax: 1_000, weightMax: 300_000 },
    weightOf: ({ view }) => view.document.ipEntries.length,
  })
  const loading = new Map<string, Promise<PolicyView>>()
  const load = async (practice: string, revision: number): Promise<PolicyView> => {
    const saved = await store.read((rows) => compiled.read(rows, practice, now(), revision))
    if (saved === null) throw refusal('not-found', 'There is no such practice.')
    if (!saved.ok)
      throw new Error(`the saved policy of ${practice} does not compile: ${saved.problems[0]?.sentence}`)
    const { document } = saved.value.compiled
    const view = { revision, document, snapshot: loadSnapshot(saved.value.compiled, revision, adminRoutes) }
    kept.keep(practice, { savedAt: saved.value.savedAt, view })
    return view
  }
  const viewOfHead = ({ id, revision, savedAt }: Head) => {
    const known = kept.find(id)
    const isFresh = known !== null && Math.abs(now() - known.view.snapshot.compiledAt) < freshMs
    if (isFresh && known.view.revision === revision && known.savedAt === savedAt) return known.view
    // Of several who ask at once one compiles.
    const key = `${id} ${revision} ${savedAt}`
    const already = loading.get(key)
    if (already !== undefined) return already
    const begun = load(id, revision).finally(() => loading.delete(key))
    loading.set(key, begun)
    return begun
  }
  const headsOf = (practices: readonly string[]) =>
    store.read((rows) =>
      rows
        .selectFrom('practice as p')
        .innerJoin('policy_revision as r', (join) =>
          join.onRef('r.practice', '=', 'p.id').onRef('r.revision', '=', 'p.revision'),
        )
        .select(['p.id', 'p.revision', 'r.saved_at as savedAt'])
        .where(sql<boolean>`p.id = any(${[...practices]}::text[])`)
        .execute(),
    )
  return {
    people: createPeople(store, now),
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

/**
 * Reads every practice's policy once, so that nobody who comes first waits for hundreds to be compiled; one after the
 * other, until `isOver`. What cannot be read is left to whoever asks for it.
 */
export async function warmViews(store: Store, views: PolicyViews, isOver: () => boolean): Promise<void> {
  const practices = await store
    .read((rows) => rows.selectFrom('practice').select('id').orderBy('id').execute())
    .catch(() => [])
  for (const { id } of practices) {
    if (isOver()) return
    await views.read(id).catch(() => null)
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

/** The same, for asking of many: people without a line of their own are told apart by their roles alone. */
export function createConcern(snapshot: PolicySnapshot, control: ScopedControl): (member: Member) => boolean {
  const byRoles = new Map<string, boolean>()
  return (member) => {
    if (snapshot.userParts.has(member.user)) return concerns(snapshot, member, control)
    const roles = member.roles.length === 1 ? (member.roles[0] ?? '') : member.roles.join(' ')
    const known = byRoles.get(roles)
    if (known !== undefined) return known
    const asked = concerns(snapshot, member, control)
    byRoles.set(roles, asked)
    return asked
  }
}

/** Who of these has to have a second factor and has set none up; the control's mode does not count. */
export const withoutFactor = (snapshot: PolicySnapshot, members: readonly Member[]): readonly Member[] =>
  members
    .filter(({ suspended, factors }) => !suspended && factors.length === 0)
    .filter(createConcern(snapshot, 'two-factor'))

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
