/**
 * What gateways may ask the control plane directly, as functions: opening and changing sessions, and knowledge when
 * the hot store is away.
 *
 * The HTTP form and its key are somebody else's (`admin/main.ts`); nothing here edits policy. Every answer carries
 * signed records, built from what is committed, so an answer is never older than the hot store. Faults of the
 * database come out as faults of the control plane: which of its parts failed is not a gateway's business.
 */
import type { Instant } from '../policies/instant.ts'
import type { RoleRule } from '../runtime/config-role-rules.ts'
import { type Fault, fault, isFault } from '../runtime/fault.ts'
import type {
  AppIdentity,
  AssertRoles,
  Changes,
  ControlPlane,
  FinishSignIn,
  OpenSession,
  RolesAsserted,
  SealedRecord,
  SessionOpened,
  SignInFinished,
} from '../runtime/internal.ts'
import { keys } from '../runtime/keys.ts'
import { type Log, silentLog } from '../runtime/log.ts'
import type { Signer } from '../runtime/signing.ts'
import { compiledPoliciesOf } from './compiled-policies.ts'
import { followRoles, withoutOwnKeys } from './directory/asserted-roles.ts'
import type { Provisioning } from './directory/directory.ts'
import { translateRoles } from './directory/role-rules.ts'
import type { OwnUpstreams } from './own-sign-in/upstreams.ts'
import { beginSignIn, finishSignIn } from './own-sign-in/visits.ts'
import type { Publisher } from './publish.ts'
import { askForAccess, readAccessStandings } from './requests/access-requests.ts'
import { takeAccessBack } from './requests/access-taking-back.ts'
import { changeSession, type OpeningOutcome, openSession } from './sessions/session-opening.ts'
import { layEntry } from './sign-in/entries.ts'
import { buildRecord, sealManifest, sealSession } from './signed-records.ts'
import type { Store } from './store/database.ts'
import { findPublication, listPublications, readSequence } from './store/publications.ts'
import { applyAcks } from './store/reports.ts'
import { findSession } from './store/sessions.ts'
import { handOver, proveFactor } from './two-factor/visits.ts'

/**
 * What it works with. `provisioning`: of each upstream by id, `null` for one that is not configured. `portal`: its origin
 * as browsers call it; asked at each hand-over, since a listener's port is known late.
 */
export type InternalParts = {
  readonly store: Store
  readonly publisher: Pick<Publisher, 'kick'>
  readonly signer: Signer
  readonly provisioning: (upstream: string) => Provisioning | null
  /** What the roles of an upstream mean; absent: what they are called. */
  readonly roleRules?: (upstream: string) => readonly RoleRule[]
  /** Whose word on the roles of members counts; absent: the directory's. */
  readonly rolesFrom?: (upstream: string) => 'directory' | 'app'
  readonly log?: Pick<Log, 'warn'>
  /** Whose people sign in here; absent: nobody's. */
  readonly upstreams?: OwnUpstreams
  readonly portal: () => string
  /** The admin origin, likewise. */
  readonly admin: () => string
  readonly now: () => Instant
}

const pageMax = 500

async function open(parts: InternalParts, request: OpenSession): Promise<SessionOpened> {
  const provisioning = parts.provisioning(request.upstream)
  if (provisioning === null) throw fault('control-plane', 'refused', `no upstream ${request.upstream}`, 'no')
  const at = parts.now()
  const identity = translateRoles(request.identity, parts.roleRules?.(request.upstream) ?? [])
  const followed = await follow(parts, request.upstream, identity, at)
  const seeding = await seedingBy(parts, request.upstream, identity, at)
  const opened = await openSession(parts.store, { ...request, identity: seeding }, provisioning, at)
  // Only what came from the portal signs in here, and that is finished, not opened.
  if (opened.outcome === 'way-closed')
    throw fault('control-plane', 'refused', `no sign-in by ${request.method}`, 'no')
  if (opened.outcome !== 'opened') return opened
  const changed = [...new Set([...followed, ...opened.changed])]
  return answerOpened(parts, { ...opened, changed }, at)
}

/** What the application says of roles, where its word counts; the practices that changed by it. */
const follow = (
  { store, log = silentLog, rolesFrom }: InternalParts,
  upstream: string,
  identity: AppIdentity,
  at: Instant,
): Promise<readonly string[]> =>
  rolesFrom?.(upstream) === 'app' ? followRoles({ store, log }, upstream, identity, at) : Promise.resolve([])

/** What the application says of somebody new, where its word counts. */
const seedingBy = (
  { store, log = silentLog, rolesFrom }: InternalParts,
  upstream: string,
  identity: AppIdentity,
  at: Instant,
): Promise<AppIdentity> =>
  rolesFrom?.(upstream) === 'app'
    ? withoutOwnKeys({ store, log }, upstream, identity, at)
    : Promise.resolve(identity)

/** The members records of these practices as they are now. */
async function membersRecords(
  { store, signer }: InternalParts,
  practices: readonly string[],
  at: Instant,
): Promise<SealedRecord[]> {
  const tools = { signer, compiled: compiledPoliciesOf(store) }
  const records: SealedRecord[] = []
  for (const practice of practices) {
    const { built } = await store.read((rows) =>
      buildRecord(rows, tools, { kind: 'members', part: practice }, at),
    )
    if (built !== null) records.push({ key: built.key, text: built.text })
  }
  return records
}

async function assertRoles(
  parts: InternalParts,
  { upstream, identity }: AssertRoles,
): Promise<RolesAsserted> {
  const at = parts.now()
  const translated = translateRoles(identity, parts.roleRules?.(upstream) ?? [])
  const changed = await follow(parts, upstream, translated, at)
  if (changed.length > 0) parts.publisher.kick()
  return { records: await membersRecords(parts, changed, at) }
}

