/**
 * What passed, gathered for reports: how much, traffic facts, allowlist hits, requests that no route maps or whose path
 * is odd.
 *
 * It changes no decision and names nothing that a route template does not. Invariant: bounded tables; one fact per
 * user, address, route and quarter of an hour (SPEC §9), so that a flood of requests costs a map entry, not a report;
 * and where a table is full its counts go on early, or under one name, so that sums stay right.
 */
import type { Address } from '../policies/address.ts'
import type { Instant } from '../policies/instant.ts'
import { matchingEntry } from '../policies/snapshot.ts'
import { createBoundedMap } from './bounded-map.ts'
import { type Directory, type Question, scopeOf } from './questions.ts'
import type { Reports } from './reports.ts'
import type { Oddness } from './target.ts'

type Cell = { count: number }

/** What of one question was counted last; to be counted again at no cost while nothing of it was sent. */
export type Tally = { readonly round: number; readonly period: number; readonly cells: readonly Cell[] }

/** Gathers. Nothing here throws. */
export type Traffic = {
  /** Counts a request that passed. `before`: what this answered to the very same question the last time. */
  passed(question: Question, at: Instant, before?: Tally): Tally
  /** Counts a permitted request that is no person's. */
  permitted(practice: string): void
  /** Counts a request that no route maps, or (`odd`) whose path is odd. `template` without anything personal. */
  unmapped(upstream: string, method: string, template: string, odd?: Oddness): void
  /** Counts a request that no route maps by the roles of whoever sent it, where an upstream learns. */
  used(place: UsedPlace, roles: readonly string[]): void
  /** Sends the counts that are gathered; called about once a minute. */
  flush(at: Instant): void
}

type Hit = { readonly practice: string; readonly user: string; readonly address: Address; count: number }
type Unmapped = {
  readonly upstream: string
  readonly method: string
  readonly template: string
  readonly odd?: Oddness
  count: number
}

/** Where a request that no route maps went, in which practice. `template` without anything personal. */
export type UsedPlace = {
  readonly practice: string
  readonly upstream: string
  readonly method: string
  readonly template: string
}
type Used = UsedPlace & { count: number; readonly roles: Map<string, number> }

const factMs = 15 * 60_000
const factsMax = 50_000
const hitsMax = 20_000
const permitsMax = 20_000
const unmappedMax = 1_000
const usedMax = 2_000
const rolesMax = 50

/** Where the counts of further templates go once there are too many. */
const otherTemplates = '(others)'

const assuranceOf = ({ session, accompanied }: Question): string =>
  (accompanied ? session.record.factor?.method : undefined) ??
  (session.record.method === 'adopted' ? 'adopted' : 'password')

/** How many requests passed by practice. Practices are the directory's: a client cannot add to them. */
function createPermits(reports: Reports) {
  const permits = new Map<string, Cell>()
  return {
    /** The practice's cell, until the next sending; `null`: there is no room for it. */
    cellOf(practice: string): Cell | null {
      const before = permits.get(practice)
      if (before !== undefined || permits.size >= permitsMax) return before ?? null
      const cell: Cell = { count: 0 }
      permits.set(practice, cell)
      return cell
    },
    send(at: Instant): void {
      for (const [practice, { count }] of permits) reports.add({ kind: 'permits', at, practice, count })
      permits.clear()
    },
  }
}

/** Facts of what passed, how much of it by practice, and which entries of the allowlists it came by. */
function createPassed(directory: Directory, reports: Reports) {
  const facts = createBoundedMap<string, number>(factsMax)
  const hits = new Map<string, Hit>()
  const permits = createPermits(reports)
  /** Grows with every sending: what was counted before is told, and must not be counted on. */
  let round = 0
  const sendHits = (at: Instant): void => {
    round += 1
    for (const { practice, user, address, count } of hits.values()) {
      const known = directory.practice(practice, at)
      const entry = known && matchingEntry(known.snapshot, directory.member(practice, user), address, at)
      if (entry) reports.add({ kind: 'hit', at, practice, entry: entry.id, count })
    }
    hits.clear()
  }
  const hitOf = (key: string, hit: Omit<Hit, 'count'>, at: Instant): Hit => {
    const before = hits.get(key)
    if (before !== undefined) return before
    if (hits.size >= hitsMax) sendHits(at)
    const fresh: Hit = { ...hit, count: 0 }
    hits.set(key, fresh)
    return fresh
  }
  const count = (question: Question, at: Instant, period: number): Tally => {
    const { user } = question.session.record
    const route = question.requirements[0]?.id ?? ''
    const { address } = question
    const began = round
    const cells: Cell[] = []
    for (const practice of scopeOf(directory, question).practices) {
      const permitted = permits.cellOf(practice)
      const key = `${practice} ${user} ${address.text}`
      const hit = hitOf(key, { practice, user, address }, at)
      for (const cell of permitted === null ? [hit] : [hit, permitted]) {
        cell.count += 1
        cells.push(cell)
      }
      const factKey = `${key} ${route}`
      if (facts.get(factKey) === period) continue
      facts.set(factKey, period)
      const assurance = assuranceOf(question)
      reports.add({ kind: 'fact', at, practice, user, address: address.text, route, assurance })
    }
    // Where some were sent half-way, nothing of it may be counted on.
    return { round: began, period, cells }
  }
  return {
    passed(question: Question, at: Instant, before?: Tally): Tally {
      const period = Math.floor(at / factMs)
      if (before?.round !== round || before.period !== period) return count(question, at, period)
      for (const cell of before.cells) cell.count += 1
      return before
    },
    permitted(practice: string): void {
      const cell = permits.cellOf(practice)
      if (cell !== null) cell.count += 1
    },
    send(at: Instant): void {
      sendHits(at)
      permits.send(at)
    },
  }
}

/** An empty gathering. */
export function createTraffic(directory: Directory, reports: Reports): Traffic {
  const { passed, permitted, send } = createPassed(directory, reports)
  const unmapped = new Map<string, Unmapped>()
  const uses = new Map<string, Used>()
  return {
    passed,
    permitted,
    unmapped(upstream, method, template, odd) {
      const how = odd === undefined ? {} : { odd }
      const place = `${upstream} ${odd ?? ''}`
      const key = `${place} ${method} ${template}`
      const found = unmapped.get(key)
      const others = found === undefined && unmapped.size >= unmappedMax ? unmapped.get(place) : found
      if (others !== undefined) others.count += 1
      else if (unmapped.size < unmappedMax)
        unmapped.set(key, { upstream, method, template, ...how, count: 1 })
      else unmapped.set(place, { upstream, method: '*', template: otherTemplates, ...how, count: 1 })
    },
    used(place, roles) {
      const { practice, upstream, method, template } = place
      const key = `${practice} ${upstream} ${method} ${template}`
      // A proposal lists what is used most: what comes when there is no room is not among it.
      if (uses.size >= usedMax && !uses.has(key)) return
      const found = uses.get(key) ?? { ...place, count: 0, roles: new Map<string, number>() }
      uses.set(key, found)
      found.count += 1
      for (const role of roles.slice(0, rolesMax)) found.roles.set(role, (found.roles.get(role) ?? 0) + 1)
    },
    flush(at) {
      send(at)
      for (const { roles, ...place } of uses.values())
        reports.add({ kind: 'use', at, ...place, roles: Object.fromEntries(roles) })
      uses.clear()
      for (const item of unmapped.values()) reports.add({ kind: 'unmapped', at, ...item })
      unmapped.clear()
    },
  }
}
