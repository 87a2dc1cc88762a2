/**
 * Answers of what the allowlist's table asks beyond one entry: what a range would be, and one act on many entries.
 *
 * What a range is stored as is `ip-list/entry-range.ts`. Invariant: looking saves nothing and decides nothing; an act names
 * entries that are all there, or changes none.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import { parseRange, rangeText } from '../../policies/address.ts'
import type { IpEntry, PolicyDocument } from '../../policies/document.ts'
import { readEntryRange } from '../ip-list/entry-range.ts'
import type { AdminEnv } from './admin-env.ts'
import type { ApiPlane } from './api-plane.ts'
import { type BulkAct, ipBulkRoutes } from './contract/ip-bulk.ts'
import { saveWish } from './edits.ts'
import { overlapsOf } from './networks.ts'
import { invalid } from './refusals.ts'

const counted = new Intl.NumberFormat('en-GB')

/** "256 addresses, 203.0.113.0 to 203.0.113.255"; of IPv6 in networks of /64, which is what homes and offices have. */
function sizeOf(text: string): string | null {
  const range = parseRange(text)?.range
  if (range === undefined) return null
  const { family, prefix } = range
  if (family === 4) {
    if (prefix === 32) return 'one address'
    const count = 2 ** (32 - prefix)
    const last = rangeText({ ...range, prefix: 32, w3: range.w3 | ~range.m3 }).replace('/32', '')
    const first = rangeText({ ...range, prefix: 32 }).replace('/32', '')
    return `${counted.format(count)} addresses, ${first} to ${last}`
  }
  if (prefix === 128) return 'one address'
  if (prefix > 64) return 'part of one /64: devices change their address within it, so list the whole /64'
  return prefix === 64
    ? 'one network of /64, as a home or an office has'
    : `${counted.format(2 ** (64 - prefix))} networks of /64`
}

const overlapping = (range: string, id: string | null, { ipEntries }: PolicyDocument) => {
  // Only its id and range are asked for; an entry under no id would be an overlap of itself.
  const asked = { id: id ?? '', range } as IpEntry
  return (overlapsOf([asked], ipEntries).get(asked.id) ?? []).flatMap((found) => {
    const entry = ipEntries.find((one) => one.id === found.id)
    return entry === undefined ? [] : [{ ...found, range: entry.range, on: entry.on }]
  })
}

function look(text: string, id: string | null, document: PolicyDocument) {
  const read = readEntryRange(text, true)
  if (!read.ok)
    return { range: null, problem: read.problem.sentence, wide: false, size: null, notes: [], overlaps: [] }
  const strict = readEntryRange(text, false)
  return {
    range: read.range,
    problem: null,
    wide: !strict.ok,
    size: sizeOf(read.range),
    notes: [...read.notes],
    overlaps: overlapping(read.range, id, document),
  }
}

const isRemoval = (act: BulkAct): act is { readonly remove: true } => 'remove' in act

const acted = (entries: readonly IpEntry[], ids: ReadonlySet<string>, act: BulkAct): IpEntry[] =>
  isRemoval(act)
    ? entries.filter(({ id }) => !ids.has(id))
    : entries.map((entry) => (ids.has(entry.id) ? { ...entry, ...act } : entry))

/** Adds the answers. */
export function answerIpBulk(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(ipBulkRoutes.look, async (c) => {
    const { range, id = null } = c.req.valid('query')
    const { document } = await plane.views.read(c.req.valid('param').practice)
    return c.json(look(range, id, document), 200)
  })
  app.openapi(ipBulkRoutes.act, async (c) => {
    const { ids: named, act, confirmPracticeName, reason } = c.req.valid('json')
    const ids = new Set(named)
    if ('expiresAt' in act && act.expiresAt !== null && act.expiresAt <= plane.now())
      throw invalid([{ path: 'act.expiresAt', sentence: 'The expiry lies in the past.' }])
    const { revision, sequence } = await saveWish(c, plane, {
      practice: c.req.valid('param').practice,
      ifMatch: c.req.valid('header')['if-match'],
      action: isRemoval(act) ? 'ip-entries.removed' : 'ip-entries.changed',
      confirmPracticeName,
      reason,
      change: (current) => {
        const known = current.ipEntries.filter(({ id }) => ids.has(id)).length
        return known === ids.size
          ? { ...current, ipEntries: acted(current.ipEntries, ids, act) }
          : {
              problems: [
                {
                  path: 'ids',
                  sentence: `${ids.size - known} of these entries are gone. Load the list again.`,
                },
              ],
            }
      },
    })
    return c.json({ revision, sequence, entries: ids.size }, 200)
  })
}