async function answerOpened(
  parts: InternalParts,
  opened: Exclude<OpeningOutcome, { readonly outcome: 'way-closed' }>,
  at: Instant,
): Promise<SessionOpened> {
  if (opened.outcome !== 'opened') return opened
  parts.publisher.kick()
  const records = await membersRecords(parts, opened.changed, at)
  return { outcome: 'opened', session: sealSession(parts.signer, opened.session), records }
}

async function finishOwn(parts: InternalParts, request: FinishSignIn): Promise<SignInFinished> {
  const own = parts.upstreams?.find(request.upstream) ?? null
  if (own === null) throw fault('control-plane', 'refused', `no own sign-in of ${request.upstream}`, 'no')
  const at = parts.now()
  const { opened, to } = await finishSignIn(parts.store, request, own, at)
  const isDone = opened.outcome === 'no-proof' || opened.outcome === 'way-closed'
  return { answer: isDone ? opened : await answerOpened(parts, opened, at), to }
}

/** A gateway knows of more than the database does: the publisher hears of it as of any acknowledgement. */
const noteAhead = (store: Store, gateway: string, sequence: number, at: Instant): Promise<void> =>
  store.transaction((tx) => applyAcks(tx, [{ kind: 'ack', gateway, sequence, at }]))

async function answerChanges(parts: InternalParts, since: number, gateway: string): Promise<Changes> {
  const changes = await readChanges(parts, since)
  if (since > changes.sequence) await noteAhead(parts.store, gateway, since, parts.now())
  return changes
}

function readChanges({ store, signer, now }: InternalParts, since: number): Promise<Changes> {
  return store.snapshot(async (tx) => {
    const at = now()
    const { sequence } = await readSequence(tx)
    const practices = await findPublication(tx, keys.practices)
    if (practices === null) throw fault('control-plane', 'unreachable', 'nothing was published yet')
    const found = await listPublications(tx, {
      after: since,
      countMax: pageMax + 1,
      sessions: since === 0 ? 'without' : 'with',
      at,
    })
    const page = found.slice(0, pageMax)
    const more = found.length > pageMax
    return {
      sequence: more ? (page.at(-1)?.sequence ?? sequence) : sequence,
      records: page.map(({ key, text }) => ({ key, text })),
      manifest: sealManifest(signer, sequence, practices.text, at),
      more,
    }
  })
}

const sessionKey = /^gh:session:\{([A-Za-z0-9_-]{43})\}$/
const membersKey = /^gh:members:\{([a-z0-9][a-z0-9-]{0,63})\}$/

async function readRecord({ store, signer, now }: InternalParts, key: string): Promise<SealedRecord | null> {
  const tokenHash = sessionKey.exec(key)?.[1]
  if (tokenHash !== undefined) {
    const session = await store.read((rows) => findSession(rows, tokenHash))
    return session === null ? null : sealSession(signer, session)
  }
  const practice = membersKey.exec(key)?.[1]
  if (practice !== undefined) {
    const asked = { kind: 'members', part: practice } as const
    const tools = { signer, compiled: compiledPoliciesOf(store) }
    const { built } = await store.read((rows) => buildRecord(rows, tools, asked, now()))
    return built === null ? null : { key, text: built.text }
  }
  const published = await store.read((rows) => findPublication(rows, key))
  return published === null ? null : { key, text: published.text }
}

const asControlPlane = (error: unknown): Fault | unknown =>
  isFault(error) && error.source !== 'control-plane'
    ? fault('control-plane', error.kind, 'its database cannot be had', error.retry, error)
    : error

const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    throw asControlPlane(error)
  }
}

/** The control plane as gateways see it. Rejects with a `Fault` (source `control-plane`) when the database is away. */
export const createInternal = (parts: InternalParts): ControlPlane => ({
  openSession: (request) => guarded(() => open(parts, request)),
  assertRoles: (request) => guarded(() => assertRoles(parts, request)),
  changeSession: (request) =>
    guarded(async () => {
      const session = await changeSession(parts.store, request, parts.now())
      if (session === null) return null
      parts.publisher.kick()
      return sealSession(parts.signer, session)
    }),
  changes: (since, gateway) => guarded(() => answerChanges(parts, since, gateway)),
  record: (key) => guarded(() => readRecord(parts, key)),
  askAccess: (request) => guarded(() => askForAccess(parts.store, request, parts.now())),
  withdrawAccess: (request) => guarded(() => takeAccessBack(parts.store, request, parts.now())),
  accessStandings: (tokenHash, kind, address) =>
    guarded(() => readAccessStandings(parts.store, { tokenHash, kind, address }, parts.now())),
  handOver: (request) =>
    guarded(async () =>
      (await handOver(parts.store, request, parts.now())) ? { portal: parts.portal() } : null,
    ),
  enterAdmin: (request) =>
    guarded(async () =>
      (await layEntry(parts.store, request, parts.now())) ? { admin: parts.admin() } : null,
    ),
  proveFactor: (request) =>
    guarded(async () => {
      const renewed = await proveFactor(parts.store, request, parts.now())
      if (renewed === null) return null
      parts.publisher.kick()
      const { session, replaced } = renewed
      return { session: sealSession(parts.signer, session), replaced: sealSession(parts.signer, replaced) }
    }),
  beginSignIn: (request) =>
    guarded(async () => {
      if ((parts.upstreams?.find(request.upstream) ?? null) === null) return null
      await beginSignIn(parts.store, request, parts.now())
      return { portal: parts.portal() }
    }),
  finishSignIn: (request) => guarded(() => finishOwn(parts, request)),
  publicKey: () => Promise.resolve(parts.signer.publicKey),
})
