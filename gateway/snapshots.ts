/**
 * The mirror of practices: for each its policy snapshot and its members, as the control plane last signed them.
 *
 * It fetches nothing (`knowledge.ts`) and decides nothing. Invariant: a version never goes back; a record that does
 * not open or compile changes nothing (the last good one stays, and somebody is told); what is handed out is
 * immutable, so that a request sees one state. Half-applying a bad policy was refused: half a policy is another one.
 */
import { hash } from 'node:crypto'
import type { Member, PracticeId, ServiceToken, UserId } from '../policies/access-request.ts'
import { readCompiled } from '../policies/compile.ts'
import { type Instant, never } from '../policies/instant.ts'
import type { RouteId, RouteRequirement } from '../policies/routes.ts'
import { loadSnapshot } from '../policies/snapshot.ts'
import type { SealedRecord } from '../runtime/internal.ts'
import { keys } from '../runtime/keys.ts'
import {
  membersRecordSchema,
  type PracticesRecord,
  policyRecordSchema,
  practicesRecordSchema,
  type RetiredPractice,
  type TokenRecord,
} from '../runtime/records.ts'
import { openRecord, type Verifier } from '../runtime/signing.ts'
import type { ChangeScope } from './exchanges.ts'
import type { Directory, KnownPractice } from './questions.ts'

/** What became of a record. `bad`: it does not open, or what it holds does not compile. */
export type Applied = 'applied' | 'old' | 'bad'

/** A service token as the mirror has it: what `decide` looks at, and its name. */
export type KnownToken = { readonly token: ServiceToken; readonly name: string }

/** The mirror. */
export type Snapshots = Directory & {
  /** The service token of this hash, revoked and expired ones too; `null`: none is known. */
  token(hash: string): KnownToken | null
  /** Takes a policy, members or practices record in; `null` for a key of another kind. */
  apply(sealed: SealedRecord): Applied | null
  /** The version held of a key of these kinds, also of a signed record that was bad; -1: none. */
  version(key: string): number
  /** The table of practices; `null`: not known yet. */
  practices(): PracticesRecord['practices'] | null
  /** Its text as signed. */
  practicesText(): string | null
  /** Keys whose version is lower than the table of practices says. */
  missing(): readonly string[]
  counts(): { readonly practices: number; readonly members: number; readonly bad: number }
}

/** What it needs. `onChange` after each applied record, with whom it concerns; `onBad` with the key. */
export type SnapshotsParts = {
  readonly verifier: Verifier
  /** The requirements of all upstreams together: what snapshots are asked about. */
  readonly routes: ReadonlyMap<RouteId, RouteRequirement>
  onChange(scopes: readonly ChangeScope[]): void
  /** With each record that was taken in. */
  onApplied(sealed: SealedRecord): void
  onBad(key: string): void
}

type Policy = {
  readonly version: number
  /** Of the signed text: the same text again, as nudges and loads bring it, need not be verified and compiled again. */
  readonly digest: string
  readonly current: KnownPractice
  /** What holds again once the confirmation is overdue; `null`: confirmed. */
  readonly fallback: KnownPractice | null
}
type Members = {
  readonly version: number
  readonly byUser: ReadonlyMap<UserId, Member>
  readonly tokens: readonly TokenRecord[]
}

const policyKeyForm = /^gh:policy:\{([a-z0-9][a-z0-9-]{0,63})\}$/
const membersKeyForm = /^gh:members:\{([a-z0-9][a-z0-9-]{0,63})\}$/

/** More changed users than this are rechecked as one practice. */
const scopesMax = 50

const changedUsers = (before: Members | undefined, after: Members): readonly UserId[] => {
  const changed = new Set<UserId>()
  for (const [user, member] of after.byUser)
    if (JSON.stringify(before?.byUser.get(user)) !== JSON.stringify(member)) changed.add(user)
  for (const user of before?.byUser.keys() ?? []) if (!after.byUser.has(user)) changed.add(user)
  return [...changed]
}

