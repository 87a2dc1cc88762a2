/**
 * The access report of a practice and a month, a line a person: sign-ins, addresses, refusals, grants, changes made.
 *
 * It counts what is recorded (security events, and the decision log for refusals) and remembers nothing of its own. The
 * month is the practice's: from midnight to midnight on its wall. Invariant: whoever has a line did something or had
 * something done to them; refusals that are older than the decision log is kept are `null`, never 0.
 */
import { sql } from 'kysely'
import { dayMs, dayNumber } from '../policies/calendar.ts'
import type { Instant } from '../policies/instant.ts'
import { offsetAt } from '../policies/timetable-zone.ts'
import { csvCell } from './csv.ts'
import type { Rows } from './store/database.ts'
import { findZone } from './store/practices.ts'

/** One person's month. `signIns`: sessions opened or taken over; `changes`: what they changed as an admin or a user. */
export type PersonMonth = {
  readonly id: string
  readonly name: string
  readonly signIns: number
  readonly addresses: readonly string[]
  readonly firstAt: Instant | null
  readonly lastAt: Instant | null
  /** Refused requests; `null`: no longer recorded. */
  readonly refusals: number | null
  /** Approved requests for access. */
  readonly grants: number
  readonly secondFactors: number
  readonly failedFactors: number
  readonly changes: number
}

/** The report. `from` inclusive, `to` exclusive; `people` by name. */
export type AccessReport = {
  readonly practice: string
  readonly month: string
  readonly zone: string
  readonly from: Instant
  readonly to: Instant
  readonly people: readonly PersonMonth[]
}

const addressesMax = 50
/** As long as `jobs.ts` keeps refusals. */
const refusalsKeptMs = 90 * dayMs

const firstOf = (zone: string, year: number, month: number): Instant => {
  const local = dayNumber(year, month, 1) * dayMs
  const near = local - offsetAt(zone, local)
  return local - offsetAt(zone, near)
}

/** The first instants of a month (`2026-03`) and of the next one in a zone. */
export function monthIn(zone: string, month: string): { readonly from: Instant; readonly to: Instant } {
  const [year = 0, at = 1] = month.split('-').map(Number)
  return {
    from: firstOf(zone, year, at),
    to: at === 12 ? firstOf(zone, year + 1, 1) : firstOf(zone, year, at + 1),
  }
}

type Span = { readonly practice: string; readonly from: Instant; readonly to: Instant }

const countOf = (...actions: readonly string[]) =>
  sql<number>`count(*) filter (where action in (${sql.join(actions)}))`

/** What was recorded of each person as the one it was about. */
const countSubjects = (rows: Rows, { practice, from, to }: Span) =>
  rows
    .selectFrom('security_event')
    .select(['target_id as id', (eb) => eb.fn.max('target_name').as('name')])
    .select([
      countOf('session.opened', 'session.adopted').as('signIns'),
      countOf('access-request.approved').as('grants'),
      countOf('two-factor.verified').as('secondFactors'),
      countOf('two-factor.failed').as('failedFactors'),
      sql<number | null>`min(at) filter (where action like 'session.%')`.as('firstAt'),
      sql<number | null>`max(at) filter (where action like 'session.%')`.as('lastAt'),
      sql<
        string[] | null
      >`array_agg(distinct body::jsonb ->> 'address') filter (where action in ('session.opened', 'session.adopted'))`.as(
        'addresses',
      ),
    ])
    .where('practice', '=', practice)
    .where('at', '>=', from)
    .where('at', '<', to)
    .where('target_kind', '=', 'user')
    .where('target_id', 'is not', null)
    .groupBy('target_id')
    .execute()

/** What each person did to something other than themselves. */
const countActors = (rows: Rows, { practice, from, to }: Span) =>
  rows
    .selectFrom('security_event')
    .select([
      'actor_id as id',
      (eb) => eb.fn.max('actor_name').as('name'),
      (eb) => eb.fn.countAll<number>().as('changes'),
    ])
    .where('practice', '=', practice)
    .where('at', '>=', from)
    .where('at', '<', to)
    .where('actor_kind', 'in', ['user', 'admin', 'cli'])
    .where(sql<boolean>`target_id is distinct from actor_id`)
    .groupBy('actor_id')
    .execute()

