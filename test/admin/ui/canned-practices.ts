/**
 * Practices as operators run them: how one is recognised, what retiring it would end, and one that left.
 *
 * Not a server (`canned-server.ts`). Invariant: every answer passes the contract's own schema.
 */
import { at } from './canned-practice.ts'

const day = 24 * 3_600_000
const practice = '/api/practices/:practice'

/** Two hosts, and a cookie that names whichever practice somebody is in. */
export const sources = {
  sources: [
    { upstream: 'desk', kind: 'host', value: 'maple.example.com' },
    { upstream: 'desk', kind: 'host', value: 'www.maple.example.com' },
    { upstream: 'desk', kind: 'cookie', value: 'location' },
  ],
  yaml: 'upstreams:\n  - id: desk\n    practice:\n      hosts:\n        "maple.example.com": maple\n',
}

/** Everything that can end with a practice, some of it once. */
export const retirement = {
  ...{ name: 'Maple Dental', revision: 17, contact: 'the front desk, 555-0100', isLast: false },
  ...{ members: 1_204, sessions: 31, requests: 1, tokens: 2, emergencies: 1, scheduled: 0 },
}

/** One that can come back, and one whose time is over. */
export const retired = [
  {
    ...{ id: 'lakeside', name: 'Lakeside Dental', zone: 'America/Denver', contact: 'lakeside@example.com' },
    ...{ retiredAt: at - 12 * day, retiredBy: 'Nora Owner', reason: 'Moved to another product' },
    reinstatableUntil: at + 2_180 * day,
  },
  {
    ...{ id: 'old-town', name: 'Old Town Smiles', zone: 'America/Denver', contact: '' },
    ...{ retiredAt: at - 2_300 * day, retiredBy: 'Otto Operator', reason: 'Closed for good' },
    reinstatableUntil: at - 108 * day,
  },
]

/** The answers by route, for `canned-server.ts`. */
export const practiceAnswers: Readonly<Record<string, unknown>> = {
  [`GET ${practice}/sources`]: sources,
  [`GET ${practice}/retirement`]: retirement,
  [`POST ${practice}/retire`]: { sequence: 42 },
  'GET /api/retired-practices': { practices: [] },
  [`POST ${practice}/reinstate`]: { revision: 17, sequence: 42 },
}