/** Tokens that came, went or changed, by id: what they have open is judged again. */
const changedTokens = (before: Members | undefined, after: Members): readonly string[] => {
  const texts = (of: Members | undefined) =>
    new Map((of?.tokens ?? []).map((token) => [token.id, JSON.stringify(token)]))
  const [old, now] = [texts(before), texts(after)]
  return [...new Set([...old.keys(), ...now.keys()])].filter((id) => old.get(id) !== now.get(id))
}

type State = {
  readonly parts: SnapshotsParts
  readonly policies: Map<PracticeId, Policy>
  readonly members: Map<PracticeId, Members>
  readonly memberships: Map<UserId, readonly PracticeId[]>
  /** Service tokens of all practices by their hash. */
  readonly tokens: Map<string, KnownToken>
  /** Signed records that do not compile: not asked for again. */
  readonly badVersions: Map<string, number>
  table: {
    readonly version: number
    readonly text: string
    readonly practices: PracticesRecord['practices']
    readonly retired: NonNullable<PracticesRecord['retired']>
  } | null
  bad: number
}

const bad = (state: State, key: string): 'bad' => {
  state.bad += 1
  state.parts.onBad(key)
  return 'bad'
}

function applyPolicy(state: State, practice: PracticeId, sealed: SealedRecord): Applied {
  const { routes, verifier } = state.parts
  const held = state.policies.get(practice)
  const digest = hash('sha256', sealed.text)
  if (held?.digest === digest) return 'old'
  const opened = openRecord(verifier, sealed.key, sealed.text, policyRecordSchema)
  if (opened === null) return bad(state, sealed.key)
  const { version, value } = opened
  if (version < versionOf(state, sealed.key)) return 'old'
  const compiled = value.practice === practice ? readCompiled(value.compiled) : null
  const predecessor = value.predecessor === null ? null : readCompiled(value.predecessor)
  if (compiled === null || compiled.document.practice.id !== practice) {
    state.badVersions.set(sealed.key, version)
    return bad(state, sealed.key)
  }
  // The same revision compiled later has hours that reach further (SPEC §6); anything else of it is held already.
  if (
    held !== undefined &&
    held.version === version &&
    compiled.compiledAt <= held.current.snapshot.compiledAt
  )
    return 'old'
  const snapshot = loadSnapshot(compiled, value.revision, routes)
  const fallback =
    value.confirmBy === null || predecessor === null
      ? null
      : { snapshot: loadSnapshot(predecessor, Math.max(1, value.revision - 1), routes), until: never }
  const until = fallback === null ? never : (value.confirmBy ?? never)
  state.policies.set(practice, { version, digest, current: { snapshot, until }, fallback })
  state.parts.onChange([{ practice }])
  return 'applied'
}

function remember(
  state: State,
  practice: PracticeId,
  before: Members | undefined,
  after: Members | null,
): void {
  for (const { hash } of before?.tokens ?? []) state.tokens.delete(hash)
  for (const { hash, name, ...token } of after?.tokens ?? [])
    state.tokens.set(hash, { token: { kind: 'token', practice, ...token }, name })
  for (const user of before?.byUser.keys() ?? []) {
    if (after?.byUser.has(user)) continue
    const left = (state.memberships.get(user) ?? []).filter((one) => one !== practice)
    if (left.length === 0) state.memberships.delete(user)
    else state.memberships.set(user, left)
  }
  for (const user of after?.byUser.keys() ?? []) {
    const known = state.memberships.get(user) ?? []
    if (!known.includes(practice)) state.memberships.set(user, [...known, practice].sort())
  }
}

function applyMembers(state: State, practice: PracticeId, sealed: SealedRecord): Applied {
  const opened = openRecord(state.parts.verifier, sealed.key, sealed.text, membersRecordSchema)
  if (opened === null || opened.value.practice !== practice) return bad(state, sealed.key)
  const { version, value } = opened
  const before = state.members.get(practice)
  if (version <= (before?.version ?? -1) || retiredIn(state, practice) !== null) return 'old'
  const after = {
    version,
    byUser: new Map(value.members.map((member) => [member.user, member])),
    tokens: value.tokens ?? [],
  }
  state.members.set(practice, after)
  remember(state, practice, before, after)
  const users = changedUsers(before, after)
  const tokens = changedTokens(before, after)
  // By user alone: somebody who joins a practice may have exchanges that never heard of it.
  state.parts.onChange(
    users.length + tokens.length > scopesMax
      ? [{}]
      : [...users.map((user) => ({ user })), ...tokens.map((session) => ({ session }))],
  )
  return 'applied'
}

