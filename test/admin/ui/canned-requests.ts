/**
 * Requests for access as the admin API would tell them, for UI tests; the practice is `canned-practice.ts`'.
 *
 * Not a server (`canned-server.ts`). Invariant: every answer passes the contract's own schema.
 */
import { at } from './canned-practice.ts'

const minute = 60_000
const day = 1_440 * minute

const request = {
  user: { id: 'u-hugo', name: 'Hugo Hygienist', login: 'hugo' },
  kind: 'ip',
  address: '198.51.100.23',
  network: '198.51.100.23/32',
  status: 'pending',
  reason: 'At my parents’ until Sunday',
  repeats: 0,
  createdAt: at - 12 * minute,
  expiresAt: at + 3 * day,
  decidedAt: null,
  decidedBy: null,
  note: '',
  accessUntil: null,
  entry: null,
  hints: { colleagues: [], colleagueCount: 0, nextTo: null },
}
const decided = { decidedAt: at - minute, decidedBy: 'Nora Owner' }

/** A request that was approved, until next month. */
export const approvedRequest = {
  ...request,
  ...decided,
  id: 'arq_approved',
  status: 'approved',
  note: 'Until the move is over',
  accessUntil: at + 30 * day,
}
/** A request that was rejected, with a note. */
export const rejectedRequest = {
  ...request,
  ...decided,
  id: 'arq_rejected',
  status: 'rejected',
  note: 'Please come to the office',
}

/** The approved one after it was taken back. */
export const withdrawnRequest = { ...approvedRequest, status: 'withdrawn' }

/** One of Ada's that waits for more than a day, from the network that Hugo asks from as well. */
const ofAda = {
  ...request,
  id: 'arq_ada',
  user: { id: 'u-ada', name: 'Ada Dentist', login: 'ada' },
  reason: 'Conference hotel',
  createdAt: at - 26 * 60 * minute,
  hints: { colleagues: ['Fiona Front', 'Nora Owner'], colleagueCount: 4, nextTo: 'Office Network' },
}

/** Three that wait, two from one network and one for hours; approvals last 30 days. */
export const accessRequests = {
  revision: 17,
  settings: { ip: true, time: true, standardMs: 30 * day, contact: '' },
  pending: 3,
  requests: [
    ofAda,
    { ...request, id: 'arq_home', repeats: 2 },
    {
      ...request,
      id: 'arq_hours',
      kind: 'time',
      user: { id: 'u-fiona', name: 'Fiona Front', login: 'fiona' },
      reason: 'Inventory tonight',
      createdAt: at - 2 * minute,
    },
    approvedRequest,
    rejectedRequest,
    { ...request, id: 'arq_expired', status: 'expired', decidedAt: at - day, decidedBy: 'Gatehouse' },
  ],
  nextCursor: null,
}

/** The answers to decisions, by what is asked. */
export const requestAnswers: Readonly<Record<string, unknown>> = {
  'GET /api/practices/:practice/access-requests/counts': {
    stepMs: 180 * minute,
    counts: Array.from({ length: 56 }, (_, step) => ({
      at: at - 7 * day + step * 180 * minute,
      asked: step % 8 === 3 ? 1 + (step % 5) : step % 8 === 6 ? 1 : 0,
      waiting: step === 55 ? 3 : step % 8 > 2 ? (step % 8) - 2 + (step % 3) : step > 48 ? 2 : 0,
    })),
    decided: 17,
    medianMs: 25 * minute,
  },
  'POST /api/practices/:practice/access-requests/:id/reopen': {
    request: { ...request, id: 'arq_home' },
    sequence: null,
  },
  'POST /api/practices/:practice/access-requests/decide': {
    decided: [
      { ...approvedRequest, id: 'arq_ada' },
      { ...approvedRequest, id: 'arq_home' },
    ],
    undecided: [{ id: 'arq_hours', sentence: 'This is your own request. Somebody else must decide it.' }],
    sequence: 42,
  },
}