const countRefusals = (rows: Rows, { practice, from, to }: Span) =>
  rows
    .selectFrom('decision_log as d')
    .leftJoin('app_user as u', 'u.id', 'd.user_id')
    .select(['d.user_id as id', (eb) => eb.fn.max('u.name').as('name')])
    .select((eb) => eb.fn.sum<string>('d.count').as('refusals'))
    .where('d.practice', '=', practice)
    .where('d.at', '>=', from)
    .where('d.at', '<', to)
    .where('d.monitored', '=', false)
    .where('d.user_id', 'is not', null)
    .groupBy('d.user_id')
    .execute()

const nothing = {
  ...{ signIns: 0, addresses: [], firstAt: null, lastAt: null, grants: 0, secondFactors: 0 },
  ...{ failedFactors: 0, changes: 0 },
} as const

/** The report of `month` (`2026-03`), of one person where `user` is given; `null`: there is no such practice. */
export async function readAccessReport(
  rows: Rows,
  wish: { readonly practice: string; readonly month: string; readonly user: string | null },
  now: Instant,
): Promise<AccessReport | null> {
  const zone = await findZone(rows, wish.practice)
  if (zone === null) return null
  const span: Span = { practice: wish.practice, ...monthIn(zone, wish.month) }
  const [subjects, actors, refused] = await Promise.all([
    countSubjects(rows, span),
    countActors(rows, span),
    countRefusals(rows, span),
  ])
  const refusals = span.from < now - refusalsKeptMs ? null : 0
  const people = new Map<string, PersonMonth>()
  const add = (id: string | null, name: string | null, counted: Partial<PersonMonth>): void => {
    if (id === null || (wish.user !== null && id !== wish.user)) return
    const before = people.get(id) ?? { id, name: name ?? id, refusals, ...nothing }
    people.set(id, { ...before, ...counted })
  }
  for (const { id, name, addresses, ...counted } of subjects)
    add(id, name, {
      ...counted,
      addresses: (addresses ?? []).filter((one) => one !== null).slice(0, addressesMax),
    })
  for (const { id, name, changes } of actors) add(id, name, { changes })
  for (const { id, name, refusals: count } of refused)
    add(id, name, { refusals: refusals === null ? null : Number(count) })
  const named = [...people.values()].sort((a, b) =>
    a.name === b.name ? (a.id < b.id ? -1 : 1) : a.name < b.name ? -1 : 1,
  )
  return { practice: wish.practice, month: wish.month, zone, from: span.from, to: span.to, people: named }
}

const columns: readonly (readonly [string, (person: PersonMonth, report: AccessReport) => unknown])[] = [
  ['practice', (_person, { practice }) => practice],
  ['month', (_person, { month }) => month],
  ['person', ({ name }) => name],
  ['id', ({ id }) => id],
  ['sign-ins', ({ signIns }) => signIns],
  ['first (UTC)', ({ firstAt }) => (firstAt === null ? '' : new Date(firstAt).toISOString())],
  ['last (UTC)', ({ lastAt }) => (lastAt === null ? '' : new Date(lastAt).toISOString())],
  ['addresses', ({ addresses }) => addresses.join(' ')],
  ['refusals', ({ refusals }) => refusals ?? 'no longer recorded'],
  ['access granted', ({ grants }) => grants],
  ['second factor proved', ({ secondFactors }) => secondFactors],
  ['second factor failed', ({ failedFactors }) => failedFactors],
  ['changes made', ({ changes }) => changes],
]

/** The report as CSV (RFC 4180) that a spreadsheet cannot run, a line a person. */
export const accessReportCsv = (report: AccessReport): string =>
  [
    columns.map(([name]) => name),
    ...report.people.map((person) => columns.map(([, read]) => read(person, report))),
  ]
    .map((cells) => `${cells.map(csvCell).join(',')}\r\n`)
    .join('')
