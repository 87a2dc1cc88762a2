/**
 * One's own account as the admin API would tell it: two second factors, seven recovery codes, two sessions.
 *
 * Not a server (`canned-server.ts`). Invariant: every answer passes the contract's own schema; codes are such that a test
 * can look for them in a page afterwards.
 */
import { at } from './canned-practice.ts'

const hour = 3_600_000
const day = 24 * hour

const passkey = {
  ...{ id: 'pk_laptop', name: 'Laptop at the office', synced: false },
  ...{ enrolledAt: at - 12 * day, lastVerifiedAt: at - 2 * hour },
}

/** An app and two passkeys. */
export const ownFactors = {
  ...{ enrolledAt: at - 40 * day, lastVerifiedAt: at - 3 * day, recoveryCodesLeft: 7, passkeysWork: true },
  passkeys: [passkey, { ...passkey, id: 'pk_phone', name: 'Phone', synced: true }],
}

/** None at all, at a host where browsers make no passkeys. */
export const noFactors = {
  ...{ enrolledAt: null, lastVerifiedAt: null, recoveryCodesLeft: 0, passkeysWork: false },
  passkeys: [],
}

const inNow = {
  ...{ who: { kind: 'admin', id: 'adm_nora', name: 'Nora Owner' }, factor: 'passkey' },
  ...{ createdAt: at - hour, lastSeenAt: at - 60_000, endsAt: at + 3 * hour },
}

/** Two of one's own, and somebody else's. */
export const sessionsWithMine = [
  { ...inNow, id: 'ads_1', address: '203.0.113.7', device: 'Firefox on Windows', mine: true },
  { ...inNow, id: 'ads_3', address: '198.51.100.9', device: 'Safari on iPhone', mine: false },
  {
    ...{ ...inNow, id: 'ads_2', address: '203.0.113.8', device: 'Edge on Windows', mine: false },
    who: { kind: 'user', id: 'u-ada', name: 'Ada Dentist' },
  },
]

const recoveryCodes = Array.from({ length: 10 }, (_, place) => `shown-once-${place}`)
const key = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const done = { done: true }

/** The answers by route, for `canned-server.ts`. */
export const accountAnswers: Readonly<Record<string, unknown>> = {
  'GET /api/me/factors': ownFactors,
  'POST /api/me/password': done,
  'POST /api/me/factors/totp': { key, uri: `otpauth://totp/Gatehouse:nora?secret=${key}&issuer=Gatehouse` },
  'POST /api/me/factors/totp/confirm': { recoveryCodes },
  'DELETE /api/me/factors/totp': done,
  'POST /api/me/factors/recovery-codes': { recoveryCodes },
  'POST /api/me/factors/passkeys': {
    publicKey: {
      ...{ challenge: 'AQID', rp: { id: 'console.example', name: 'Gatehouse' }, pubKeyCredParams: [] },
      user: { id: 'BAUG', name: 'nora', displayName: 'Nora Owner' },
      excludeCredentials: [{ id: 'Bwg', type: 'public-key' }],
    },
  },
  'POST /api/me/factors/passkeys/confirm': { passkey, recoveryCodes: [] },
  'PATCH /api/me/factors/passkeys/:id': done,
  'DELETE /api/me/factors/passkeys/:id': done,
}
