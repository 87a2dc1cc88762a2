/**
 * One practice as the admin API would tell it: names, entries, sessions, events, made up once for all UI tests.
 *
 * Not a server (`canned-server.ts`). Invariant: every answer passes the contract's own schema, so that a page is
 * never proved against a shape that the API does not answer with.
 */

/** The instant at which the tests' browsers stand: 24 November 2026, 17:05 UTC. */
export const at = Date.UTC(2026, 10, 24, 17, 5)

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** Every permission of Gatehouse that the pages ask for. */
export const everyPermission = [
  'gw.security.view',
  'gw.security.settings.edit',
  'gw.ip.edit',
  'gw.time.edit',
  'gw.sessions.view',
  'gw.sessions.revoke',
  'gw.users.edit',
  'gw.roles.edit',
  'gw.events.view',
  'gw.events.export',
  'gw.requests.review',
  'gw.two-factor.view',
  'gw.two-factor.reset',
  'gw.tokens.edit',
]

/** Nora Owner, at an address that is listed as Office Network. */
export const me = {
  account: { login: 'nora', name: 'Nora Owner' },
  sealedCodesLeft: null,
  accountPage: 'https://desk.example.com/.gatehouse/account' as string | null,
  operator: false,
  csrf: 'token-of-the-test',
  endsAt: at + 8 * hour,
  seenAt: { address: '203.0.113.7', sentence: 'X-Forwarded-For, as added by 10.0.0.5' },
  practices: [
    {
      id: 'maple',
      name: 'Maple Dental',
      zone: 'America/Denver',
      permissions: everyPermission,
      address: { listed: true, label: 'Office Network' },
    },
    {
      id: 'harbor',
      name: 'Harbor Orthodontics',
      zone: 'America/New_York',
      permissions: everyPermission,
      address: { listed: false, label: null },
    },
  ],
}

/** A save that has come everywhere. */
export const everywhere = {
  sequence: 41,
  state: 'everywhere',
  active: 2,
  gateways: 2,
  savedAt: at - day,
  everywhereAfterMs: 38,
}

const everyone = { include: 'everyone', exempt: { roles: [], users: [] } }
const inScope = {
  count: 4,
  people: [
    { user: 'u-ada', name: 'Ada Dentist' },
    { user: 'u-fiona', name: 'Fiona Front' },
    { user: 'u-hugo', name: 'Hugo Hygienist' },
    { user: 'u-nora', name: 'Nora Owner' },
  ],
}

/** The controls: the allowlist in monitor mode, one person at an address that is not listed. */
export const general = {
  practice: { id: 'maple', name: 'Maple Dental', zone: 'America/Denver' },
  revision: 17,
  publish: everywhere,
  confirmation: null,
  named: [],
  controls: {
    ip: {
      mode: 'monitor',
      scope: everyone,
      signInOnlyFromListed: false,
      inScope,
      entries: 3,
      wouldRefuse: [{ user: 'u-hugo', name: 'Hugo Hygienist', address: '198.51.100.23' }],
    },
    time: { mode: 'off', scope: everyone, inScope, windows: 2, wouldRefuse: [] },
    twoFactor: {
      mode: 'off',
      scope: { include: { roles: ['owner'], users: [] }, exempt: { roles: [], users: [] } },
      graceMs: 7 * day,
      maxAgeMs: null,
      notFromListedNetworks: false,
      trust: { app: false, google: false },
      inScope: { count: 1, people: [{ user: 'u-nora', name: 'Nora Owner' }] },
      notSetUp: [{ user: 'u-nora', name: 'Nora Owner', until: null }],
    },
    permission: { mode: 'enforce', hiddenBlockers: true },
  },
  sessions: { idleMs: 2 * hour, absoluteMs: 12 * hour, concurrentMax: null, bindToNetwork: false },
  emergency: { allowed: false, lastsMs: hour },
  requests: { ip: true, time: true, standardMs: 30 * day, contact: '' },
  scheduled: [],
  signIn: { password: true, passkey: true, provider: true },
}

