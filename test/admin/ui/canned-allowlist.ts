/**
 * What the allowlist has beyond its entries, as the admin API would tell it: a moved office, heartbeats, a file's plan.
 *
 * Not a server (`canned-server.ts`). Invariant: every answer passes the contract's own schema.
 */
import { at, entries } from './canned-practice.ts'

const minute = 60_000

/** Three people came from a new address when the office fell silent. */
export const addressCards = {
  revision: 17,
  cards: [
    {
      network: '198.51.100.9/32',
      sentence:
        '3 people came from 198.51.100.9 between 09:05 and 09:20 today. “Office Network” fell silent.',
      people: [{ user: 'u-fiona', name: 'Fiona Front' }],
      ...{ count: 3, refused: 5, firstAt: at - 60 * minute, lastAt: at - 45 * minute },
      replaces: { id: 'ipe-office', label: 'Office Network', range: '203.0.113.0/24' },
    },
  ],
}

/** One that beats. */
export const heartbeats = [
  {
    ...{ id: 'hbt-1', prefix: 'ghb_AbCd', createdBy: 'Nora Owner', createdAt: at - 90 * 24 * 60 * minute },
    entry: { id: 'ipe-office', label: 'Office Network', range: '203.0.113.0/24' },
    ...{ lastBeatAt: at - 3 * minute, lastAddress: '203.0.113.7', silent: false },
  },
]

/** The lines of a new one. */
export const heartbeatMade = {
  ...{ id: 'hbt-2', token: 'ghb_shown-this-once' },
  setUp: "(umask 077; printf 'Authorization: Bearer %s' 'ghb_shown-this-once' > file)",
  cronLine: '*/5 * * * * curl -fsS -X POST -H @file https://portal.example/heartbeat',
}

const { id, range, audience, on, expiresAt, note, createdBy, createdAt } = entries[0]!
const storedEntry = { id, range, label: 'New branch', audience, on, expiresAt, note, createdBy, createdAt }

/** A file that adds one entry and changes one. */
export const importPreview = {
  revision: 17,
  counts: { adds: 1, changes: 1, duplicates: 0, overlaps: 1, unchanged: 1, problems: 0 },
  problems: [] as { line: number; column: string | null; sentence: string }[],
  adds: [{ line: 2, before: null, entry: { ...storedEntry, range: '198.51.100.0/28' }, notes: [] }],
  changes: [{ line: 3, before: { ...storedEntry, label: 'Office Network' }, entry: storedEntry, notes: [] }],
  duplicates: [],
  overlaps: [{ line: 2, sentence: '198.51.100.0/28 lies within “Campus”.' }],
  lockedOut: [],
  toBeConfirmed: false,
  wouldRefuse: [{ name: 'Hugo Hygienist', networks: ['198.51.100.64/32'] }],
}

/** What a range that is typed would be. */
export const looked = {
  ...{ range: '203.0.113.64/26', problem: null, wide: false },
  size: '64 addresses, 203.0.113.64 to 203.0.113.127',
  notes: ['Saved as 203.0.113.64/26: the network that 203.0.113.77/26 lies in.'],
  overlaps: [
    { id: 'ipe-lab', label: 'Lab', range: '203.0.113.64/28', on: false, relation: 'inside' },
    { id: 'ipe-office', label: 'Office Network', range: '203.0.113.0/24', on: true, relation: 'around' },
  ],
}

const saved = { revision: 18, sequence: 42 }
const practice = '/api/practices/:practice'

/** The answers by route, for `canned-server.ts`. */
export const allowlist: Readonly<Record<string, unknown>> = {
  [`GET ${practice}/address-cards`]: { revision: 17, cards: [] },
  [`POST ${practice}/address-cards/accept`]: saved,
  [`POST ${practice}/address-cards/dismiss`]: { dismissed: true },
  [`GET ${practice}/heartbeats`]: { heartbeats },
  [`POST ${practice}/ip-entries/:id/heartbeats`]: heartbeatMade,
  [`POST ${practice}/heartbeats/:id/revoke`]: { revoked: true },
  [`POST ${practice}/ip-entries/import/preview`]: importPreview,
  [`POST ${practice}/ip-entries/import`]: { ...saved, counts: importPreview.counts },
  [`GET ${practice}/ip-entries/look`]: looked,
  [`POST ${practice}/ip-entries/act`]: { ...saved, entries: 2 },
}
