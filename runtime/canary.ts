/**
 * The canary: a made-up practice with one made-up person, whose policy is changed and whose access is ended over and over,
 * so that how long changes take to reach every gateway is measured while nobody changes anything.
 *
 * Only its steps and its question are here; both planes have them. Invariant: it is compiled, signed, sent and decided like
 * any practice, and lies nowhere where a practice is looked for: its record has a key of its own, no table names it, no
 * session is of it. A practice row was refused: each list of practices would have to know that one is none.
 */
import type { Session } from '../policies/access-request.ts'
import { parseAddress } from '../policies/address.ts'
import { type CompiledPolicy, compile, readCompiled } from '../policies/compile.ts'
import { decide } from '../policies/decide.ts'
import type { Reason } from '../policies/decision.ts'
import type { DurationMs, Instant } from '../policies/instant.ts'
import type { RouteRequirement } from '../policies/routes.ts'
import { loadSnapshot } from '../policies/snapshot.ts'
import { newDocument } from '../policies/standard-roles.ts'
import type { CanaryRecord } from './records.ts'

/** What a round changes. */
export type CanaryChange = 'policy' | 'revocation'

/** Within which every change is to be enforced on every gateway (SPEC §8). */
export const canaryTargetMs: DurationMs = 1_000

const practice = 'gatehouse-canary'
const user = 'usr_canary'
const role = 'canary'
/** Of the documentation networks (RFC 5737): nobody comes from there. */
const [home, elsewhere] = ['192.0.2.1', '198.51.100.0/24']

const page: RouteRequirement = {
  ...{ id: 'canary', class: 'staff', stepUp: null, permissions: null },
  ...{ mapped: true, unmapped: null, paths: 'lenient' },
}
const routes = new Map([[page.id, page]])

const steps: readonly { readonly change: CanaryChange; readonly expected: Reason }[] = [
  // Signed in anew.
  { change: 'revocation', expected: 'ok' },
  // Its address is taken from the allowlist, and put back.
  { change: 'policy', expected: 'address-not-allowed' },
  { change: 'policy', expected: 'ok' },
  // Its access is ended.
  { change: 'revocation', expected: 'session-revoked' },
]

/** What the round of this number (from 0) changes, and what `decide` answers once it is in force. */
export const canaryStep = (round: number) => {
  const step = steps[round % steps.length]
  if (step === undefined) throw new Error('invariant: rounds are whole numbers from 0')
  return step
}

const compiledAt = (round: number, at: Instant): CompiledPolicy => {
  const document = newDocument({ id: practice, name: 'Canary', zone: 'UTC' }, [
    { id: role, name: 'Canary', permissions: [], idleMs: null, absoluteMs: null },
  ])
  const { expected } = canaryStep(round)
  const compiled = compile(
    {
      ...document,
      controls: { ...document.controls, ip: { ...document.controls.ip, mode: 'enforce' } },
      ipEntries: [
        {
          ...{
            id: 'canary',
            label: 'Canary',
            audience: 'practice',
            on: true,
            note: '',
            createdBy: 'Gatehouse',
          },
          ...{ range: expected === 'address-not-allowed' ? elsewhere : `${home}/32`, createdAt: 0 },
          expiresAt: null,
        },
      ],
    },
    at,
    process.versions.tz,
  )
  if (!compiled.ok) throw new Error('invariant: the canary compiles')
  return compiled.value
}

/** The record of a round. */
export const canaryRecord = (round: number, at: Instant): CanaryRecord => ({
  round,
  compiled: compiledAt(round, at),
  member: {
    ...{ user, name: 'Canary', login: user, email: null, roles: [role], suspended: false },
    ...{ epoch: Math.floor((round + 1) / steps.length), factors: [], enrolBy: null, grants: [] },
  },
  sessionEpoch: Math.floor(round / steps.length),
})

/** What a gateway that holds this record decides about the canary's request at `at`; `null`: the record is none. */
export function askCanary(record: CanaryRecord, at: Instant): Reason | null {
  const compiled = readCompiled(record.compiled)
  const address = parseAddress(home)
  if (compiled === null || address === null) return null
  const snapshot = loadSnapshot(compiled, 1, routes)
  const subject: Session = {
    ...{ kind: 'session', id: 'ses_canary', user, member: record.member, epoch: record.sessionEpoch },
    ...{ held: false, ended: false, startedAt: at, lastSeenAt: at, factor: null, deviceTrustedUntil: null },
    boundTo: null,
  }
  return decide(snapshot, { method: 'GET', route: page.id, address, practice, subject }, at).reason
}
