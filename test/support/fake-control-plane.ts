/**
 * A control plane for gateway tests: real signed records of practices, members and sessions, no database.
 *
 * It provisions whoever `people` names and does what a test tells it; `stop` makes every call fail as an unreachable
 * plane does. With a hot store it fills, marks and nudges it in the publisher's order.
 */
import type { Member } from '../../policies/access-request.ts'
import { compile } from '../../policies/compile.ts'
import type { PolicyDocument } from '../../policies/document.ts'
import { newDocument } from '../../policies/standard-roles.ts'
import { fault } from '../../runtime/fault.ts'
import type { HotStore } from '../../runtime/hot-store.ts'
import type {
  AccessStanding,
  AdminEntered,
  AskAccess,
  AssertRoles,
  Changes,
  ControlPlane,
  EnterAdmin,
  FactorProved,
  FinishSignIn,
  OpenSession,
  ProveFactor,
  RolesAsserted,
  SealedRecord,
  SessionOpened,
  SignInFinished,
} from '../../runtime/internal.ts'
import { keys } from '../../runtime/keys.ts'
import type { RetiredPractice, SessionEnd, SessionRecord, TokenRecord } from '../../runtime/records.ts'
import { bodyHash, createSigner, generateSigningKey, type Signer, sealRecord } from '../../runtime/signing.ts'
import { openedRecord } from './fake-opening.ts'
import { createFakePortal, type FakePortal } from './fake-portal.ts'
import { practicesTable } from './fake-practices.ts'
import { askAccess, standingKey, standingsOf, withdraw } from './fake-standings.ts'
import { plainMember } from './plain-member.ts'

/** Somebody of the directory: user id, and the roles per practice. */
export type Person = { readonly user: string; readonly roles: Readonly<Record<string, readonly string[]>> }

type Entry = {
  readonly key: string
  readonly text: string
  readonly sequence: number
  readonly version: number
}

type Options = {
  readonly now: () => number
  readonly store: HotStore | null
  readonly people: Readonly<Record<string, Person>>
}

/** `before`: what holds again from `confirmBy` on; `null`: the policy is confirmed. `told`: it is retired. */
type Saved = { revision: number; document: PolicyDocument; before: PolicyDocument | null } & {
  confirmBy: number | null
  told?: RetiredPractice | null
}

type State = Options & {
  readonly signer: Signer
  readonly documents: Map<string, Saved>
  readonly members: Map<string, { version: number; list: Member[] }>
  readonly sessions: Map<string, { version: number; record: SessionRecord }>
  readonly tokens: Map<string, readonly TokenRecord[]>
  readonly published: Map<string, Entry>
  readonly calls: Record<
    'opened' | 'changed' | 'changes' | 'records' | 'asked' | 'handedOver' | 'asserted',
    number
  >
  readonly portal: FakePortal
  /** Requests for access by user, practice and kind; whatever the address, since tests ask from one. */
  readonly standings: Map<string, Pick<AccessStanding, 'status' | 'note' | 'askAgainAt'>>
  /** When somebody was last revoked, by `practice user`. */
  readonly revokedAt: Map<string, number>
  sequence: number
  practicesVersion: number
  running: boolean
}

const put = (state: State, key: string, version: number, value: object): Entry => {
  state.sequence += 1
  const entry = {
    key,
    text: sealRecord(state.signer, key, version, value),
    sequence: state.sequence,
    version,
  }
  state.published.delete(key)
  state.published.set(key, entry)
  return entry
}

const putPolicy = (state: State, practice: string): Entry => {
  const { revision, document, before, confirmBy } = state.documents.get(practice)!
  const compiledOf = (one: PolicyDocument) => {
    const compiled = compile(one, state.now())
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
    return compiled.value
  }
  const predecessor = before === null ? null : compiledOf(before)
  const body = { practice, revision, compiled: compiledOf(document), confirmBy, predecessor }
  return put(state, keys.policy(practice), revision, body)
}

