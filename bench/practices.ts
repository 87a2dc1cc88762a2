/**
 * Practices to measure: as many entries, routes, windows and roles as asked for, and requests that all pass.
 *
 * Not a model of a real practice, and no chance in it: the same numbers give the same practice. Invariant: every control
 * is enforced and every request is a full permit, the dearest answer there is, since no gate is left out.
 * Requests by one person from one address were refused: they would flatter every cache and branch predictor.
 */
import type { AccessRequest, Member, Session } from '../policies/access-request.ts'
import { parseAddress } from '../policies/address.ts'
import { type CompiledPolicy, compile } from '../policies/compile.ts'
import { decide } from '../policies/decide.ts'
import type { Audience, PolicyDocument, TimeWindow } from '../policies/document.ts'
import type { Instant } from '../policies/instant.ts'
import { parseRoutes, type RouteRule, type RouteTable } from '../policies/routes.ts'
import { loadSnapshot, type PolicySnapshot } from '../policies/snapshot.ts'
import { newDocument } from '../policies/standard-roles.ts'

/** How large a practice is. `rolesEach`: of how many roles each member is; `windows`: of each audience that has some. */
export type Size = {
  readonly entries: number
  readonly routes: number
  readonly windows: number
  readonly roles: number
  readonly rolesEach: number
}

/** The practice that the target of 500 ns is set for. */
export const targetSize: Size = { entries: 1_000, routes: 200, windows: 5, roles: 10, rolesEach: 2 }

/** One question with its instant, and the path it came by. */
export type Asking = { readonly request: AccessRequest; readonly at: Instant; readonly path: string }

/** A practice ready to be asked. */
export type BenchPractice = {
  readonly document: PolicyDocument
  readonly compiled: CompiledPolicy
  readonly snapshot: PolicySnapshot
  readonly table: RouteTable
  /** 512 of them, by 64 people, a minute apart. */
  readonly askings: readonly Asking[]
}

/** Monday 2026-11-23, 08:00 in Denver. */
const opening: Instant = Date.UTC(2026, 10, 23, 15)
const askingsCount = 512
const users = 64
const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
const permissions = ['see-schedule-page', 'view-patient-window', 'use-patient-search']

const audienceOf = (at: number, roles: number): Audience => {
  if (at % 4 === 1) return { role: `role-${at % roles}` }
  return at % 16 === 2 ? { user: `user-${at % users}` } : 'practice'
}

const entriesOf = ({ entries, roles }: Size): PolicyDocument['ipEntries'] =>
  Array.from({ length: entries }, (_, at) => ({
    id: `entry-${at}`,
    // Spread over the space; every eighth is of IPv6. The first is the office that everyone may come from.
    range:
      at % 8 === 7
        ? `2001:db8:${(at >>> 8).toString(16)}:${((at & 255) << 8).toString(16)}::/64`
        : `${11 + ((at * 7) % 180)}.${(at >>> 10) & 255}.${(at >>> 2) & 255}.${(at * 61) & 255}/32`,
    label: `Network ${at}`,
    audience: at % 8 === 0 || at % 8 === 7 ? 'practice' : audienceOf(at, roles),
    on: true,
    expiresAt: null,
    note: '',
    createdBy: 'bench',
    createdAt: 0,
  }))

/** Windows of one audience that together cover the working day, with a break where there are two a day. */
const windowsOf = (audience: Audience, count: number, name: string): TimeWindow[] =>
  Array.from({ length: count }, (_, at) => ({
    id: `${name}-${at}`,
    label: null,
    audience,
    days: [days[at % 7] ?? 'mon'],
    start: at < 7 ? '06:00' : `0${at % 6}:${String(at % 60).padStart(2, '0')}`,
    end: at < 7 ? '20:00' : `0${at % 6}:59`,
    zone: null,
    validFrom: null,
    validTo: null,
    insteadOfRoleHours: false,
  })).filter(({ start, end }) => start !== end)

