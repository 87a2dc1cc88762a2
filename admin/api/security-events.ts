/**
 * Answers of the Security Events tab: the chain of changes, its check, its export, and the log of refusals.
 *
 * Events are written where changes are made; here only an export adds one, since taking the log away is itself of
 * interest. Invariant: lists go by number and not by time, so that a clock set back hides nothing.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import { accessReportCsv, readAccessReport } from '../access-report.ts'
import { knownActions } from '../events/event-actions.ts'
import { countDecisions } from '../store/decision-counts.ts'
import { readStanding, verifyChain } from '../store/event-chain.ts'
import { readRetention, saveRetention } from '../store/event-retention.ts'
import { listStreams } from '../store/event-streams.ts'
import { appendEvent, type ListedEvent, listEvents } from '../store/events.ts'
import type { AdminEnv } from './admin-env.ts'
import { type ApiPlane, deedOf } from './api-plane.ts'
import { chartSpan } from './chart-span.ts'
import { securityEventsRoutes } from './contract/security-events.ts'
import { findDecision, listDecisions } from './decision-log.ts'
import { exportEvents } from './event-export.ts'
import { etagOf, lostPage, revisionIn } from './paging.ts'
import { invalid, refusal } from './refusals.ts'

/** A cursor that is a number; absent: `null`. */
const numberIn = (cursor: string | undefined): number | null => {
  if (cursor === undefined) return null
  if (!/^\d{1,15}$/.test(cursor)) throw lostPage()
  return Number(cursor)
}

const eventAnswer = (event: ListedEvent) => ({
  number: event.seq,
  at: event.at,
  type: event.action,
  actor: { id: event.actor.id, name: event.actor.name },
  origin: event.origin,
  target: event.target?.name ?? null,
  targetId: event.target?.id ?? null,
  before: event.before,
  after: event.after,
  reason: event.reason,
  revision: event.policyVersion,
  requestId: event.requestId,
  address: event.address,
  hash: event.hash,
  decisions: event.target?.kind === 'user' ? { user: event.target.id, address: event.address ?? null } : null,
})

function answerEvents(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(securityEventsRoutes.list, async (c) => {
    const { practice } = c.req.valid('param')
    const { cursor, limit, ...filter } = c.req.valid('query')
    const before = numberIn(cursor)
    const found = await plane.store.read((rows) =>
      listEvents(rows, { practice, ...filter }, { before, countMax: limit + 1 }),
    )
    const shown = found.slice(0, limit)
    const last = shown.at(-1)
    const nextCursor = found.length > limit && last !== undefined ? String(last.seq) : null
    return c.json({ events: shown.map(eventAnswer), nextCursor }, 200)
  })
  app.openapi(securityEventsRoutes.verify, async (c) => {
    const { practice } = c.req.valid('param')
    const { ok, checked, brokenAt, why } = await verifyChain(plane.store, practice, plane.publicKey)
    return c.json({ intact: ok, events: checked, brokenAt, sentence: why, checkedAt: plane.now() }, 200)
  })
  app.openapi(securityEventsRoutes.exportAll, async (c) => {
    const { practice } = c.req.valid('param')
    const { format, ...filter } = c.req.valid('query')
    const deed = deedOf(c, plane, undefined)
    const { seq } = await plane.store.transaction((tx) =>
      appendEvent(tx, {
        ...deed,
        practice,
        action: 'events.exported',
        target: null,
        before: null,
        after: { format, ...filter },
      }),
    )
    const name = `security-events-${practice}-${new Date(deed.at).toISOString().slice(0, 10)}.${format}`
    return new Response(exportEvents(plane.store, { practice, ...filter }, format, seq), {
      headers: {
        'content-type': format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson',
        'content-disposition': `attachment; filename="${name}"`,
      },
    })
  })
}

function answerKeeping(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(securityEventsRoutes.actions, (c) => c.json({ actions: [...knownActions.values()] }, 200))
  app.openapi(securityEventsRoutes.chain, async (c) => {
    const { practice } = c.req.valid('param')
    const standing = await plane.store.read((rows) => readStanding(rows, practice))
    const streams = await plane.store.read((rows) => listStreams(rows, practice))
    return c.json({ ...standing, streams: [...streams] }, 200)
  })
  app.openapi(securityEventsRoutes.retention, async (c) => {
    const { practice } = c.req.valid('param')
    const retention = await plane.store.read((rows) => readRetention(rows, practice))
    c.header('etag', etagOf(retention.version))
    return c.json(retention, 200)
  })
  app.openapi(securityEventsRoutes.saveRetention, async (c) => {
    const { practice } = c.req.valid('param')
    const { reason, ...wish } = c.req.valid('json')
    if (wish.held && wish.heldWhy === '')
      throw invalid([
        { path: 'heldWhy', sentence: 'Say what the legal hold is for: it stands in the record.' },
      ])
    const from = revisionIn(c.req.valid('header')['if-match'])
    const deed = deedOf(c, plane, reason)
    const saved = await saveRetention(plane.store, { practice, from, deed, ...wish })
    if (saved.outcome === 'conflict')
      throw refusal('revision-conflict', 'Somebody else chose in between: load it again.', {
        current: saved.current.version,
      })
    c.header('etag', etagOf(saved.retention.version))
    return c.json(saved.retention, 200)
  })
}

function answerReport(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(securityEventsRoutes.accessReport, async (c) => {
    const { practice } = c.req.valid('param')
    const { month, user = null, format } = c.req.valid('query')
    const deed = deedOf(c, plane, undefined)
    const report = await plane.store.read((rows) =>
      readAccessReport(rows, { practice, month, user }, deed.at),
    )
    if (report === null) throw refusal('not-found', 'There is no such practice.')
    await plane.store.transaction((tx) =>
      appendEvent(tx, {
        ...deed,
        ...{ practice, action: 'access-report.made', target: null, before: null },
        after: { month, user, format },
      }),
    )
    if (format === 'json')
      return c.json(
        { ...report, people: report.people.map((one) => ({ ...one, addresses: [...one.addresses] })) },
        200,
      )
    return new Response(accessReportCsv(report), {
      headers: {
        'content-type': 'text/csv; charset=utf-8',
        'content-disposition': `attachment; filename="access-report-${practice}-${month}.csv"`,
      },
    })
  })
}

function answerDecisions(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(securityEventsRoutes.decisions, async (c) => {
    const { practice } = c.req.valid('param')
    const { cursor, limit, monitored, ...filter } = c.req.valid('query')
    const before = numberIn(cursor)
    const page = await plane.store.read((rows) =>
      listDecisions(
        rows,
        { practice, ...filter, monitored: monitored === undefined ? undefined : monitored === 'true' },
        { before, limit },
      ),
    )
    return c.json(page, 200)
  })
  app.openapi(securityEventsRoutes.decisionCounts, async (c) => {
    const { practice } = c.req.valid('param')
    const span = chartSpan(c.req.valid('query'))
    const counts = await plane.store.read((rows) => countDecisions(rows, practice, span))
    return c.json({ stepMs: span.stepMs, counts: [...counts] }, 200)
  })
  app.openapi(securityEventsRoutes.decision, async (c) => {
    const { practice, code } = c.req.valid('param')
    const found = await plane.store.read((rows) => findDecision(rows, practice, code, plane.now()))
    if (found === null) throw refusal('not-found', 'There is no refusal under this code in this practice.')
    return c.json(found, 200)
  })
}

/** Adds the answers. */
export function answerSecurityEvents(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  answerEvents(app, plane)
  answerKeeping(app, plane)
  answerReport(app, plane)
  answerDecisions(app, plane)
}
