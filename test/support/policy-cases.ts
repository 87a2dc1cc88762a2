/**
 * Small worlds for properties of the policy engine: documents, members, subjects, requests, instants.
 *
 * Not examples to read. Invariant: the universe is small on purpose (few addresses, roles and days), so that
 * coincidences happen: an address listed twice, a grant that ends as a window begins. Refused: arbitrary text.
 */
import fc from 'fast-check'
import type {
  AccessRequest,
  AccessSubject,
  FactorMethod,
  Grant,
  Member,
  ServiceToken,
  Session,
} from '../../policies/access-request.ts'
import { type Address, parseAddress } from '../../policies/address.ts'
import { compile } from '../../policies/compile.ts'
import type { Audience, PolicyDocument, Scope, TimeException, TimeWindow } from '../../policies/document.ts'
import { type Instant, never } from '../../policies/instant.ts'
import { parseRoutes, type RouteRule } from '../../policies/routes.ts'
import { loadSnapshot, type PolicySnapshot } from '../../policies/snapshot.ts'
import { newDocument } from '../../policies/standard-roles.ts'

/** Sunday 2026-10-25T00:00Z: within two hours of the end of summer time in Europe. */
export const base: Instant = Date.UTC(2026, 9, 25)

const hourMs = 3_600_000
const roleIds = ['owner', 'front-desk', 'hygienist', 'unassigned'] as const
const userIds = ['anna', 'ben'] as const
const ranges = ['203.0.113.0/24', '203.0.113.9/32', '198.51.100.0/28', '2001:db8::/48', '2001:db8:0:1::/64']

/** The address of a text that is one. */
export const addressOf = (text: string): Address => {
  const address = parseAddress(text)
  if (address === null) throw new Error(`${text} is no address`)
  return address
}

const addresses = [
  '203.0.113.9',
  '203.0.113.10',
  '198.51.100.3',
  '192.0.2.1',
  '2001:db8:0:1::5',
  '2001:db9::1',
].map(addressOf)

const rules: readonly RouteRule[] = [
  { match: '* /public/**', class: 'public' },
  { match: 'POST /login', class: 'login' },
  { match: 'GET /choose', class: 'picker' },
  { match: 'GET /poll', class: 'background' },
  { match: 'GET /schedule', any: ['see-schedule-page', 'see-huddle-dashboard'] },
  { match: 'POST /refunds', all: ['can-see-payment-methods', 'manage-refunds'], stepUp: 'money' },
  { match: 'GET /patients/:id', any: ['view-patient-window'], stepUp: 'unknown-group' },
]

const parsedRoutes = parseRoutes('app', rules, 'deny')
if (!parsedRoutes.ok) throw new Error(JSON.stringify(parsedRoutes.problems))

/** The routes of every small world. */
export const routes = parsedRoutes.table.requirements

/** Instants from a day before `base` to twelve days after, often on the hour, often one off it. */
export const instants: fc.Arbitrary<Instant> = fc
  .tuple(fc.integer({ min: -24, max: 290 }), fc.constantFrom(0, 0, -1, 1, 1_234_567))
  .map(([hours, off]) => base + hours * hourMs + off)

const deadlines = fc.oneof(fc.constant(never), instants)
const modes = fc.constantFrom('off', 'monitor', 'enforce', 'enforce') as fc.Arbitrary<
  'off' | 'monitor' | 'enforce'
>

const audiences: fc.Arbitrary<Audience> = fc.oneof(
  fc.constant<Audience>('practice'),
  fc.constantFrom(...roleIds).map((role) => ({ role })),
  fc.constantFrom(...userIds).map((user) => ({ user })),
)

const scopes: fc.Arbitrary<Scope> = fc.record({
  include: fc.oneof(
    fc.constant<'everyone'>('everyone'),
    fc.record({
      roles: fc.uniqueArray(fc.constantFrom<string>(...roleIds), { minLength: 1 }),
      users: fc.uniqueArray(fc.constantFrom<string>(...userIds)),
    }),
  ),
  exempt: fc.oneof(
    { weight: 3, arbitrary: fc.constant<Scope['exempt']>({ roles: [], users: [] }) },
    fc.record({
      roles: fc.uniqueArray(fc.constantFrom<string>(...roleIds)),
      users: fc.uniqueArray(fc.constantFrom<string>(...userIds)),
    }),
  ),
})