const documentOf = (size: Size): PolicyDocument => {
  const roles = Array.from({ length: size.roles }, (_, at) => ({
    id: `role-${at}`,
    name: `Role ${at}`,
    permissions: at % 2 === 0 ? permissions : permissions.slice(1).concat('see-schedule-page'),
    idleMs: null,
    absoluteMs: null,
  }))
  const document = newDocument({ id: 'bench', name: 'Bench Dental', zone: 'America/Denver' }, roles)
  const { ip, time, twoFactor, permission } = document.controls
  ip.mode = size.entries === 0 ? 'off' : 'enforce'
  time.mode = size.windows === 0 ? 'off' : 'enforce'
  twoFactor.mode = 'enforce'
  twoFactor.maxAgeMs = 12 * 3_600_000
  permission.mode = 'enforce'
  document.ipEntries = entriesOf(size)
  document.timeWindows = windowsOf('practice', size.windows, 'practice')
  for (const { id } of roles.slice(0, 5))
    document.timeWindows.push(...windowsOf({ role: id }, size.windows, id))
  for (let user = 0; user < users; user += 8) {
    const id = `user-${user}`
    document.timeWindows.push(...windowsOf({ user: id }, Math.min(size.windows, 10), id))
  }
  if (size.windows > 0) {
    document.exceptions.push({
      id: 'christmas',
      label: 'Christmas',
      kind: 'closure',
      from: '2026-12-24',
      to: '2026-12-26',
      start: '00:00',
      end: '24:00',
      audience: 'practice',
    })
  }
  return document
}

const tableOf = (routes: number): RouteTable => {
  const rules = Array.from({ length: routes }, (_, at): RouteRule => {
    const any = [permissions[at % permissions.length] ?? '']
    return { match: `${at % 3 === 2 ? 'POST' : 'GET'} /area-${at % 20}/page-${at}/:id`, any }
  })
  const parsed = parseRoutes('app', rules)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.table
}

const memberOf = (user: number, { roles, rolesEach }: Size): Member => ({
  user: `user-${user}`,
  name: `User ${user}`,
  login: `user${user}@example.com`,
  email: null,
  roles: Array.from({ length: rolesEach }, (_, at) => `role-${(user + at) % roles}`),
  suspended: false,
  epoch: 0,
  factors: ['totp'],
  enrolBy: null,
  grants: [],
})

const sessionOf = (member: Member): Session => ({
  kind: 'session',
  id: `session-${member.user}`,
  user: member.user,
  member,
  epoch: 0,
  held: false,
  ended: false,
  startedAt: opening - 3_600_000,
  lastSeenAt: opening - 1_000,
  factor: { method: 'totp', verifiedAt: opening - 3_600_000 },
  deviceTrustedUntil: null,
  boundTo: null,
})

const askingsOf = (document: PolicyDocument, size: Size, table: RouteTable): readonly Asking[] => {
  const shared = document.ipEntries.filter(({ audience }) => audience === 'practice')
  const sessions = Array.from({ length: users }, (_, user) => sessionOf(memberOf(user, size)))
  return Array.from({ length: askingsCount }, (_, number) => {
    const route = (number * 37) % size.routes
    const path = `/area-${route % 20}/page-${route}/${number}`
    const method = route % 3 === 2 ? 'POST' : 'GET'
    const range = shared[(number * 13) % shared.length]?.range ?? '192.0.2.1/32'
    const address = parseAddress(range.split('/')[0] ?? '')
    const subject = sessions[number % users]
    if (address === null || subject === undefined) throw new Error('invariant: there are both')
    const { id } = table.find(method, 'app.example', path)
    const request: AccessRequest = { method, route: id, address, practice: 'bench', subject }
    return { request, at: opening + number * 60_000, path }
  })
}

/** The practice of that size. Throws unless each of its requests is permitted. */
export const practiceOf = (size: Size): BenchPractice => {
  const document = documentOf(size)
  const compiled = compile(document, opening)
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems.slice(0, 3)))
  const table = tableOf(size.routes)
  const snapshot = loadSnapshot(compiled.value, 1, table.requirements)
  const askings = askingsOf(document, size, table)
  for (const { request, at } of askings) {
    const { reason } = decide(snapshot, request, at)
    if (reason !== 'ok') throw new Error(`invariant: every request of the bench passes, not ${reason}`)
  }
  return { document, compiled: compiled.value, snapshot, table, askings }
}