const putMembers = (state: State, practice: string): Entry => {
  const { version, list } = state.members.get(practice)!
  const tokens = state.tokens.get(practice) ?? []
  return put(state, keys.members(practice), version, { practice, members: list, tokens })
}

const putPractices = (state: State): Entry => {
  state.practicesVersion += 1
  return put(state, keys.practices, state.practicesVersion, practicesTable(state))
}

const putSession = (state: State, tokenHash: string): Entry => {
  const { version, record } = state.sessions.get(tokenHash)!
  return put(state, keys.session(tokenHash), version, record)
}

const manifest = ({ signer, sequence, published, now }: State): SealedRecord => {
  const root = bodyHash(published.get(keys.practices)!.text)
  const body = { sequence, root, issuedAt: now() }
  return { key: keys.manifest, text: sealRecord(signer, keys.manifest, sequence, body) }
}

/** Gives the roles that the application names, as they are called. */
const followSaid = async (state: State, { identity }: AssertRoles): Promise<RolesAsserted> => {
  const user = state.people[identity.appUser]?.user
  const entries = identity.practices.flatMap(({ id, roles }) => {
    const { version, list } = state.members.get(id)!
    const followed = list.map((member) => (member.user === user ? { ...member, roles } : member))
    if (JSON.stringify(followed) === JSON.stringify(list)) return []
    state.members.set(id, { version: version + 1, list: followed })
    return [putMembers(state, id)]
  })
  await push(state, entries.length === 0 ? [] : [...entries, putPractices(state)])
  return { records: entries.map(({ key, text }) => ({ key, text })) }
}

/** Records, then the manifest that vouches for them, nudges last. */
const push = async (state: State, entries: readonly Entry[]): Promise<void> => {
  const { store } = state
  if (store === null) return
  for (const { key, text } of entries) await store.write(key, text, null)
  await store.write(keys.manifest, manifest(state).text, null)
  for (const { key, sequence, version } of entries)
    await store.append(keys.changes, JSON.stringify({ kind: 'record', sequence, key, version }), 100_000)
}

const seed = async (state: State): Promise<void> => {
  const { store, signer, sequence, published } = state
  if (store === null) return
  for (const { key, text } of published.values()) await store.write(key, text, null)
  await store.write(keys.manifest, manifest(state).text, null)
  const mark = sealRecord(signer, keys.seeded, sequence, { sequence, at: state.now() })
  await store.write(keys.seeded, mark, null)
}

const changeSession = async (
  state: State,
  tokenHash: string,
  change: Partial<SessionRecord>,
): Promise<SealedRecord | null> => {
  const held = state.sessions.get(tokenHash)
  if (held === undefined) return null
  state.sessions.set(tokenHash, { version: held.version + 1, record: { ...held.record, ...change } })
  const entry = putSession(state, tokenHash)
  await push(state, [entry])
  return { key: entry.key, text: entry.text }
}

const endSession = (state: State, tokenHash: string, why: SessionEnd): Promise<SealedRecord | null> => {
  const live = state.sessions.get(tokenHash)?.record.ended === null
  return changeSession(state, tokenHash, live ? { ended: { at: state.now(), why } } : {})
}

const open = async (state: State, request: OpenSession): Promise<SessionOpened> => {
  const person = state.people[request.identity.appUser]
  if (person === undefined) return { outcome: 'unknown-user' }
  const record = openedRecord(state, request, person)
  state.sessions.set(request.tokenHash, { version: 1, record })
  const entry = putSession(state, request.tokenHash)
  await push(state, [entry])
  if (request.replaces !== null) await endSession(state, request.replaces, 'replaced')
  return { outcome: 'opened', session: { key: entry.key, text: entry.text }, records: [] }
}

