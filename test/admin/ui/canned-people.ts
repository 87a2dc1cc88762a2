/**
 * Canned answers of the people screens and of the frame around every screen: emergency access, found people.
 *
 * Names and sessions are `canned-practice.ts`'s. Invariant: as there, each answer passes the contract's schema.
 */
import { at } from './canned-practice.ts'

const minute = 60_000
const practice = '/api/practices/:practice'

/** Nobody uses emergency access; one use was over a week ago. */
export const emergency = {
  revision: 17,
  settings: { allowed: true, lastsMs: 60 * minute },
  unreviewed: 0,
  uses: [],
}

const use = {
  id: 'eu-1',
  user: { id: 'u-fiona', name: 'Fiona Front', login: 'fiona.front@demo.test' },
  reason: 'Broken water pipe, we work from the café',
  address: '198.51.100.77',
  method: 'totp',
  startedAt: at - 12 * minute,
  endsAt: at + 48 * minute,
  state: 'on',
  endedBy: null,
  reviewedAt: null,
  reviewedBy: null,
  reviewNote: '',
}

/** Fiona lets herself in just now. */
export const emergencyInUse = { ...emergency, unreviewed: 1, uses: [use] }

/** What the canned server answers for these screens. */
export const peopleAnswers: Readonly<Record<string, unknown>> = {
  [`GET ${practice}/emergency-access`]: emergency,
}
