/**
 * What runs a practice as the admin API would tell it: emergency access, service tokens, who is told, practices, own
 * accounts, how events are kept.
 *
 * Not a server (`canned-server.ts`). Invariant: every answer passes the contract's own schema.
 */
import { at, me } from './canned-practice.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

const use = {
  user: { id: 'u-ada', name: 'Ada Dentist', login: 'ada' },
  address: '198.51.100.23',
  method: 'totp',
  endedBy: null as string | null,
  reviewedAt: null as number | null,
  reviewedBy: null as string | null,
  reviewNote: '',
}

/** Ada is in now, Fiona was last week and nobody looked, Hugo was and somebody did. */
export const emergency = {
  revision: 17,
  settings: { allowed: true, lastsMs: hour },
  unreviewed: 2,
  uses: [
    {
      ...use,
      ...{ id: 'eme-1', state: 'on', reason: 'Provider outage, patients are waiting' },
      ...{ startedAt: at - 18 * minute, endsAt: at + 42 * minute },
    },
    {
      ...use,
      ...{ id: 'eme-2', state: 'over', reason: 'Working from home, storm', endedBy: 'Nora Owner' },
      user: { id: 'u-fiona', name: 'Fiona Front', login: 'fiona' },
      ...{ startedAt: at - 7 * day, endsAt: at - 7 * day + 20 * minute },
    },
    {
      ...use,
      ...{ id: 'eme-3', state: 'over', reason: 'Broken router', reviewNote: 'Called back, true' },
      user: { id: 'u-hugo', name: 'Hugo Hygienist', login: 'hugo' },
      ...{ startedAt: at - 40 * day, endsAt: at - 40 * day + hour },
      ...{ reviewedAt: at - 39 * day, reviewedBy: 'Nora Owner' },
    },
  ],
  drill: { usedAt: at - 18 * minute, codeUsedAt: at - 300 * day, overrideAt: null },
}

/** Ten sealed codes, made up. */
export const sealedCodes = {
  codes: Array.from({ length: 10 }, (_, place) => `slc-AAAAAAA${place}-BBBBBBBBBBBBBBBBBBBBBB`),
}

const token = {
  owner: { id: 'u-nora', name: 'Nora Owner' },
  createdAt: at - 60 * day,
  createdBy: 'Nora Owner',
  revokedAt: null as number | null,
  revokedBy: null as string | null,
  lastUsedAt: null as number | null,
  lastAddress: null as string | null,
}

/** A narrow one at work, a wide one that ends soon, one that is revoked. */
export const tokens = [
  {
    ...token,
    ...{ id: 'tok-sync', name: 'Nightly sync', prefix: 'ght_AbCd', state: 'active' },
    routes: ['desk POST /api/sync', 'desk GET /api/patients'],
    methods: ['GET', 'POST'],
    ranges: ['203.0.113.50/32'],
    permissions: ['view-practice-management-data'],
    ...{ expiresAt: at + 200 * day, lastUsedAt: at - 9 * hour, lastAddress: '203.0.113.50' },
  },
  {
    ...token,
    ...{ id: 'tok-check', name: 'Monitoring', prefix: 'ght_Wide', state: 'active' },
    ...{ routes: 'anything', methods: 'anything', ranges: 'anywhere', permissions: [] as string[] },
    expiresAt: at + 6 * day,
  },
  {
    ...token,
    ...{ id: 'tok-old', name: 'Old phone system', prefix: 'ght_Gone', state: 'revoked' },
    ...{ routes: ['desk GET /api/patients'], methods: 'anything', ranges: 'anywhere' },
    permissions: [] as string[],
    ...{ expiresAt: at + 90 * day, revokedAt: at - 3 * day, revokedBy: 'Nora Owner' },
  },
]

/** A new token. */
export const tokenMade = { token: 'ght_shown-this-once', listed: tokens[0], sequence: 42 }

