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
  drill: { usedAt: null, codeUsedAt: null, overrideAt: null },
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

const memberSaved = { version: 6, sequence: 42 }

/** A file with somebody new, somebody changed, and two people whom it does not name. */
export const peoplePlan = {
  version: 5,
  counts: { adds: 1, changes: 1, leavers: 2, unchanged: 1, problems: 0 },
  problems: [],
  adds: [{ line: 2, login: 'gina', name: 'Gina Gray', roles: ['front-desk'], changes: [] }],
  changes: [{ line: 3, login: 'fiona', name: 'Fiona Front', roles: ['owner'], changes: ['roles: owner'] }],
  leavers: [
    { user: 'u-ada', name: 'Ada Dentist', login: 'ada' },
    { user: 'u-hugo', name: 'Hugo Hygienist', login: 'hugo' },
  ],
}

/** What the canned server answers for these screens. */
export const peopleAnswers: Readonly<Record<string, unknown>> = {
  [`GET ${practice}/emergency-access`]: emergency,
  [`GET ${practice}/security-events/actions`]: {
    actions: [
      { action: 'session.revoked', group: 'sessions', meaning: 'An admin ended a session.' },
      { action: 'session.opened', group: 'sessions', meaning: 'Somebody signed in.' },
    ],
  },
  [`POST ${practice}/users/:user/revoke-everywhere`]: { sequence: 42, sessions: 3 },
  [`POST ${practice}/users`]: { ...memberSaved, user: 'u-gina' },
  [`PATCH ${practice}/users/:user`]: memberSaved,
  [`POST ${practice}/users/:user/remove`]: memberSaved,
  [`POST ${practice}/users/:user/password-link`]: {
    mailedTo: null,
    url: 'https://portal.maple.example/password#k3yOfTheTest',
    endsAt: at + 30 * minute,
  },
  [`POST ${practice}/users/import/preview`]: peoplePlan,
  [`POST ${practice}/users/import`]: { ...memberSaved, counts: peoplePlan.counts },
  [`GET ${practice}/users/export`]: 'login,name,email,roles\nada,Ada Dentist,,dentist\n',
}