const clocks = fc.constantFrom('00:00', '01:30', '02:30', '08:00', '12:00', '17:00', '22:00')
const days = fc.uniqueArray(fc.constantFrom('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'), {
  minLength: 1,
})

/** A weekly window, its id to be given. */
export const windows: fc.Arbitrary<Omit<TimeWindow, 'id'>> = fc
  .record({
    label: fc.constant(null),
    audience: audiences,
    days: days as fc.Arbitrary<TimeWindow['days']>,
    start: clocks,
    end: fc.oneof(clocks, fc.constant('24:00')),
    zone: fc.constantFrom(null, 'Australia/Lord_Howe', 'America/Havana'),
    validFrom: fc.constantFrom(null, '2026-10-26'),
    validTo: fc.constantFrom(null, '2026-10-29'),
    insteadOfRoleHours: fc.boolean(),
  })
  .filter(({ start, end }) => start !== end)
  .map((window) => ({
    ...window,
    insteadOfRoleHours:
      window.insteadOfRoleHours && window.audience !== 'practice' && 'user' in window.audience,
  }))

/** A closure or opening, its id to be given. */
export const exceptions: fc.Arbitrary<Omit<TimeException, 'id'>> = fc
  .record({
    label: fc.constant('Exception'),
    kind: fc.constantFrom('closure', 'opening') as fc.Arbitrary<TimeException['kind']>,
    from: fc.constantFrom('2026-10-25', '2026-10-27'),
    to: fc.constantFrom('2026-10-27', '2026-10-30'),
    start: clocks,
    end: fc.oneof(clocks, fc.constant('24:00')),
    audience: audiences,
  })
  .filter(({ start, end }) => start !== end)

const withIds = <T>(items: readonly T[]): (T & { readonly id: string })[] =>
  items.map((item, at) => ({ ...item, id: `i${at}` }))

const entries = fc.array(
  fc.record({
    range: fc.constantFrom(...ranges),
    audience: audiences,
    on: fc.boolean(),
    expiresAt: fc.oneof(fc.constant(null), instants),
  }),
  { maxLength: 12 },
)

/** Documents that compile. */
export const documents: fc.Arbitrary<PolicyDocument> = fc
  .record({
    modes: fc.tuple(modes, modes, modes, modes),
    scopes: fc.tuple(scopes, scopes, scopes),
    entries,
    windows: fc.array(windows, { maxLength: 4 }),
    exceptions: fc.array(exceptions, { maxLength: 3 }),
    flags: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean()),
    idleMs: fc.constantFrom(hourMs, 300 * hourMs),
    roleIdleMs: fc.constantFrom(null, 2 * hourMs),
    maxAgeMs: fc.constantFrom(null, 5 * hourMs),
    rememberDeviceMs: fc.constantFrom(0, 24 * hourMs),
    zone: fc.constantFrom('Europe/Berlin', 'America/Denver', 'Asia/Kathmandu'),
  })
  .map((given) => {
    const document = newDocument({ id: 'oak', name: 'Oak Dental', zone: given.zone }, 'standard')
    const { ip, time, twoFactor, permission } = document.controls
    ;[ip.mode, time.mode, twoFactor.mode, permission.mode] = given.modes
    ;[ip.scope, time.scope, twoFactor.scope] = given.scopes
    const [notFromListed, app, bind, hidden, phishingResistant] = given.flags
    twoFactor.notFromListedNetworks = notFromListed
    twoFactor.trust.app = app
    twoFactor.maxAgeMs = given.maxAgeMs
    twoFactor.rememberDeviceMs = given.rememberDeviceMs
    permission.hiddenBlockers = hidden
    document.sessions.bindToNetwork = bind
    document.sessions.idleMs = given.idleMs
    document.sessions.absoluteMs = 200 * hourMs
    document.stepUp['money'] = { maxAgeMs: hourMs, phishingResistant }
    document.roles[2]!.idleMs = given.roleIdleMs
    const listed = given.entries.length > 0 ? given.entries : [{ ...spareEntry }]
    if (ip.mode !== 'off') listed[0]!.on = true
    document.ipEntries = withIds(listed).map((entry) => ({
      ...entry,
      label: `Entry ${entry.id}`,
      ...entryRest,
    }))
    document.timeWindows = withIds([...given.windows, ...(given.windows.length > 0 ? [spareWindow] : [])])
    document.exceptions = withIds(given.exceptions)
    if (document.timeWindows.length === 0) time.mode = 'off'
    return document
  })