/** Two routes, with nothing unmapped. */
export const routeTable = {
  routes: ['desk GET /api/patients', 'desk POST /api/sync'].map((id) => ({
    ...{ id, class: 'staff', stepUp: null, any: [] as string[], all: [] as string[] },
  })),
  unmapped: [],
  yaml: [],
}

/** An operator, with three sealed codes left. */
export const operator = { ...me, operator: true, sealedCodesLeft: 3, accountPage: null }

/** The choice, with one webhook configured. */
export const notifications = {
  version: 3,
  settings: {
    mail: ['access-request.asked', 'policy.reverted'],
    webhooks: [{ name: 'chat', topics: ['access-request.asked'] }],
  },
  topics: ['access-request.asked', 'access-request.decided', 'access-request.reminder', 'policy.reverted'],
  mailGoesOut: true,
  webhooks: ['chat'],
}

const delivery = { webhook: 'chat', topic: 'access-request.asked', tries: 1 }

/** One of each state. */
export const deliveries = [
  {
    ...delivery,
    ...{ id: 'whk_3', topic: 'test', state: 'waiting', queuedAt: at - minute, tries: 0 },
    ...{ lastAt: null, lastAnswer: null },
  },
  {
    ...delivery,
    ...{ id: 'whk_2', state: 'delivered', queuedAt: at - 2 * hour, lastAt: at - 2 * hour, lastAnswer: '204' },
  },
  {
    ...delivery,
    ...{ id: 'whk_1', state: 'given-up', queuedAt: at - 2 * day, tries: 12, lastAt: at - day },
    lastAnswer: '410',
  },
]

/** A whole chain with a stream that is behind. */
export const standing = {
  events: 8_140,
  verified: {
    intact: true,
    to: 8_123,
    brokenAt: null,
    sentence: 'All events fit together.',
    at: at - 5 * hour,
  },
  checkpoint: { number: 8_100, at: at - 6 * hour },
  forgottenTo: 0,
  badge: 'verified to #8123',
  streams: [{ name: 'siem', takenTo: 8_120, takenAt: at - hour, lastError: '503' }],
}

/** The usual six years. */
export const retention = { years: 6, held: false, heldWhy: '', version: 2 }

const line = {
  ...{ zone: 'America/Denver', revision: 17, members: 4, lacks: [] as string[] },
  controls: { ip: 'monitor', time: 'off', twoFactor: 'off', permission: 'enforce' },
}

/** Sixty practices: the two of the account, and more than one page. */
export const practices = [
  ...Array.from({ length: 58 }, (_, place) => ({
    ...line,
    ...{ id: `clinic-${place + 1}`, name: `Clinic ${String(place + 1).padStart(2, '0')}`, members: 1_200 },
  })),
  { ...line, id: 'harbor', name: 'Harbor Orthodontics', lacks: ['time', 'permission'] },
  { ...line, id: 'maple', name: 'Maple Dental' },
]

const account = {
  ...{ practices: 'every', suspended: false, hasFactor: true, hasPassword: true, createdAt: at - 90 * day },
  ...{ lastSeenAt: at - hour, identity: null as object | null, sealedCodesLeft: 0, mine: false },
}

/** One's own, another operator's, one of a practice, an invited one. */
export const accounts = [
  {
    ...account,
    ...{ id: 'adm_eve', login: 'eve@example.com', name: 'Eve Invited', hasFactor: false, hasPassword: false },
    ...{ lastSeenAt: null, practices: { harbor: ['gw.security.view', 'gw.ip.edit'] } },
  },
  { ...account, id: 'adm_nora', login: 'nora', name: 'Nora Owner', sealedCodesLeft: 3, mine: true },
  {
    ...account,
    ...{ id: 'adm_otto', login: 'otto', name: 'Otto Operator', sealedCodesLeft: 10 },
    identity: { provider: 'google', subject: 'otto@example.com', linkedAt: at - 30 * 24 * hour },
  },
]

const inNow = {
  ...{ address: '203.0.113.7', device: 'Firefox on Windows', factor: 'totp', mine: false },
  ...{ createdAt: at - hour, lastSeenAt: at - minute, endsAt: at + 3 * hour },
}

