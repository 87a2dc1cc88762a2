/**
 * What passed, gathered for reports: traffic facts, allowlist hits, requests that no route maps.
 *
 * It changes no decision and names nothing that a route template does not. Invariant: bounded tables; one fact per
 * user, address, route and quarter of an hour (SPEC §9), so that a flood of requests costs a map entry, not a report.
 */
import type { Address } from '../policies/address.ts'
import type { Instant } from '../policies/instant.ts'
import { matchingEntry } from '../policies/snapshot.ts'
import { createBoundedMap } from './bounded-map.ts'
import type { Exchange } from './exchange.ts'
import { type Directory, type Question, scopeOf } from './questions.ts'
import type { Reports } from './reports.ts'

/** Gathers. Nothing here throws. */
export type Traffic = {
  passed(exchange: Exchange, question: Question, at: Instant): void
  /** Counts a request that no route maps. `template` without anything personal. */
  unmapped(upstream: string, method: string, template: string): void
  /** Sends the counts that are gathered; called about once a minute. */
  flush(at: Instant): void
}

type Hit = { readonly practice: string; readonly user: string; readonly address: Address; count: number }
type Unmapped = {
  readonly upstream: string
  readonly method: string
  readonly template: string
  count: number
}

const factMs = 15 * 60_000
const factsMax = 50_000
const hitsMax = 20_000
const unmappedMax = 1_000

const assuranceOf = ({ session, accompanied }: Question): string =>
  (accompanied ? session.record.factor?.method : undefined) ??
  (session.record.method === 'adopted' ? 'adopted' : 'password')

/** An empty gathering. */
export function createTraffic(directory: Directory, reports: Reports): Traffic {
  const facts = createBoundedMap<string, number>(factsMax)
  const hits = new Map<string, Hit>()
  const unmapped = new Map<string, Unmapped>()
  return {
    passed(exchange, question, at) {
      const { user } = question.session.record
      const route = question.requirements[0]?.id ?? ''
      const address = exchange.client.text
      const period = Math.floor(at / factMs)
      for (const practice of scopeOf(directory, question).practices) {
        const hitKey = `${practice} ${user} ${address}`
        const hit = hits.get(hitKey)
        if (hit !== undefined) hit.count += 1
        else if (hits.size < hitsMax) hits.set(hitKey, { practice, user, address: exchange.client, count: 1 })
        const key = `${hitKey} ${route}`
        if (facts.get(key) === period) continue
        facts.set(key, period)
        reports.add({ kind: 'fact', at, practice, user, address, route, assurance: assuranceOf(question) })
      }
    },
    unmapped(upstream, method, template) {
      const key = `${upstream} ${method} ${template}`
      const found = unmapped.get(key)
      if (found !== undefined) found.count += 1
      else if (unmapped.size < unmappedMax) unmapped.set(key, { upstream, method, template, count: 1 })
    },
    flush(at) {
      for (const { practice, user, address, count } of hits.values()) {
        const known = directory.practice(practice, at)
        const entry = known && matchingEntry(known.snapshot, directory.member(practice, user), address, at)
        if (entry) reports.add({ kind: 'hit', at, practice, entry: entry.id, count })
      }
      hits.clear()
      for (const item of unmapped.values()) reports.add({ kind: 'unmapped', at, ...item })
      unmapped.clear()
    },
  }
}
