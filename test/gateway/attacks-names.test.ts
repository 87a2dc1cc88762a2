/**
 * Goal: names chosen by others (practices, users) find nothing that JavaScript objects bring along.
 * Method: a practice called `constructor`, whose member was revoked, asked about with a record that names it not.
 */
import { expect, test } from 'vitest'
import { type Directory, isRevokedEverywhere } from '../../gateway/questions.ts'
import type { MirroredSession } from '../../gateway/sessions.ts'
import { plainMember } from '../support/plain-member.ts'

const session = (epochs: Record<string, number>): MirroredSession => ({
  tokenHash: 'x',
  record: {
    id: 'ses_1',
    upstream: 'app',
    user: 'usr_ann',
    appUser: 'ann',
    method: 'app-password',
    epochs,
    cookieHash: null,
    startedAt: 0,
    absoluteDeadline: 1,
    held: false,
    ended: null,
    factor: null,
    trustedDevices: {},
    address: '127.0.0.1',
  },
  version: 1,
  wanted: 1,
  lastSeenAt: 0,
  seenWrittenAt: 0,
  seenReadAt: 0,
  streams: false,
  assertion: null,
})

const directory: Directory = {
  practice: () => null,
  member: () => plainMember('usr_ann', [], { epoch: 1 }),
  practicesOf: () => ['constructor'],
  retired: () => null,
}

test('an epoch that a session lacks is 0, whatever the practice is called', () => {
  expect(isRevokedEverywhere(directory, session({}))).toBe(true)
  expect(isRevokedEverywhere(directory, session({ constructor: 1 }))).toBe(false)
})