/** One's own session, and one that showed no second factor. */
export const consoleSessions = [
  { ...inNow, id: 'ads_1', who: { kind: 'admin', id: 'adm_nora', name: 'Nora Owner' }, mine: true },
  { ...inNow, id: 'ads_2', who: { kind: 'user', id: 'u-ada', name: 'Ada Dentist' }, factor: null },
]

const features = [
  ...['ip', 'time', 'permission'].map((id) => ({ id, on: id !== 'time', always: false })),
  ...['two-factor', 'google'].map((id) => ({ id, on: true, always: true })),
]

/** A few of the catalogue's actions. */
export const actions = [
  { action: 'control.ip.changed', group: 'settings', meaning: 'The IP allowlist was switched.' },
  { action: 'ip-entry.added', group: 'addresses', meaning: 'An entry was added to the IP allowlist.' },
]

const none = { permitted: 0, refused: 0, challenged: 0, unavailable: 0, monitored: 0 }

/** A week in steps of three hours: a quiet one with two busy mornings. */
export const decisionCounts = {
  stepMs: 3 * hour,
  counts: Array.from({ length: 56 }, (_, step) => ({
    ...{ ...none, at: at - 7 * day + step * 3 * hour },
    // Of eight steps a day, three are of the hours in which people work.
    permitted: [2, 3, 4].includes(step % 8) ? 240 + 60 * (step % 8) - 4 * step : 0,
    ...(step === 20 ? { refused: 12, challenged: 3, monitored: 4 } : {}),
    ...(step === 44 ? { refused: 30, unavailable: 2, monitored: 9 } : {}),
    ...(step % 7 === 3 ? { monitored: 2 } : {}),
  })),
}

const saved = { revision: 18, sequence: 42 }
const done = { done: true }
const link = { id: 'adm_new', link: '/set-password?link=shown-this-once' }
const practice = '/api/practices/:practice'

/** The answers by route, for `canned-server.ts`. */
export const operations: Readonly<Record<string, unknown>> = {
  [`POST ${practice}/emergency-access/:id/end`]: { use: emergency.uses[0], sequence: 42 },
  [`POST ${practice}/emergency-access/:id/review`]: { use: emergency.uses[2], sequence: null },
  [`PUT ${practice}/controls/emergency`]: saved,
  'POST /api/me/sealed-codes': sealedCodes,
  'POST /api/me/sealed-codes/revoke': { voided: 3 },
  [`GET ${practice}/tokens`]: { tokens },
  [`POST ${practice}/tokens`]: tokenMade,
  [`POST ${practice}/tokens/:id/revoke`]: { listed: tokens[2], sequence: 42 },
  [`GET ${practice}/notifications`]: notifications,
  [`PUT ${practice}/notifications`]: { version: 4 },
  [`POST ${practice}/notifications/test`]: { to: 'the webhook chat' },
  [`GET ${practice}/webhook-deliveries`]: { deliveries, nextCursor: null },
  [`GET ${practice}/security-events/chain`]: standing,
  [`GET ${practice}/security-events/actions`]: { actions },
  [`GET ${practice}/decisions/counts`]: decisionCounts,
  [`GET ${practice}/security-events/retention`]: retention,
  [`PUT ${practice}/security-events/retention`]: { ...retention, years: 10, version: 3 },
  'GET /api/practices': { practices },
  'POST /api/practices': { id: 'seaside-dental', revision: 1 },
  [`PATCH ${practice}`]: saved,
  [`GET ${practice}/features`]: { features },
  [`PUT ${practice}/features/:feature`]: saved,
  'GET /api/admins': { accounts },
  'POST /api/admins': link,
  'PUT /api/admins/:id': done,
  'DELETE /api/admins/:id': done,
  'POST /api/admins/:id/reset': link,
  'PUT /api/admins/:id/identity': done,
  'DELETE /api/admins/:id/identity': done,
  'GET /api/admin-sessions': { sessions: consoleSessions },
  'POST /api/admin-sessions/:id/end': done,
}
