/**
 * What reviews and planned starts are answered with, for UI tests; the practice is `canned-practice.ts`'.
 *
 * Not a server (`canned-server.ts`). Invariant: every answer passes the contract's own schema.
 */
import { at } from './canned-practice.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const of = '/api/practices/:practice'

const network = (range: string, count: number, name: string | null) => ({
  ...{ range, count },
  add:
    name === null
      ? null
      : {
          method: 'POST',
          path: '/api/practices/maple/ip-entries',
          body: { range, label: `Network of ${name}` },
        },
})
const line = {
  ...{ control: 'ip', reason: 'address-not-allowed', because: 'the address is not on the allowlist' },
}

/** A forecast of enforcing the allowlist: one who is in now and one of last week would be refused; nobody is locked out. */
export const forecast = {
  revision: 17,
  changes: ['IP restrictions: monitor → enforce'],
  lockedOut: [] as readonly unknown[],
  lastSecurityAdmin: false,
  toBeConfirmed: true,
  waitsUntil: null as number | null,
  live: {
    ...{ asked: 4, skipped: 0 },
    refused: [
      {
        ...{ ...line, user: 'u-hugo', name: 'Hugo Hygienist', count: 1, lastAt: at },
        networks: [network('198.51.100.23/32', 1, 'Hugo Hygienist')],
      },
    ],
    allowed: [],
  },
  recorded: {
    ...{ asked: 1_204, skipped: 3 },
    refused: [
      {
        ...{ ...line, user: 'u-ada', name: 'Ada Dentist', count: 12, lastAt: at - 6 * day },
        networks: [network('192.0.2.9/32', 12, 'Ada Dentist')],
      },
      {
        ...{ ...line, user: 'u-hugo', name: 'Hugo Hygienist', count: 40, lastAt: at - 12 * minute },
        networks: [
          network('198.51.100.23/32', 38, 'Hugo Hygienist'),
          network('192.0.2.77/32', 2, 'Hugo Hygienist'),
        ],
      },
    ],
    allowed: [],
  },
}

/** A forecast that concerns nobody: `changes` alone. */
export const harmless = (...changes: readonly string[]) => ({
  ...{ ...forecast, changes, toBeConfirmed: false },
  live: { asked: 4, skipped: 0, refused: [], allowed: [] },
  recorded: { asked: 1_204, skipped: 3, refused: [], allowed: [] },
})

/** Office only from next Monday on, planned yesterday. */
export const planned = {
  ...{ id: 'sch_1', startsAt: at + 6 * day, startsText: 'Mon 30 Nov 2026, 06:00' },
  ...{ changes: ['IP restrictions: monitor → enforce'], notice: 'From Monday on, from the office only.' },
  ...{ by: 'Nora Owner', reason: 'After the trial', createdAt: at - day },
  ...{ settledAt: null, outcome: null, detail: null },
}
/** One that was refused at its time. */
export const refusedStart = {
  ...{ ...planned, id: 'sch_0', startsAt: at - 3 * day, startsText: 'Sat 21 Nov 2026, 10:05' },
  ...{ settledAt: at - 3 * day, outcome: 'refused', detail: 'It would have locked out Nora Owner.' },
}

/** The answers, by what is asked. */
export const generalAnswers: Readonly<Record<string, unknown>> = {
  [`POST ${of}/impact`]: forecast,
  [`PUT ${of}/controls/sign-in`]: { revision: 18, sequence: 42 },
  [`PUT ${of}/controls/sessions`]: { revision: 18, sequence: 42 },
  [`PUT ${of}/controls/emergency`]: { revision: 18, sequence: 42 },
  [`GET ${of}/scheduled-changes`]: { waiting: [], settled: [] },
  [`POST ${of}/scheduled-changes`]: planned,
  [`POST ${of}/scheduled-changes/:id/cancel`]: { cancelled: true },
}
