/**
 * Answers of the IP Allowlist tab: entries with their use, and questions about an address.
 *
 * The switch is General Settings'. Invariant: what is stored is canonical CIDR text, and whatever was changed
 * about the admin's wish is said in `notes`; a range of everybody is refused here, before the guard.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import { isPrivate, networkOf, parseAddress, parseRange, rangeText } from '../../policies/address.ts'
import type { IpEntry, PolicyDocument } from '../../policies/document.ts'
import type { Problem } from '../../policies/problem.ts'
import { newToken } from '../../runtime/token.ts'
import { readMembers } from '../store/members.ts'
import type { AdminEnv } from './admin-env.ts'
import { type ApiPlane, deedOf } from './api-plane.ts'
import { ipAllowlistRoutes } from './contract/ip-allowlist.ts'
import { saveWish } from './edits.ts'
import { readEntryUse } from './entry-use.ts'
import { audienceName, listedWidely, overlapsOf } from './networks.ts'
import { etagOf, mentions, pageOf } from './paging.ts'
import { askAddress } from './policy-views.ts'
import { invalid, refusal } from './refusals.ts'
import { hopSentence } from './shell.ts'

type CheckedRange = { readonly range: string; readonly notes: readonly string[] }

/** The range as it is stored, with what was changed or deserves a thought; refuses what cannot be one. */
function checkRange(text: string, confirmWide: boolean): CheckedRange {
  const parsed = parseRange(text)
  if (parsed === null)
    throw invalid([
      {
        path: 'range',
        sentence: `"${text}" is no address and no range. Write 203.0.113.7 or 203.0.113.0/24.`,
      },
    ])
  const { range, hostBitsMasked } = parsed
  const canonical = rangeText(range)
  if (range.prefix === 0)
    throw invalid([
      {
        path: 'range',
        sentence: `${canonical} is everybody. Switch the control off instead of listing everyone.`,
      },
    ])
  const widest = range.family === 4 ? 16 : 32
  if (range.prefix < widest && !confirmWide)
    throw invalid([
      {
        path: 'confirmWide',
        sentence: `${canonical} is wider than /${widest}: thousands of strangers may be in it. Confirm that it is meant.`,
      },
    ])
  const notes: string[] = []
  if (hostBitsMasked) notes.push(`Saved as ${canonical}: the network that ${text} lies in.`)
  else if (!text.includes('/') && range.family === 6)
    notes.push(`Saved as ${canonical}: a home or office has the whole /64.`)
  if (isPrivate(range))
    notes.push(`${canonical} is a private range: it matches only if the gateway sees such addresses itself.`)
  return { range: canonical, notes }
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

async function readList(plane: ApiPlane, practice: string) {
  const view = await plane.views.read(practice)
  const at = plane.now()
  const [known, use] = await Promise.all([
    plane.store.read((rows) => readMembers(rows, practice, at)),
    plane.store.read((rows) => readEntryUse(rows, practice, at)),
  ])
  const names = new Map((known?.members ?? []).map(({ user, name }) => [user, name]))
  return { view, use, nameOf: (user: string): string | null => names.get(user) ?? null }
}

type Query = {
  readonly cursor?: string | undefined
  readonly limit: number
  readonly text?: string | undefined
}

async function listEntries(plane: ApiPlane, practice: string, query: Query) {
  const { view, use, nameOf } = await readList(plane, practice)
  const { ipEntries } = view.document
  const found = ipEntries.filter(({ range, label, note }) => mentions(query.text, [range, label, note]))
  const page = pageOf(found, ({ id }) => id, query)
  const overlaps = overlapsOf(page.items, ipEntries)
  return {
    revision: view.revision,
    total: found.length,
    nextCursor: page.nextCursor,
    entries: page.items.map((entry) => ({
      ...entry,
      audienceName: audienceName(view.document, entry.audience, nameOf),
      lastMatchedAt: use.get(entry.id)?.lastAt ?? null,
      hits7d: use.get(entry.id)?.hits7d ?? 0,
      overlaps: [...(overlaps.get(entry.id) ?? [])],
    })),
  }
}

function answerReads(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(ipAllowlistRoutes.list, async (c) => {
    const list = await listEntries(plane, c.req.valid('param').practice, c.req.valid('query'))
    c.header('etag', etagOf(list.revision))
    return c.json(list, 200)
  })
  app.openapi(ipAllowlistRoutes.test, async (c) => {
    const { practice } = c.req.valid('param')
    const { user, address } = c.req.valid('json')
    return c.json(await testAddress(plane, practice, user, address), 200)
  })
  app.openapi(ipAllowlistRoutes.myAddress, async (c) => {
    const { snapshot } = await plane.views.read(c.req.valid('param').practice)
    const hop = c.get('hop')
    const entry = listedWidely(snapshot, hop.client, plane.now())
    return c.json(
      {
        address: hop.client.text,
        sentence: hopSentence(hop),
        range: rangeText(networkOf(hop.client)),
        listed: entry !== null,
        label: entry?.label ?? null,
      },
      200,
    )
  })
}

async function testAddress(plane: ApiPlane, practice: string, user: string | null, text: string) {
  const address = parseAddress(text)
  if (address === null)
    throw invalid([{ path: 'address', sentence: `"${text}" is no address. Write one such as 203.0.113.7.` }])
  const { snapshot, document } = await plane.views.read(practice)
  const at = plane.now()
  const { mode } = document.controls.ip
  if (user === null) {
    const entry = listedWidely(snapshot, address, at)
    const sentence =
      entry === null
        ? `${address.text} is in no entry for the whole practice.`
        : `${address.text} is in "${entry.label}" (${entry.range}), which serves the whole practice.`
    return { listed: entry !== null, entry: shortEntry(entry), inScope: true, mode, sentence }
  }
  const known = await plane.store.read((rows) => readMembers(rows, practice, at))
  const member = known?.members.find((one) => one.user === user)
  if (member === undefined) throw refusal('not-found', 'There is no such member in this practice.')
  const { entry, inScope, passes } = askAddress(snapshot, member, address, at)
  const sentence = testSentence(member.name, address.text, entry, { inScope, passes, mode })
  return { listed: passes, entry: shortEntry(entry), inScope, mode, sentence }
}

const shortEntry = (entry: IpEntry | null) =>
  entry === null ? null : { id: entry.id, label: entry.label, range: entry.range }

function testSentence(
  name: string,
  address: string,
  entry: IpEntry | null,
  { inScope, passes, mode }: { readonly inScope: boolean; readonly passes: boolean; readonly mode: string },
): string {
  if (!inScope) return `The IP allowlist does not concern ${name}: any address passes.`
  const where = entry === null ? 'in no entry that serves them' : `in "${entry.label}" (${entry.range})`
  if (passes) {
    const why = entry === null ? 'by an approved request' : `because it is ${where}`
    return `${name} is let in from ${address} ${why}.`
  }
  const act =
    mode === 'enforce'
      ? 'is refused'
      : mode === 'monitor'
        ? 'would be refused (monitor mode)'
        : 'would be refused'
  return `${name} ${act} from ${address}: it is ${where}.`
}

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
  answerReads(app, plane)
  answerCreate(app, plane)
  answerChanges(app, plane)
}