const entry = {
  audience: 'practice',
  audienceName: 'Whole practice',
  on: true,
  expiresAt: null,
  note: '',
  createdBy: 'Nora Owner',
  createdAt: at - 90 * day,
  lastMatchedAt: null,
  hits7d: 0,
  users30d: 0,
  state: 'on',
  stale: null,
  overlaps: [],
}

/** Three entries: the office, a role's range around it that is off, one person's home that expires. */
export const entries = [
  {
    ...entry,
    id: 'ipe-office',
    range: '203.0.113.0/24',
    label: 'Office Network',
    note: 'Fibre, fixed address since 2024',
    lastMatchedAt: at - 2 * minute,
    hits7d: 18_402,
    overlaps: [{ id: 'ipe-lab', label: 'Lab', relation: 'inside' }],
  },
  {
    ...entry,
    id: 'ipe-lab',
    range: '203.0.113.64/28',
    label: 'Lab',
    audience: { role: 'hygienist' },
    audienceName: 'Role Hygienist',
    on: false,
    lastMatchedAt: at - 12 * day,
    overlaps: [{ id: 'ipe-office', label: 'Office Network', relation: 'around' }],
  },
  {
    ...entry,
    id: 'ipe-home',
    range: '2001:db8:12:34::/64',
    label: "Ada's home",
    audience: { user: 'u-ada' },
    audienceName: 'Ada Dentist',
    expiresAt: at + 30 * day,
    lastMatchedAt: at - 5 * hour,
    hits7d: 211,
  },
]

/** What "add my current IP" shows. */
export const myAddress = {
  address: '203.0.113.7',
  sentence: 'X-Forwarded-For, as added by 10.0.0.5',
  range: '203.0.113.7/32',
  listed: true,
  label: 'Office Network',
}

const maple = { id: 'maple', name: 'Maple Dental' }
const session = {
  upstream: 'practice-app',
  method: 'app-password',
  factor: null,
  address: '203.0.113.7',
  firstAddress: '203.0.113.7',
  network: 'Office Network',
  device: 'Firefox on Windows',
  practices: [maple],
  startedAt: at - 3 * hour,
  lastSeenAt: at - 20_000,
  endsAt: at + 6 * hour,
  streams: 0,
  held: false,
  mine: false,
}
const person = { email: null, suspended: false, otherPractices: 0 }

/** Two people: Fiona with two sessions and another practice, Nora, who is the admin. */
export const activeUsers = [
  {
    ...person,
    user: 'u-fiona',
    name: 'Fiona Front',
    login: 'fiona.front@demo.test',
    email: 'fiona.front@demo.test',
    roles: ['front-desk'],
    otherPractices: 2,
    sessions: [
      { ...session, id: 's-fiona-1', streams: 2 },
      {
        ...session,
        id: 's-fiona-2',
        address: '198.51.100.23',
        network: null,
        device: 'Safari on iPhone',
        lastSeenAt: at - 11 * minute,
        startedAt: at - 26 * hour,
      },
    ],
  },
  {
    ...person,
    user: 'u-nora',
    name: 'Nora Owner',
    login: 'nora.owner@demo.test',
    roles: ['owner'],
    sessions: [
      {
        ...session,
        id: 's-nora',
        method: 'own-passkey',
        factor: { method: 'passkey', verifiedAt: at - 40 * minute },
        device: 'Chrome on macOS',
        practices: [maple, { id: 'harbor', name: 'Harbor Orthodontics' }],
        mine: true,
      },
    ],
  },
]

const member = { email: null, suspended: false, otherPractices: 0, alsoIn: [], sessions: 0, factors: [] }

