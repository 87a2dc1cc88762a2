/**
 * Whether somebody may set up a second factor from where they are: only from an address that their practices allow.
 *
 * It is about the address alone; hours and revocation were judged before they came. Invariant: every practice whose
 * address control is on and concerns them must list the address, or have lifted it by a grant; whoever belongs nowhere,
 * or whose address cannot be read, may not. One allowing practice was refused as enough: a factor counts in all.
 */
import { parseAddress } from '../../policies/address.ts'
import type { Instant } from '../../policies/instant.ts'
import type { PolicySnapshot } from '../../policies/snapshot.ts'
import { askAddress } from '../api/policy-views.ts'
import type { Store } from '../store/database.ts'
import { findMember } from '../store/members.ts'
import { readPolicy } from '../store/practices.ts'
import { listPracticesOf } from './chains.ts'
import { snapshotWithoutHours } from './requirements.ts'

type Kept = Map<string, { readonly revision: number; readonly snapshot: PolicySnapshot }>

const keptMax = 100
/** Long lists are read once per revision; forgotten with their store. */
const keptByStore = new WeakMap<Store, Kept>()

async function readSnapshot(store: Store, practice: string, at: Instant): Promise<PolicySnapshot | null> {
  const kept: Kept = keptByStore.get(store) ?? new Map()
  keptByStore.set(store, kept)
  const head = await store.read((rows) =>
    rows.selectFrom('practice').select('revision').where('id', '=', practice).executeTakeFirst(),
  )
  const known = kept.get(practice)
  if (head === undefined) return null
  if (known !== undefined && known.revision === head.revision) return known.snapshot
  const policy = await store.read((rows) => readPolicy(rows, practice, head.revision))
  if (policy === null) return null
  const snapshot = snapshotWithoutHours(policy.document, at)
  kept.delete(practice)
  kept.set(practice, { revision: head.revision, snapshot })
  const [oldest] = kept.keys()
  if (kept.size > keptMax && oldest !== undefined) kept.delete(oldest)
  return snapshot
}

/**
 * Whether a practice of theirs with its address control on lists `address` (canonical text) at `at`. Where somebody is let
 * in by a grant or an exemption, the address itself says nothing of them.
 */
export async function isListedAddress(
  store: Store,
  user: string,
  address: string,
  at: Instant,
): Promise<boolean> {
  const parsed = parseAddress(address)
  if (parsed === null) return false
  for (const practice of await store.read((rows) => listPracticesOf(rows, user))) {
    const snapshot = await readSnapshot(store, practice, at)
    const member = await store.read((rows) => findMember(rows, practice, user, at))
    if (snapshot === null || member === null || member.suspended || snapshot.modes.ip === 'off') continue
    if (askAddress(snapshot, member, parsed, at).entry !== null) return true
  }
  return false
}

/**
 * Whether a user may set up a factor from `address` (canonical text) at `at`. `admittedBy`: practices whose admin lets
 * them, wherever they are.
 */
export async function mayEnrolFrom(
  store: Store,
  { user, admittedBy }: { readonly user: string; readonly admittedBy: readonly string[] },
  address: string,
  at: Instant,
): Promise<boolean> {
  const parsed = parseAddress(address)
  if (parsed === null) return false
  let asked = 0
  for (const practice of await store.read((rows) => listPracticesOf(rows, user))) {
    const snapshot = await readSnapshot(store, practice, at)
    const member = await store.read((rows) => findMember(rows, practice, user, at))
    if (snapshot === null || member === null) return false
    if (member.suspended) continue
    asked += 1
    if (admittedBy.includes(practice)) continue
    if (snapshot.modes.ip !== 'off' && !askAddress(snapshot, member, parsed, at).passes) return false
  }
  return asked > 0
}
