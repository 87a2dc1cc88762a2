/**
 * Goal: the catalogue is that of the reference guide, and a grant works only with all that it is blocked by.
 * Method: counts and chains taken from the guide by hand; the closure against its definition, computed naively.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compile } from '../../policies/compile.ts'
import { migratePermissionNames } from '../../policies/permission-migrations.ts'
import {
  catalogue,
  effectivePermissions,
  lostByDisabling,
  nearestPermission,
  neededToEnable,
  permissionById,
  permissionLists,
  requirementsOf,
  unknownPermission,
} from '../../policies/permissions.ts'
import { fallbackRole, newDocument, standardRoles } from '../../policies/standard-roles.ts'
import { base } from '../support/policy-cases.ts'

const on = { hiddenBlockers: true }
const off = { hiddenBlockers: false }
const application = catalogue.filter(({ component }) => component !== 'Gatehouse')
const countBy = (key: (id: (typeof application)[number]) => string): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const permission of application) counts[key(permission)] = (counts[key(permission)] ?? 0) + 1
  return counts
}

describe('the catalogue', () => {
  it('has the 68 permissions of the guide, by component, table, blockers and where enforceable', () => {
    expect(application).toHaveLength(68)
    expect(countBy(({ component }) => component)).toEqual({
      General: 18,
      Communication: 9,
      Appointment: 8,
      Analytics: 13,
      Payments: 9,
      Forms: 11,
    })
    expect(countBy(({ group }) => group)).toMatchObject({ General: 13, 'Desktop App': 2, Insurance: 3 })
    expect(countBy(({ blockedBy }) => String(blockedBy.length))).toEqual({ 0: 37, 1: 23, 2: 8 })
    expect(countBy(({ hiddenBlockedBy }) => String(hiddenBlockedBy.length))).toEqual({ 0: 67, 1: 1 })
    expect(countBy(({ enforceableAt }) => enforceableAt)).toEqual({
      field: 4,
      client: 2,
      'route-read': 24,
      'route-write': 38,
    })
  })

  it('has unique ids and names, and blockers that exist, without a circle', () => {
    expect(new Set(catalogue.map(({ id }) => id)).size).toBe(catalogue.length)
    expect(new Set(catalogue.map(({ name }) => name.toLowerCase())).size).toBe(catalogue.length)
    for (const { id, blockedBy, hiddenBlockedBy, description } of catalogue) {
      for (const blocker of [...blockedBy, ...hiddenBlockedBy])
        expect(permissionById(blocker), id).not.toBeNull()
      expect(requirementsOf(id, on).at(-1)).toBe(id)
      expect(requirementsOf(id, on).slice(0, -1)).not.toContain(id)
      expect(description).toMatch(/^[A-Z].*\.$/)
    }
  })

  it.each([
    ['delete-tablets', ['can-see-forms-page', 'add-tablets']],
    [
      'can-remove-patients-from-pending-one-time-requests',
      ['can-see-payment-methods', 'send-payment-requests-and-charge-customers'],
    ],
    ['see-operations-dashboard', ['access-team-messaging', 'access-location-messaging']],
    ['view-patient-window', ['use-patient-search']],
    ['gw.tokens.edit', ['gw.security.view', 'gw.security.settings.edit']],
  ])('%s is blocked through %j', (id, chain) => {
    expect(requirementsOf(id, on)).toEqual([...chain, id])
  })

  it('holds the hidden edge behind its switch', () => {
    expect(requirementsOf('view-patient-window', off)).toEqual(['view-patient-window'])
  })
})

describe('grants', () => {
  const sets = fc.uniqueArray(fc.constantFrom(...catalogue.map(({ id }) => id)))

  it('are effective when granted and all blockers are effective', () => {
    fc.assert(
      fc.property(sets, fc.boolean(), (ids, hiddenBlockers) => {
        const granted = new Set(ids)
        const isEffective = (id: string): boolean => {
          const { blockedBy, hiddenBlockedBy } = permissionById(id)!
          return (
            granted.has(id) && [...blockedBy, ...(hiddenBlockers ? hiddenBlockedBy : [])].every(isEffective)
          )
        }
        const { effective, blocked } = effectivePermissions(granted, { hiddenBlockers })
        expect([...effective].sort()).toEqual(ids.filter(isEffective).sort())
        expect([...effective, ...blocked.keys()].sort()).toEqual([...ids].sort())
        const lists = permissionLists(granted, { hiddenBlockers })
        expect(lists.included.length + lists.available.length).toBe(catalogue.length)
        for (const { permission, blockedBy } of lists.included) {
          expect(blockedBy.length > 0).toBe(blocked.has(permission.id))
        }
      }),
    )
  })

  it('become effective with what enabling offers, and lose what disabling tells', () => {
    fc.assert(
      fc.property(sets, fc.constantFrom(...catalogue.map(({ id }) => id)), (ids, id) => {
        const granted = new Set(ids)
        const offered = neededToEnable(id, granted, on)
        expect(effectivePermissions(new Set([...ids, ...offered, id]), on).effective.has(id)).toBe(true)
        const before = effectivePermissions(granted, on).effective
        const after = effectivePermissions(new Set(ids.filter((one) => one !== id)), on).effective
        expect(new Set(lostByDisabling(id, granted, on))).toEqual(
          new Set([...before].filter((one) => one !== id && !after.has(one))),
        )
      }),
    )
  })
})

describe('old and wrong names', () => {
  it('migrate whatever their case, once and for all', () => {
    const first = migratePermissionNames([
      'set goals',
      'QUERY REVENUE OPPORTUNITIES',
      'Manage User Logins and  Access Privileges',
      'Edit and Set Practice Goals',
      'can-view-user-accounts',
    ])
    expect(first.problems).toEqual([])
    expect(first.ids).toEqual([
      'edit-and-set-practice-goals',
      'run-revenueiq-queries',
      'save-custom-revenueiq-queries',
      'can-view-user-accounts',
      'can-edit-user-accounts',
    ])
    expect(first.migrated.map(({ kind }) => kind)).toEqual(['renamed', 'split', 'replaced'])
    expect(migratePermissionNames(first.ids)).toEqual({ ids: first.ids, migrated: [], problems: [] })
  })

  it('are Problems with the nearest name', () => {
    expect(migratePermissionNames(['Manage refund', 'Manage refunds']).problems).toEqual([
      {
        path: '[0]',
        sentence: '"Manage refund" is not a permission; did you mean "manage-refunds" (Manage refunds)?',
      },
    ])
    expect(unknownPermission('xyzzy-plugh-frobnicate')).toBe('"xyzzy-plugh-frobnicate" is not a permission')
    expect(unknownPermission('x'.repeat(100_000))!.length).toBeLessThan(200)
    expect(nearestPermission('See Schedule Pag')).toBe('see-schedule-page')
  })
})

describe('the standard roles', () => {
  it('grant nothing that is blocked', () => {
    for (const { id, permissions } of standardRoles) {
      const { blocked } = effectivePermissions(new Set(permissions), on)
      expect([...blocked.keys()], id).toEqual([])
      expect(new Set(permissions).size).toBe(permissions.length)
    }
  })

  it('start a document that compiles, with every control off and a fallback that may do nothing', () => {
    for (const roles of ['standard', []] as const) {
      const document = newDocument({ id: 'oak', name: 'Oak Dental', zone: 'America/Denver' }, roles)
      expect(compile(document, base)).toMatchObject({ ok: true })
      expect(Object.values(document.controls).map(({ mode }) => mode)).toEqual(['off', 'off', 'off', 'off'])
      expect(document.roles.find(({ id }) => id === fallbackRole)?.permissions).toEqual([])
    }
  })
})
