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
export const operator = { ...me, operator: true, sealedCodesLeft: 3 }

const practice = '/api/practices/:practice'

/** The answers by route, for `canned-server.ts`. */
export const operations: Readonly<Record<string, unknown>> = {
  [`GET ${practice}/emergency-access`]: emergency,
  [`POST ${practice}/emergency-access/:id/end`]: { use: emergency.uses[0], sequence: 42 },
  [`POST ${practice}/emergency-access/:id/review`]: { use: emergency.uses[2], sequence: null },
  [`PUT ${practice}/controls/emergency`]: { revision: 18, sequence: 42 },
  'POST /api/me/sealed-codes': sealedCodes,
  'POST /api/me/sealed-codes/revoke': { voided: 3 },
  [`GET ${practice}/tokens`]: { tokens },
  [`POST ${practice}/tokens`]: tokenMade,
  [`POST ${practice}/tokens/:id/revoke`]: { listed: tokens[2], sequence: 42 },
  [`GET ${practice}/routes`]: routeTable,
  'GET /api/permissions': { permissions: [] },
}