const finishTaken = async (state: State, request: FinishSignIn): Promise<SignInFinished> => {
  const taken = state.portal.takeSignIn(request)
  if (taken === null) return { answer: { outcome: 'no-proof' }, to: null }
  // Somebody whose practice has closed the way.
  if (taken.appUser === 'closed') return { answer: { outcome: 'way-closed' }, to: taken.to }
  const { beginHash: _begun, proofHash: _proof, ...wish } = request
  const person = { appUser: taken.appUser, kind: 'staff', name: null, email: null } as const
  const identity = { ...person, practices: [], amr: [] }
  const answer = await open(state, { ...wish, identity, method: 'own-oidc', cookieHash: null })
  return { answer, to: taken.to }
}

const changesSince = (state: State, since: number): Changes => {
  const found = [...state.published.values()].filter(
    ({ key, sequence }) => sequence > since && (since > 0 || !key.startsWith('gh:session:')),
  )
  const records = found.map(({ key, text }) => ({ key, text }))
  return { sequence: state.sequence, records, manifest: manifest(state), more: false }
}

const proveFactor = async (state: State, request: ProveFactor): Promise<FactorProved | null> => {
  const before = state.sessions.get(request.tokenHash)
  const factor = before?.record.ended === null ? state.portal.takeProof(request) : null
  if (before === undefined || factor === null) return null
  state.sessions.set(request.renewedHash, before)
  const raised = await changeSession(state, request.renewedHash, { factor })
  const rest = { ended: { at: state.now(), why: 'replaced' as const }, held: false, factor: null }
  const replaced = await changeSession(state, request.tokenHash, rest)
  return raised === null || replaced === null ? null : { session: raised, replaced }
}

const enterAdmin = (state: State, request: EnterAdmin): AdminEntered | null => {
  const record = state.sessions.get(request.tokenHash)?.record
  if (record?.ended !== null || record.held) return null
  state.portal.entries.set(request.ticketHash, request)
  return { admin: 'http://admin.example' }
}

const planeOf = (state: State): ControlPlane => {
  const called = (what?: keyof State['calls']): void => {
    if (!state.running) throw fault('control-plane', 'unreachable', 'stopped')
    if (what !== undefined) state.calls[what] += 1
  }
  return {
    async openSession(request) {
      called('opened')
      return open(state, request)
    },
    async assertRoles(request) {
      called('asserted')
      return followSaid(state, request)
    },
    async changeSession(request) {
      called('changed')
      return request.to === 'ended'
        ? endSession(state, request.tokenHash, request.why)
        : changeSession(state, request.tokenHash, { held: request.to === 'held' })
    },
    async changes(since) {
      called('changes')
      return changesSince(state, since)
    },
    async record(key) {
      called('records')
      const entry = state.published.get(key)
      return entry === undefined ? null : { key, text: entry.text }
    },
    async askAccess(request) {
      called('asked')
      return askAccess(state, request)
    },
    async withdrawAccess(request) {
      called()
      return withdraw(state, request)
    },
    async accessStandings(tokenHash, kind) {
      called()
      return standingsOf(state, tokenHash, kind, null)
    },
    async handOver(request) {
      called('handedOver')
      if (state.sessions.get(request.tokenHash)?.record.ended !== null) return null
      return state.portal.handOver(request)
    },
    async enterAdmin(request) {
      called('handedOver')
      return enterAdmin(state, request)
    },
    async proveFactor(request) {
      called()
      return proveFactor(state, request)
    },
    async beginSignIn(request) {
      called()
      state.portal.signIns.set(request.beginHash, request)
      return { portal: 'http://portal.example' }
    },
    async finishSignIn(request) {
      called()
      return finishTaken(state, request)
    },
    async publicKey() {
      called()
      return state.signer.publicKey
    },
  }
}

