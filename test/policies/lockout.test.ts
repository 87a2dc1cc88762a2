/**
 * Goal: a change that would shut out those who could undo it is found, by person and address (SPEC §4).
 * Method: one practice with two security admins; each way to lock oneself out, and its harmless neighbour.
 */
import { describe, expect, it } from 'vitest'
import type { Member } from '../../policies/access-request.ts'
import type { PolicyDocument } from '../../policies/document.ts'
import { entry, hours, practice, workdays } from '../../policies/examples/story.ts'
import {
  isSecurityAdmin,
  type LockoutQuestion,
  lockoutRisk,
  securityAdmins,
  wouldPass,
} from '../../policies/lockout.ts'
import { addressOf, snapshotOf } from '../support/policy-cases.ts'

const at = Date.parse('2026-11-23T10:00-07:00')
const [office, home, officeSix] = ['203.0.113.9', '198.51.100.7', '2001:db8:1::5'].map(addressOf) as [
  never,
  never,
  never,
]

const person = (user: string, roles: readonly string[], more: Partial<Member> = {}): Member => ({
  user,
  name: user[0]!.toUpperCase() + user.slice(1),
  login: user,
  email: null,
  roles,
  suspended: false,
  epoch: 0,
  factors: [],
  enrolBy: null,
  grants: [],
  ...more,
})
const olivia = person('olivia', ['owner'])
const mia = person('mia', ['office-manager'])
const fiona = person('fiona', ['front-desk'])

const before = practice({ id: 'oak', name: 'Oak Dental', zone: 'America/Denver' }, () => {})
const changed = (change: (document: PolicyDocument) => void): PolicyDocument => {
  const document = structuredClone(before)
  document.ipEntries = [entry('Office', '203.0.113.0/24'), entry('Office IPv6', '2001:db8:1::/48')]
  document.timeWindows = [hours(workdays, '08:00', '17:00')]
  change(document)
  return document
}

const found = (document: PolicyDocument, more: Partial<LockoutQuestion> = {}) => {
  const question: LockoutQuestion = {
    document,
    before,
    members: [olivia, mia, fiona],
    acting: 'olivia',
    addresses: new Map([
      ['olivia', [office, officeSix]],
      ['mia', [office]],
    ]),
    at,
    ...more,
  }
  const risk = lockoutRisk(question)
  if (!risk.ok) throw new Error(JSON.stringify(risk.problems))
  return risk.value.map(({ kind, user, address }) => [kind, user, address])
}

const enforced = (document: PolicyDocument): void => {
  document.controls.ip.mode = 'enforce'
}

describe('the acting admin', () => {
  it('passes from everywhere they have been', () => {
    expect(found(changed(enforced))).toEqual([])
    expect(
      found(changed(enforced), {
        addresses: new Map([
          ['olivia', [office, home]],
          ['mia', [office]],
        ]),
      }),
    ).toEqual([['acting-refused', 'olivia', '198.51.100.7']])
  })

  it('is warned of a family of addresses that is not listed', () => {
    const document = changed(enforced)
    document.ipEntries.pop()
    expect(found(document)).toEqual([['acting-refused', 'olivia', '2001:db8:1::5']])
  })

  it('is not warned of what is only watched', () => {
    expect(
      found(
        changed((document) => (document.controls.ip.mode = 'monitor')),
        { addresses: new Map() },
      ),
    ).toEqual([])
  })

  it('is warned of hours that end before now', () => {
    const document = changed((draft) => (draft.controls.time.mode = 'enforce'))
    expect(found(document)).toEqual([])
    const late = Date.parse('2026-11-23T20:00-07:00')
    expect(found(document, { at: late }).map(([kind]) => kind)).toEqual(['acting-refused', 'acting-refused'])
  })

  it('is warned of an entry that will expire under them, once', () => {
    const expiring = changed((draft) => {
      enforced(draft)
      draft.ipEntries[0]!.expiresAt = at + 86_400_000
    })
    expect(found(expiring)).toEqual([['acting-expires', 'olivia', '203.0.113.9']])
    expect(found(expiring, { before: expiring })).toEqual([])
  })

  it('is warned of losing the permission, by role or suspension', () => {
    const document = changed((draft) => {
      draft.roles[0]!.permissions = draft.roles[0]!.permissions.filter((id) => id !== 'gw.security.view')
    })
    expect(isSecurityAdmin(document, olivia)).toBe(false)
    expect(found(document)).toEqual([['acting-not-admin', 'olivia', null]])
    expect(found(before, { members: [{ ...olivia, suspended: true }, mia] })).toEqual([
      ['acting-not-admin', 'olivia', null],
    ])
  })

  it('may go when a second factor is all that is missing', () => {
    expect(found(changed((document) => (document.controls.twoFactor.mode = 'enforce')))).toEqual([])
  })
})

describe('another security admin', () => {
  it('must pass too, where there is one', () => {
    const own = changed((document) => {
      enforced(document)
      document.ipEntries = document.ipEntries.map((one) => ({ ...one, audience: { user: 'olivia' } }))
    })
    expect(found(own)).toEqual([['no-other-admin', null, null]])
    expect(found(own, { members: [olivia, fiona] })).toEqual([])
  })

  it('whose addresses are not known counts as shut out by a list, not by hours', () => {
    const addresses = new Map([['olivia', [office]]])
    expect(found(changed(enforced), { addresses })).toEqual([['no-other-admin', null, null]])
    expect(
      found(
        changed((document) => (document.controls.time.mode = 'enforce')),
        { addresses },
      ),
    ).toEqual([])
  })

  it('may not be the last one to be taken away', () => {
    const document = changed((draft) => (draft.roles[1]!.permissions = []))
    expect(found(document)).toEqual([['no-other-admin', null, null]])
    expect(securityAdmins(document, [olivia, mia, fiona])).toEqual([olivia])
  })
})

describe('testing an address', () => {
  it('tells whether a member would pass from there', () => {
    const snapshot = snapshotOf(changed(enforced), at)
    expect(wouldPass(snapshot, fiona, office, at)).toBe(true)
    expect(wouldPass(snapshot, fiona, home, at)).toBe(false)
    expect(wouldPass(snapshot, { ...fiona, suspended: true }, office, at)).toBe(false)
  })
})
