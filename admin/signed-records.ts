/**
 * The signed records of the control plane, each built from what is committed: policy, members, session, the table
 * of practices, the manifest, the mark of a filled store.
 *
 * It reads rows and signs; it writes nothing. A policy that no longer compiles builds nothing, so that gateways
 * keep the last good one. Key, version and form are fixed by `runtime/keys.ts` and `runtime/records.ts`.
 */
import { type CompiledPolicy, compile } from '../policies/compile.ts'
import type { Instant } from '../policies/instant.ts'
import type { Checked, Problem } from '../policies/problem.ts'
import { canaryRecord } from '../runtime/canary.ts'
import type { SealedRecord } from '../runtime/internal.ts'
import { keys } from '../runtime/keys.ts'
import type { Manifest, PolicyRecord, PracticesRecord, Seeded } from '../runtime/records.ts'
import { bodyHash, type Signer, sealRecord } from '../runtime/signing.ts'
import type { CompiledPolicies } from './compiled-policies.ts'
import type { Rows } from './store/database.ts'
import { membersRecordOf, readMembers } from './store/members.ts'
import type { PolicyHead } from './store/practices.ts'
import { listPublishedPractices, type Pending, type Publication } from './store/publications.ts'
import { listRetired } from './store/retired-practices.ts'
import { tokenRecords } from './store/service-tokens.ts'
import { findSession, type SessionRow, sessionRecordOf } from './store/sessions.ts'

/** A signed record without a sequence yet. */
export type BuiltRecord = Omit<Publication, 'sequence'>

/** A record, nothing (its subject is gone), or why it cannot be built. */
export type Building =
  | { readonly built: BuiltRecord }
  | { readonly built: null; readonly problems: readonly Problem[] }

const nothing: Building = { built: null, problems: [] }

/** Where policies are compiled, once for all that want them. */
type Compiled = Pick<CompiledPolicies, 'read'>

/**
 * What gateways fall back to by themselves while a revision waits to be confirmed; `null`: nothing waits. Problems where
 * that would be nothing: what cannot be taken back must not be sent.
 */
async function compileFallback(
  rows: Rows,
  compiled: Compiled,
  { practice, confirmBy, predecessor }: PolicyHead,
  at: Instant,
): Promise<Checked<CompiledPolicy> | null> {
  if (confirmBy === null || predecessor === null) return null
  const before = await compiled.read(rows, practice, at, predecessor)
  if (before === null) return compile(undefined, at)
  return before.ok ? { ok: true, value: before.value.compiled } : before
}

async function buildPolicy(
  rows: Rows,
  { signer, compiled }: RecordTools,
  practice: string,
  at: Instant,
): Promise<Building> {
  const saved = await compiled.read(rows, practice, at)
  if (saved === null) return nothing
  if (!saved.ok) return { built: null, problems: saved.problems }
  const { revision, confirmBy } = saved.value
  const fallback = await compileFallback(rows, compiled, saved.value, at)
  if (fallback?.ok === false) return { built: null, problems: fallback.problems }
  const key = keys.policy(practice)
  const record: PolicyRecord = {
    practice,
    revision,
    compiled: saved.value.compiled,
    confirmBy: fallback === null ? null : confirmBy,
    predecessor: fallback?.value ?? null,
  }
  const version = saved.value.versionBase + revision
  const text = sealRecord(signer, key, version, record)
  return { built: { key, kind: 'policy', part: practice, version, text, expiresAt: null } }
}

async function buildMembers(rows: Rows, signer: Signer, practice: string, at: Instant): Promise<Building> {
  const known = await readMembers(rows, practice, at)
  if (known === null) return nothing
  const key = keys.members(practice)
  const tokens = await tokenRecords(rows, practice, at)
  const text = sealRecord(signer, key, known.version, membersRecordOf(practice, known.members, tokens))
  return { built: { key, kind: 'members', part: practice, version: known.version, text, expiresAt: null } }
}

/** A session's record as it lies in the hot store. */
export function sealSession(signer: Signer, session: SessionRow): SealedRecord {
  const key = keys.session(session.token_hash)
  return { key, text: sealRecord(signer, key, session.version, sessionRecordOf(session)) }
}

async function buildSession(rows: Rows, signer: Signer, tokenHash: string, at: Instant): Promise<Building> {
  const session = await findSession(rows, tokenHash)
  if (session === null || session.absolute_deadline <= at) return nothing
  const { key, text } = sealSession(signer, session)
  return {
    built: {
      key,
      kind: 'session',
      part: tokenHash,
      version: session.version,
      text,
      expiresAt: session.absolute_deadline,
    },
  }
}

function buildCanary(signer: Signer, round: number, at: Instant): Building {
  const key = keys.canary
  const text = sealRecord(signer, key, round, canaryRecord(round, at))
  return { built: { key, kind: 'canary', part: '', version: round, text, expiresAt: null } }
}

/** What records are made with. */
export type RecordTools = { readonly signer: Signer; readonly compiled: Compiled }

/** The record that an outbox row asks for, from what `rows` sees. */
export function buildRecord(
  rows: Rows,
  tools: RecordTools,
  asked: Pick<Pending, 'kind' | 'part'>,
  at: Instant,
): Promise<Building> {
  const { signer } = tools
  switch (asked.kind) {
    case 'policy':
      return buildPolicy(rows, tools, asked.part, at)
    case 'members':
      return buildMembers(rows, signer, asked.part, at)
    case 'session':
      return buildSession(rows, signer, asked.part, at)
    case 'canary':
      return Promise.resolve(buildCanary(signer, Number(asked.part), at))
  }
}

/** The table of practices: which policy and members versions are published. */
export async function buildPractices(rows: Rows, signer: Signer, version: number): Promise<BuiltRecord> {
  const practices = await listPublishedPractices(rows)
  const retired = await listRetired(rows)
  const record: PracticesRecord = {
    practices: Object.fromEntries(
      practices.map(({ id, name, policy, members }) => [id, { name, policy, members }]),
    ),
    ...(retired.length === 0
      ? {}
      : { retired: Object.fromEntries(retired.map(({ id, name, contact }) => [id, { name, contact }])) }),
  }
  const text = sealRecord(signer, keys.practices, version, record)
  return { key: keys.practices, kind: 'practices', part: '', version, text, expiresAt: null }
}

/** The manifest at `sequence`, over the text of the table of practices. */
export function sealManifest(
  signer: Signer,
  sequence: number,
  practicesText: string,
  at: Instant,
): SealedRecord {
  const root = bodyHash(practicesText)
  if (root === null) throw new Error('the table of practices is no sealed text')
  const manifest: Manifest = { sequence, root, issuedAt: at }
  return { key: keys.manifest, text: sealRecord(signer, keys.manifest, sequence, manifest) }
}

/** The mark that the hot store was filled completely, up to `sequence`. */
export function sealSeeded(signer: Signer, sequence: number, at: Instant): SealedRecord {
  const seeded: Seeded = { sequence, at }
  return { key: keys.seeded, text: sealRecord(signer, keys.seeded, sequence, seeded) }
}
