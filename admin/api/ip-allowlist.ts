/**
 * Answers of the IP Allowlist tab that change an entry: add, change, remove.
 *
 * The switch is General Settings', the list `ip-entry-list.ts`, files `ip-import.ts`. Invariant: what is stored is
 * canonical CIDR text, and whatever was changed about the admin's wish is said in `notes`.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { IpEntry, PolicyDocument } from '../../policies/document.ts'
import type { Problem } from '../../policies/problem.ts'
import { newToken } from '../../runtime/token.ts'
import { readEntryRange } from '../ip-list/entry-range.ts'
import { answerAddressQuestions } from './address-questions.ts'
import type { AdminEnv } from './admin-env.ts'
import { type ApiPlane, deedOf } from './api-plane.ts'
import { ipAllowlistRoutes } from './contract/ip-allowlist.ts'
import { saveWish } from './edits.ts'
import { answerIpBulk } from './ip-bulk.ts'
import { answerEntryList } from './ip-entry-list.ts'
import { overlapsOf } from './networks.ts'
import { invalid, refusal } from './refusals.ts'

/** The range as it is stored, with notes; refuses what cannot be one. */
function checkRange(text: string, confirmWide: boolean) {
  const read = readEntryRange(text, confirmWide)
  if (!read.ok) throw invalid([read.problem])
  return read
}

const overlapNote = (document: PolicyDocument, entry: IpEntry): readonly string[] => {
  const [nearest] = overlapsOf([entry], document.ipEntries).get(entry.id) ?? []
  if (nearest === undefined) return []
  const how = { same: 'is the same network as', inside: 'contains', around: 'lies within' }[nearest.relation]
  return [`${entry.range} ${how} "${nearest.label}".`]
}

const entryGone: { readonly problems: readonly Problem[] } = {
  problems: [{ path: 'id', sentence: 'There is no such entry any more.' }],
}

const entryTarget = (entry: IpEntry) => ({ kind: 'ip-entry', id: entry.id, name: entry.label })

function answerCreate(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(ipAllowlistRoutes.create, async (c) => {
    const { confirmWide, confirmPracticeName, reason, range, ...wished } = c.req.valid('json')
    const checked = checkRange(range, confirmWide)
    const deed = deedOf(c, plane, reason)
    const entry: IpEntry = {
      id: `ipe_${newToken().slice(0, 16)}`,
      range: checked.range,
      ...wished,
      createdBy: deed.actor.name,
      createdAt: deed.at,
    }
    assertLater(entry.expiresAt, deed.at)
    const { revision, sequence, document } = await saveWish(c, plane, {
      practice: c.req.valid('param').practice,
      ifMatch: c.req.valid('header')['if-match'],
      action: 'ip-entry.added',
      target: entryTarget(entry),
      confirmPracticeName,
      reason,
      change: (current) => ({ ...current, ipEntries: [...current.ipEntries, entry] }),
    })
    const notes = [...checked.notes, ...overlapNote(document, entry)]
    return c.json({ revision, sequence, entry, notes }, 201)
  })
}

function assertLater(expiresAt: number | null | undefined, at: number): void {
  if (expiresAt != null && expiresAt <= at)
    throw invalid([{ path: 'expiresAt', sentence: 'The expiry lies in the past.' }])
}

/** The entry of an id as it is now; refuses `not-found`. */
async function entryNow(plane: ApiPlane, practice: string, id: string): Promise<IpEntry> {
  const { document } = await plane.views.read(practice)
  const entry = document.ipEntries.find((one) => one.id === id)
  if (entry === undefined) throw refusal('not-found', 'There is no such entry.')
  return entry
}

const withoutAbsent = <T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }

function answerChanges(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(ipAllowlistRoutes.change, async (c) => {
    const { practice, id } = c.req.valid('param')
    const { confirmWide, confirmPracticeName, reason, range, ...wished } = c.req.valid('json')
    const checked = range === undefined ? null : checkRange(range, confirmWide)
    assertLater(wished.expiresAt, plane.now())
    const patch = { ...withoutAbsent(wished), ...(checked === null ? {} : { range: checked.range }) }
    const target = entryTarget(await entryNow(plane, practice, id))
    const { revision, sequence, document } = await saveWish(c, plane, {
      practice,
      ifMatch: c.req.valid('header')['if-match'],
      action: 'ip-entry.changed',
      target,
      confirmPracticeName,
      reason,
      change: (current) =>
        current.ipEntries.some((one) => one.id === id)
          ? {
              ...current,
              ipEntries: current.ipEntries.map((one) => (one.id === id ? { ...one, ...patch } : one)),
            }
          : entryGone,
    })
    const entry = document.ipEntries.find((one) => one.id === id)
    if (entry === undefined) throw new Error('the changed entry is not in the saved document')
    const notes = [...(checked?.notes ?? []), ...(checked === null ? [] : overlapNote(document, entry))]
    return c.json({ revision, sequence, entry, notes }, 200)
  })
  app.openapi(ipAllowlistRoutes.remove, async (c) => {
    const { practice, id } = c.req.valid('param')
    const { confirmPracticeName, reason } = c.req.valid('query')
    const target = entryTarget(await entryNow(plane, practice, id))
    const { revision, sequence } = await saveWish(c, plane, {
      practice,
      ifMatch: c.req.valid('header')['if-match'],
      action: 'ip-entry.removed',
      target,
      confirmPracticeName,
      reason,
      change: (current) =>
        current.ipEntries.some((one) => one.id === id)
          ? { ...current, ipEntries: current.ipEntries.filter((one) => one.id !== id) }
          : entryGone,
    })
    return c.json({ revision, sequence }, 200)
  })
}

/** Adds the answers. */
export function answerIpAllowlist(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  answerEntryList(app, plane)
  answerAddressQuestions(app, plane)
  answerCreate(app, plane)
  answerChanges(app, plane)
  answerIpBulk(app, plane)
}