/** Members. */
export const members = [
  { ...member, user: 'u-ada', name: 'Ada Dentist', login: 'ada', roles: ['dentist'], factors: ['passkey'] },
  {
    ...member,
    user: 'u-fiona',
    name: 'Fiona Front',
    login: 'fiona',
    roles: ['front-desk'],
    otherPractices: 2,
    sessions: 2,
  },
  { ...member, user: 'u-hugo', name: 'Hugo Hygienist', login: 'hugo', roles: ['hygienist'], suspended: true },
  { ...member, user: 'u-nora', name: 'Nora Owner', login: 'nora', roles: ['owner'], sessions: 1 },
]

const ownTimes = { idleMs: null, absoluteMs: null }

/** Roles with a few permissions. */
export const roles = [
  {
    ...ownTimes,
    id: 'owner',
    name: 'Owner',
    members: 1,
    included: ['view-schedule', 'edit-schedule'],
    blocked: [],
    available: [],
  },
  {
    ...ownTimes,
    id: 'dentist',
    name: 'Dentist',
    members: 1,
    included: ['view-schedule'],
    blocked: [{ id: 'edit-notes', by: ['view-notes'] }],
    available: [],
  },
  {
    ...ownTimes,
    id: 'front-desk',
    name: 'Front desk',
    members: 1,
    included: ['view-schedule'],
    blocked: [],
    available: [],
  },
  {
    ...ownTimes,
    id: 'hygienist',
    name: 'Hygienist',
    members: 1,
    included: [],
    blocked: [],
    available: ['view-schedule'],
  },
]

const event = {
  actor: { id: 'nora', name: 'Nora Owner' },
  origin: 'ui',
  reason: null,
  revision: null,
  requestId: 'r-1',
  address: '203.0.113.7',
  before: null,
  after: null,
  target: null,
  decisions: null,
  targetId: null,
}

/** Changes, newest first. */
export const events = [
  {
    ...event,
    number: 12,
    at: at - 4 * minute,
    type: 'control.ip.changed',
    target: 'Maple Dental',
    before: { 'controls.ip.mode': 'off' },
    after: { 'controls.ip.mode': 'monitor' },
    reason: 'Trying it out for a week',
    revision: 17,
    hash: 'b1946ac92492d2347c6235b4d2611184',
  },
  {
    ...event,
    number: 11,
    at: at - 2 * hour,
    type: 'ip-entry.added',
    target: "Ada's home",
    after: { range: '2001:db8:12:34::/64', audience: { user: 'u-ada' } },
    revision: 16,
    hash: '591785b794601e212b260e25925636fd',
  },
  {
    ...event,
    number: 10,
    at: at - day,
    type: 'session.revoked',
    target: 'Fiona Front',
    hash: '6f5902ac237024bdd0c176cb93063dc4',
  },
]

/** What the check of the chain found. */
export const chain = {
  intact: true,
  events: 12,
  brokenAt: null,
  sentence: 'All 12 events fit together.',
  checkedAt: at - minute,
}

/** One refusal, and one that monitor mode only recorded. */
export const decisions = [
  {
    code: 'GH-7QK2-M9XA',
    firstAt: at - 3 * minute,
    lastAt: at - 2 * minute,
    count: 4,
    monitored: false,
    user: { id: 'u-hugo', name: 'Hugo Hygienist' },
    address: '203.0.113.7',
    upstream: 'practice-app',
    method: 'GET',
    route: '/payments/:x',
    verdict: 'refuse',
    reason: 'permission-missing',
    control: 'permission',
    sentence: 'The role Hygienist does not have the permission view-payments.',
    revision: 17,
    failing: ['permission'],
  },
  {
    code: null,
    firstAt: at - 9 * minute,
    lastAt: at - 9 * minute,
    count: 1,
    monitored: true,
    user: { id: 'u-hugo', name: 'Hugo Hygienist' },
    address: '198.51.100.23',
    upstream: 'practice-app',
    method: 'GET',
    route: '/schedule',
    verdict: 'refuse',
    reason: 'address-not-listed',
    control: 'ip',
    sentence: '198.51.100.23 is in no entry that serves Hugo Hygienist.',
    revision: 17,
    failing: ['ip'],
  },
]