const spareEntry = { range: '203.0.113.0/24', audience: 'practice' as Audience, on: true, expiresAt: null }
const entryRest = { note: '', createdBy: 'test', createdAt: 0 }
const spareWindow: Omit<TimeWindow, 'id'> = {
  label: 'Everyone on Wednesday',
  audience: 'practice',
  days: ['wed'],
  start: '09:00',
  end: '11:00',
  zone: null,
  validFrom: null,
  validTo: null,
  insteadOfRoleHours: false,
}

/** The snapshot of a document that compiles, as of `base`. */
export const snapshotOf = (document: PolicyDocument, at: Instant = base): PolicySnapshot => {
  const compiled = compile(document, at)
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
  return loadSnapshot(compiled.value, 7, routes)
}

const grants: fc.Arbitrary<Grant> = fc.record({
  id: fc.constant('g1'),
  kind: fc.constantFrom('ip', 'time', 'break-glass') as fc.Arbitrary<Grant['kind']>,
  range: fc.constantFrom('192.0.2.0/24', '203.0.113.9/32', 'nonsense', null),
  startsAt: instants,
  endsAt: deadlines,
})

const factorMethods: fc.Arbitrary<FactorMethod> = fc.constantFrom('sms', 'app', 'google', 'totp', 'passkey')

/** Members of the practice. */
export const members: fc.Arbitrary<Member> = fc.record({
  user: fc.constantFrom(...userIds),
  name: fc.constant('Anna'),
  login: fc.constant('anna'),
  email: fc.constant(null),
  roles: fc.uniqueArray(fc.constantFrom(...roleIds, 'gone'), { maxLength: 3 }),
  suspended: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
  epoch: fc.constantFrom(0, 0, 0, 1),
  factors: fc.uniqueArray(factorMethods, { maxLength: 2 }),
  enrolBy: fc.oneof(fc.constant(null), instants),
  grants: fc.array(grants, { maxLength: 3 }),
})

const usually = (value: boolean): fc.Arbitrary<boolean> =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(value) }, fc.constant(!value))

/** Sessions of such members, sometimes of nobody. */
export const sessions: fc.Arbitrary<Session> = fc
  .record({
    member: fc.oneof({ weight: 9, arbitrary: members }, fc.constant(null)),
    epoch: fc.constantFrom(0, 1, 1),
    held: usually(false),
    ended: usually(false),
    startedAt: instants,
    lastSeenAt: instants,
    factor: fc.oneof(
      { weight: 3, arbitrary: fc.record({ method: factorMethods, verifiedAt: instants }) },
      fc.constant(null),
    ),
    deviceTrustedUntil: fc.oneof(fc.constant(null), instants),
    boundTo: fc.constantFrom(null, null, '203.0.113.9/32', '2001:db8:0:1::/64', 'nonsense'),
  })
  .map((given) => ({ ...given, kind: 'session', id: 's1', user: given.member?.user ?? 'anna' }))

const tokens: fc.Arbitrary<ServiceToken> = fc.record({
  kind: fc.constant('token'),
  id: fc.constant('t1'),
  practice: fc.constantFrom('oak', 'oak', 'elm'),
  routes: fc.constantFrom<ServiceToken['routes']>('anything', ['app GET /schedule']),
  methods: fc.constantFrom<ServiceToken['methods']>('anything', ['GET']),
  ranges: fc.constantFrom<ServiceToken['ranges']>('anywhere', ['203.0.113.0/24', 'nonsense'], []),
  permissions: fc.constantFrom([], ['see-schedule-page'], ['manage-refunds', 'can-see-payment-methods']),
  revoked: usually(false),
  expiresAt: instants,
})

const subjects: fc.Arbitrary<AccessSubject> = fc.oneof(
  { weight: 12, arbitrary: sessions },
  { weight: 3, arbitrary: tokens },
  fc.constantFrom<AccessSubject>('anonymous', 'indeterminate'),
)

/** Questions to ask. */
export const requests: fc.Arbitrary<AccessRequest> = fc.record({
  method: fc.constantFrom('GET', 'POST'),
  route: fc.constantFrom(...routes.keys(), 'app GET /never-heard-of'),
  address: fc.constantFrom(...addresses),
  practice: fc.constantFrom('oak', 'oak', 'oak', 'oak', 'elm'),
  subject: subjects,
})
