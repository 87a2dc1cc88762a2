/**
 * The first start: practices of the configuration that are not there yet.
 *
 * It never changes what exists: once created, a practice belongs to its admins and configuration only names it.
 * The first own account is the sign-in's matter (`sign-in/first-admin.ts`). Updating practices from configuration
 * was refused: a restart would undo what an admin had saved.
 */
import { compile } from '../policies/compile.ts'
import type { PolicyDocument } from '../policies/document.ts'
import type { Instant } from '../policies/instant.ts'
import type { Problem } from '../policies/problem.ts'
import { newDocument } from '../policies/standard-roles.ts'
import type { Config } from '../runtime/config.ts'
import { type Deed, eventOf, ownDeed } from './deed.ts'
import type { Store, Tx } from './store/database.ts'
import { appendEvent } from './store/events.ts'
import { announceMembers, announcePolicy } from './store/outbox.ts'
import { insertRevision } from './store/practices.ts'

type PracticeConfig = Config['practices'][number]

/** Practices created, or everything that is wrong with those to create; then none is. */
export type Ensured =
  | { readonly ok: true; readonly created: readonly string[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

const documentOf = (practice: PracticeConfig) =>
  newDocument(
    { id: practice.id, name: practice.name, zone: practice.zone },
    practice.roles === 'standard'
      ? 'standard'
      : practice.roles.map((role) => ({ ...role, idleMs: null, absoluteMs: null })),
  )

/** Writes a practice with its first document, which compiles; `false`: there is one of that id. */
export async function insertPractice(tx: Tx, document: PolicyDocument, deed: Deed): Promise<boolean> {
  const { id, name, zone } = document.practice
  const made = await tx
    .insertInto('practice')
    .values({ id, name, revision: 1, created_at: deed.at })
    .onConflict((oc) => oc.doNothing())
    .returning('id')
    .executeTakeFirst()
  if (made === undefined) return false
  await insertRevision(tx, {
    ...{ practice: id, revision: 1, document, savedAt: deed.at },
    ...{ authorId: deed.actor.id, authorName: deed.actor.name },
  })
  await announcePolicy(tx, id, deed.at)
  await announceMembers(tx, id, deed.at)
  await appendEvent(tx, {
    ...eventOf(deed),
    practice: id,
    action: 'practice.created',
    target: { kind: 'practice', id, name },
    before: null,
    after: { name, zone, roles: document.roles.map((role) => role.id) },
    policyVersion: 1,
  })
  return true
}

/** Creates the practices of the configuration that are not there yet, all of them or none. */
export function ensurePractices(store: Store, practices: Config['practices'], at: Instant): Promise<Ensured> {
  const problems = practices.flatMap((practice, position) => {
    const compiled = compile(documentOf(practice), at, process.versions.tz)
    if (compiled.ok) return []
    return compiled.problems.map(({ path, sentence }) => ({
      path: `practices[${position}].${path}`,
      sentence,
    }))
  })
  if (problems.length > 0) return Promise.resolve({ ok: false, problems })
  return store.transaction(async (tx) => {
    const created: string[] = []
    // In the order of their ids, as every transaction that touches several practices does.
    const ordered = [...practices].sort((a, b) => (a.id < b.id ? -1 : 1))
    for (const practice of ordered)
      if (await insertPractice(tx, documentOf(practice), ownDeed(at))) created.push(practice.id)
    return { ok: true, created }
  })
}