/** Practices are born from the people's roles, published once. */
const found = (state: State): void => {
  const people = Object.values(state.people)
  for (const practice of new Set(people.flatMap(({ roles }) => Object.keys(roles)))) {
    const document = newDocument({ id: practice, name: practice, zone: 'UTC' }, 'standard')
    const own = people.filter(({ roles }) => roles[practice] !== undefined)
    state.documents.set(practice, { revision: 1, document, before: null, confirmBy: null })
    state.members.set(practice, {
      version: 1,
      list: own.map(({ user, roles }) => plainMember(user, roles[practice]!)),
    })
    putPolicy(state, practice)
    putMembers(state, practice)
  }
  putPractices(state)
}

/** The service tokens of a practice from now on. */
const saveTokens = async (state: State, practice: string, tokens: readonly TokenRecord[]): Promise<void> => {
  const { version, list } = state.members.get(practice)!
  state.tokens.set(practice, tokens)
  state.members.set(practice, { version: version + 1, list })
  await push(state, [putMembers(state, practice), putPractices(state)])
}

/** A control plane of these people, by the application's user id, and their practices. */
export const createFakeControlPlane = (options: Options) => {
  const state: State = {
    ...options,
    signer: createSigner(generateSigningKey()),
    documents: new Map(),
    members: new Map(),
    ...{ sessions: new Map(), tokens: new Map(), published: new Map() },
    calls: { opened: 0, changed: 0, changes: 0, records: 0, asked: 0, handedOver: 0, asserted: 0 },
    portal: createFakePortal(options.now),
    ...{ standings: new Map(), revokedAt: new Map() },
    ...{ sequence: 0, practicesVersion: 0, running: true },
  }
  found(state)
  const saveMember = async (practice: string, user: string, change: (member: Member) => Member | null) => {
    const { version, list } = state.members.get(practice)!
    const changed = list.flatMap((member) => (member.user === user ? (change(member) ?? []) : member))
    state.members.set(practice, { version: version + 1, list: changed })
    await push(state, [putMembers(state, practice), putPractices(state)])
  }
  return {
    plane: planeOf(state),
    publicKey: state.signer.publicKey,
    sessions: state.sessions,
    calls: state.calls,
    /** Fills the store completely and marks it so. */
    seed: () => seed(state),
    /** `confirmBy`: until when it holds unconfirmed; absent: it is confirmed. */
    savePolicy: async (
      practice: string,
      change: (document: PolicyDocument) => PolicyDocument,
      confirmBy: number | null = null,
    ) => {
      const { revision, document } = state.documents.get(practice)!
      const before = confirmBy === null ? null : document
      const saved = { revision: revision + 1, document: change(document), before, confirmBy }
      state.documents.set(practice, saved)
      await push(state, [putPolicy(state, practice), putPractices(state)])
    },
    /** `null`: they leave the practice. */
    saveMember,
    saveTokens: (practice: string, tokens: readonly TokenRecord[]) => saveTokens(state, practice, tokens),
    retire: (practice: string, told: RetiredPractice | null) => {
      state.documents.set(practice, { ...state.documents.get(practice)!, told })
      return push(state, [putPractices(state)])
    },
    /** Raises the user's epoch, as a revocation does. */
    revoke: (practice: string, user: string) => {
      state.revokedAt.set(`${practice} ${user}`, state.now())
      return saveMember(practice, user, (member) => ({ ...member, epoch: member.epoch + 1 }))
    },
    /** Decides somebody's request as a reviewer does; the grant itself is `saveMember`'s. */
    decideAccess: (
      user: string,
      practice: string,
      kind: AskAccess['kind'],
      decision: Pick<AccessStanding, 'status' | 'note' | 'askAgainAt'>,
    ) => void state.standings.set(standingKey(user, practice, kind), decision),
    ...state.portal,
    endSession: (tokenHash: string, why: SessionEnd) => endSession(state, tokenHash, why),
    changeSession: (tokenHash: string, change: Partial<SessionRecord>) =>
      changeSession(state, tokenHash, change),
    sequence: () => state.sequence,
    stop: () => {
      state.running = false
    },
    restart: () => {
      state.running = true
    },
  }
}
