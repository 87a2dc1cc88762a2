/**
 * Whom the 2FA Management tab finds: filtered, sorted, each with why a second factor is required of them; and as a file.
 *
 * What state somebody is in is `admin/two-factor/statuses.ts`; pages and events are the answers'. Invariant: why it is
 * required is told only of those whom the gates would ask, so the words never disagree with what happens; the file and
 * the list find the same people. A report kept in a table was refused: it would be wrong by the next sign-in.
 */
import type { z } from '@hono/zod-openapi'
import type { Member } from '../../policies/access-request.ts'
import type { Instant } from '../../policies/instant.ts'
import { csvLine } from '../csv.ts'
import { type FactorStatus, listFactorStatuses } from '../two-factor/statuses.ts'
import type { ApiPlane } from './api-plane.ts'
import type { twoFactorRoutes } from './contract/two-factor.ts'
import { mentions } from './paging.ts'
import { concerns, type PolicyView } from './policy-views.ts'

type Query = Omit<z.output<typeof twoFactorRoutes.report.request.query>, 'format'>

/** By which part of the scope somebody has to have a second factor; `null`: they do not have to, as while it is monitored. */
function requiredBy({ document, snapshot }: PolicyView, status: FactorStatus) {
  const { mode, scope } = document.controls.twoFactor
  const member: Member = {
    ...{ user: status.user, name: status.name, login: status.login, roles: status.roles, email: null },
    ...{ suspended: false, epoch: 0 },
    ...{ factors: [], enrolBy: null, grants: [] },
  }
  if (mode !== 'enforce' || !concerns(snapshot, member, 'two-factor')) return null
  if (scope.include === 'everyone') return { everyone: true, roles: [], named: false }
  const { roles, users } = scope.include
  const inScope = roles.filter((id) => member.roles.includes(id) && !scope.exempt.roles.includes(id))
  return {
    everyone: false,
    roles: inScope.map((id) => document.roles.find((role) => role.id === id)?.name ?? id),
    named: users.includes(member.user),
  }
}

function countsOf(statuses: readonly FactorStatus[]) {
  const counts = {
    off: 0,
    optional: 0,
    enabled: 0,
    'required-enabled': 0,
    'required-not-set-up': 0,
    locked: 0,
  }
  for (const { status } of statuses) counts[status] += 1
  return counts
}

const passes = (one: FactorStatus, query: Query): boolean =>
  (query.status === undefined || one.status === query.status) &&
  (query.method === undefined || one.methods.includes(query.method)) &&
  (query.gaps === undefined || one.gaps.length > 0) &&
  (query.verifiedBefore === undefined ||
    one.lastVerifiedAt === null ||
    one.lastVerifiedAt < query.verifiedBefore) &&
  mentions(query.text, [one.name, one.login])

/** The states from the one that wants attention first. */
const urgency: readonly FactorStatus['status'][] = [
  'required-not-set-up',
  'locked',
  'required-enabled',
  'enabled',
  'optional',
  'off',
]

const orders: Readonly<
  Record<Exclude<Query['sort'], 'name' | undefined>, (a: FactorStatus, b: FactorStatus) => number>
> = {
  status: (a, b) => urgency.indexOf(a.status) - urgency.indexOf(b.status),
  // Whom no time is running for come after all others.
  deadline: (a, b) => (a.deadline ?? Infinity) - (b.deadline ?? Infinity) || 0,
  verified: (a, b) => (a.lastVerifiedAt ?? 0) - (b.lastVerifiedAt ?? 0),
}

/** Sorted as asked; people whom the order calls equal stay in the order of their names. */
function sorted(found: readonly FactorStatus[], { sort, order }: Query): readonly FactorStatus[] {
  const ordered = sort === undefined || sort === 'name' ? [...found] : [...found].sort(orders[sort])
  return order === 'desc' ? ordered.reverse() : ordered
}

/**
 * The people of a practice whom the query means, in its order, with the practice's name, the members version and how
 * many are in each state whatever the query. Refuses an unknown practice.
 */
export async function findPeople(plane: ApiPlane, practice: string, query: Query) {
  const view = await plane.views.read(practice)
  const at = plane.now()
  const { version, members } = await plane.views.people(practice)
  const statuses = await plane.store.read((rows) =>
    listFactorStatuses(rows, { document: view.document, members }, at),
  )
  const found = statuses.filter((one) => passes(one, query))
  return {
    version,
    name: view.document.practice.name,
    counts: countsOf(statuses),
    people: sorted(found, query).map((one) => ({
      user: one.user,
      name: one.name,
      login: one.login,
      roles: [...one.roles],
      status: one.status,
      methods: [...one.methods],
      deadline: one.deadline,
      lastVerifiedAt: one.lastVerifiedAt,
      enrolledAt: one.enrolledAt,
      recoveryCodesLeft: one.recoveryCodesLeft,
      lockedUntil: one.lockedUntil,
      source: one.source,
      gaps: [...one.gaps],
      requiredBy: requiredBy(view, one),
    })),
  }
}

type Person = Awaited<ReturnType<typeof findPeople>>['people'][number]

const utc = (instant: Instant | null): string => (instant === null ? '' : new Date(instant).toISOString())

function whyOf({ requiredBy: why }: Person): string {
  if (why === null) return ''
  if (why.everyone) return 'everyone'
  return [...why.roles, ...(why.named ? ['by name'] : [])].join('; ')
}

const columns: readonly (readonly [string, (person: Person) => string | number])[] = [
  ['login', ({ login }) => login],
  ['name', ({ name }) => name],
  ['roles', ({ roles }) => roles.join('; ')],
  ['status', ({ status }) => status],
  ['required by', whyOf],
  ['missing', ({ gaps }) => gaps.join('; ')],
  ['deadline', ({ deadline }) => utc(deadline)],
  ['locked until', ({ lockedUntil }) => utc(lockedUntil)],
  ['methods', ({ methods }) => methods.join('; ')],
  ['kept by', ({ source }) => source ?? ''],
  ['last verified', ({ lastVerifiedAt }) => utc(lastVerifiedAt)],
  ['set up', ({ enrolledAt }) => utc(enrolledAt)],
  ['recovery codes left', ({ recoveryCodesLeft }) => recoveryCodesLeft],
]

/** People as CSV (RFC 4180), instants in UTC (RFC 3339), the first line naming the columns. */
export const factorReportCsv = (people: readonly Person[]): string =>
  [columns.map(([name]) => name), ...people.map((person) => columns.map(([, read]) => read(person)))]
    .map(csvLine)
    .join('')