function applyPractices(state: State, sealed: SealedRecord): Applied {
  if (state.table?.text === sealed.text) return 'old'
  const opened = openRecord(state.parts.verifier, sealed.key, sealed.text, practicesRecordSchema)
  if (opened === null) return bad(state, sealed.key)
  if (opened.version <= (state.table?.version ?? -1)) return 'old'
  const { practices, retired = {} } = opened.value
  state.table = { version: opened.version, text: sealed.text, practices, retired }
  const gone = [...new Set([...state.policies.keys(), ...state.members.keys()])].filter(
    (practice) => !Object.hasOwn(practices, practice),
  )
  for (const practice of gone) {
    remember(state, practice, state.members.get(practice), null)
    state.policies.delete(practice)
    state.members.delete(practice)
  }
  if (gone.length > 0) state.parts.onChange(gone.map((practice) => ({ practice })))
  return 'applied'
}

const retiredIn = ({ table }: State, practice: PracticeId): RetiredPractice | null =>
  table !== null && Object.hasOwn(table.retired, practice) ? (table.retired[practice] ?? null) : null

function versionOf(state: State, key: string): number {
  if (key === keys.practices) return state.table?.version ?? -1
  const policy = policyKeyForm.exec(key)?.[1]
  // Whatever still goes about of one that is no longer here is older than that.
  if (retiredIn(state, policy ?? membersKeyForm.exec(key)?.[1] ?? '') !== null) return Number.MAX_SAFE_INTEGER
  const held =
    policy === undefined
      ? state.members.get(membersKeyForm.exec(key)?.[1] ?? '')?.version
      : state.policies.get(policy)?.version
  return Math.max(held ?? -1, state.badVersions.get(key) ?? -1)
}

const nowhere: readonly PracticeId[] = []

/** A mirror that knows nothing yet. */
export function createSnapshots(parts: SnapshotsParts): Snapshots {
  const state: State = {
    parts,
    policies: new Map(),
    members: new Map(),
    memberships: new Map(),
    tokens: new Map(),
    badVersions: new Map(),
    table: null,
    bad: 0,
  }
  const apply = (sealed: SealedRecord): Applied | null => {
    if (sealed.key === keys.practices) return applyPractices(state, sealed)
    const policy = policyKeyForm.exec(sealed.key)?.[1]
    if (policy !== undefined) return applyPolicy(state, policy, sealed)
    const members = membersKeyForm.exec(sealed.key)?.[1]
    return members === undefined ? null : applyMembers(state, members, sealed)
  }
  return {
    apply(sealed) {
      const applied = apply(sealed)
      if (applied === 'applied') parts.onApplied(sealed)
      return applied
    },
    version: (key) => versionOf(state, key),
    practices: () => state.table?.practices ?? null,
    practicesText: () => state.table?.text ?? null,
    missing: () =>
      Object.entries(state.table?.practices ?? {}).flatMap(([practice, { policy, members }]) => [
        ...(versionOf(state, keys.policy(practice)) < policy ? [keys.policy(practice)] : []),
        ...(versionOf(state, keys.members(practice)) < members ? [keys.members(practice)] : []),
      ]),
    practice(practice, at: Instant) {
      const policy = state.policies.get(practice)
      if (policy === undefined) return null
      return policy.fallback !== null && at >= policy.current.until ? policy.fallback : policy.current
    },
    member: (practice, user) => state.members.get(practice)?.byUser.get(user) ?? null,
    practicesOf: (user) => state.memberships.get(user) ?? nowhere,
    retired: (practice) => retiredIn(state, practice),
    token: (hash) => state.tokens.get(hash) ?? null,
    counts() {
      let members = 0
      for (const { byUser } of state.members.values()) members += byUser.size
      return { practices: state.policies.size, members, bad: state.bad }
    },
  }
}
