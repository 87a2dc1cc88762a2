/**
 * Goal: the permission gate says what `effectivePermissions` says of all a member's roles together.
 * Method: chains of blockers cut up at random among three roles, any and all of two permissions, both hidden-edge modes.
 */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Session } from '../../policies/access-request.ts'
import { compile } from '../../policies/compile.ts'
import { decide } from '../../policies/decide.ts'
import { catalogue, effectivePermissions } from '../../policies/permissions.ts'
import { parseRoutes } from '../../policies/routes.ts'
import { loadSnapshot } from '../../policies/snapshot.ts'
import { newDocument } from '../../policies/standard-roles.ts'
import { addressOf, base } from '../support/policy-cases.ts'

const blocked = catalogue
  .filter((one) => one.blockedBy.length > 0 || one.hiddenBlockedBy.length > 0)
  .slice(0, 4)
const blockers = blocked.flatMap((one) => [...one.blockedBy, ...one.hiddenBlockedBy])
const ids = [...new Set([...blocked.map(({ id }) => id), ...blockers])]
const grants = fc.array(fc.subarray(ids), { minLength: 3, maxLength: 3 })

it('is of one mind with the permission model', () => {
  const seen = { ok: 0, 'permission-missing': 0, together: 0 }
  fc.assert(
    fc.property(
      grants,
      fc.subarray(ids, { minLength: 2, maxLength: 2 }),
      fc.boolean(),
      (each, asked, hidden) => {
        const roles = each.map((permissions, at) => {
          return { id: `role-${at}`, name: `Role ${at}`, permissions, idleMs: null, absoluteMs: null }
        })
        const document = newDocument({ id: 'elm', name: 'Elm', zone: 'UTC' }, roles)
        document.controls.permission = {
          ...document.controls.permission,
          mode: 'enforce',
          hiddenBlockers: hidden,
        }
        const compiled = compile(document, base)
        const table = parseRoutes('app', [
          { match: 'GET /any', any: asked },
          { match: 'GET /all', all: asked },
        ])
        if (!compiled.ok || !table.ok) throw new Error(JSON.stringify([compiled, table]))
        const snapshot = loadSnapshot(compiled.value, 1, table.table.requirements)
        const member = {
          ...{ user: 'anna', name: 'Anna', login: 'anna', email: null, suspended: false, epoch: 0 },
          ...{ roles: roles.map(({ id }) => id), factors: [], enrolBy: null, grants: [] },
        }
        const subject: Session = {
          ...{ kind: 'session', id: 's1', user: 'anna', member, epoch: 0, held: false, ended: false },
          ...{ startedAt: base, lastSeenAt: base, factor: null, deviceTrustedUntil: null, boundTo: null },
        }
        const { effective } = effectivePermissions(new Set(each.flat()), { hiddenBlockers: hidden })
        for (const [route, passes] of [
          ['app GET /any', asked.some((id) => effective.has(id))],
          ['app GET /all', asked.every((id) => effective.has(id))],
        ] as const) {
          const request = { method: 'GET', route, address: addressOf('192.0.2.1'), practice: 'elm', subject }
          const { reason } = decide(snapshot, request, base)
          expect(reason).toBe(passes ? 'ok' : 'permission-missing')
          seen[passes ? 'ok' : 'permission-missing'] += 1
        }
        const alone = each.map(
          (one) => effectivePermissions(new Set(one), { hiddenBlockers: hidden }).effective,
        )
        if (asked.some((id) => effective.has(id) && !alone.some((one) => one.has(id)))) seen.together += 1
      },
    ),
    { seed: 12, numRuns: 600 },
  )
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(30)
})
