/**
 * The two-factor gates: enrolled, verified, recent enough, strong enough.
 *
 * They check no code and know no secret; the session says what was proved. Two demands meet here: the practice's own
 * (scope, grace, remembered device, office network) and a route's step-up, which none of these soften. Invariant: the
 * strictest wins, and the gate that a subject can cure first speaks first. One gate for all four was refused: its
 * reason would change while it goes on refusing.
 */
import type { FactorMethod, VerifiedFactor } from './access-request.ts'
import {
  type Answer,
  type Gate,
  type GateName,
  listedUntil,
  pass,
  passBefore,
  passUntil,
  refuse,
  type View,
} from './gates.ts'
import { type DurationMs, type Instant, never } from './instant.ts'
import { modeShifts, scopeBits } from './snapshot.ts'

/** What a step-up group asks where the practice has said nothing. */
export const stepUpDefault = { maxAgeMs: 15 * 60_000, phishingResistant: false } as const

type StepUp = { readonly maxAgeMs: DurationMs; readonly phishingResistant: boolean }

/** Methods that a look-alike site cannot pass on, nor have set up for itself. */
const phishingResistant: ReadonlySet<FactorMethod> = new Set(['passkey'])

const bit = scopeBits['two-factor']

const isExempt = ({ own, roles }: View): boolean => {
  if (own !== null && (own.exempt & bit) !== 0) return true
  if ((own !== null && (own.included & bit) !== 0) || roles.length === 0) return false
  return roles.every(({ exempt }) => (exempt & bit) !== 0)
}

/** What the route asks on top; it concerns everyone who is not exempt. `null`: nothing. */
const stepUpOf = (view: View): StepUp | null => {
  const group = view.route?.stepUp ?? null
  if (group === null || view.member === null || isExempt(view)) return null
  const { stepUp } = view.snapshot.document
  return Object.hasOwn(stepUp, group) ? (stepUp[group] ?? stepUpDefault) : stepUpDefault
}

/** Until when the practice itself asks for no second factor here: `never` out of scope, 0 where it asks now. */
const freeUntil = (view: View): Instant => {
  if (view.member === null || (view.scope & bit) === 0) return never
  if (!view.snapshot.document.controls.twoFactor.notFromListedNetworks) return 0
  return listedUntil(view)
}

/** The session's factor if this practice accepts it, else `null`. */
const acceptedFactor = (view: View): VerifiedFactor | null => {
  const factor = view.session?.factor ?? null
  if (factor === null) return null
  const { trust, sms } = view.snapshot.document.controls.twoFactor
  if (factor.method === 'sms') return sms === true ? factor : null
  if (factor.method === 'app') return trust.app ? factor : null
  if (factor.method === 'google') return trust.google ? factor : null
  return factor
}

/** Whether somebody has set up a factor that counts here. */
const isEnrolled = ({ member, snapshot }: View): boolean =>
  member?.factors.some((method) => method !== 'sms' || snapshot.document.controls.twoFactor.sms === true) ===
  true

/** Until when an unenrolled member passes all the same; 0: no grace. */
const graceUntil = ({ member }: View): Instant =>
  member !== null && member.factors.length === 0 ? (member.enrolBy ?? 0) : 0

/** Until when the remembered device stands in; 0: it does not. */
const deviceUntil = ({ session, snapshot }: View): Instant =>
  snapshot.document.controls.twoFactor.rememberDeviceMs > 0 ? (session?.deviceTrustedUntil ?? 0) : 0

const askEnrolled = (view: View): Answer => {
  if (view.member === null || acceptedFactor(view) !== null || isEnrolled(view)) return pass
  if (stepUpOf(view) !== null) return refuse('two-factor-not-enrolled')
  return passBefore(view.at, Math.max(freeUntil(view), graceUntil(view)), 'two-factor-not-enrolled')
}

const askVerified = (view: View): Answer => {
  if (view.member === null || acceptedFactor(view) !== null) return pass
  if (stepUpOf(view) !== null) return refuse('two-factor-not-verified')
  const until = Math.max(freeUntil(view), graceUntil(view), deviceUntil(view))
  return passBefore(view.at, until, 'two-factor-not-verified')
}

const askAge = (view: View): Answer => {
  const factor = acceptedFactor(view)
  if (view.member === null || factor === null) return pass
  const stepUp = stepUpOf(view)
  const { maxAgeMs } = view.snapshot.document.controls.twoFactor
  const own =
    maxAgeMs === null ? never : Math.max(factor.verifiedAt + maxAgeMs, freeUntil(view), deviceUntil(view))
  const extra = stepUp === null ? never : factor.verifiedAt + stepUp.maxAgeMs
  const deadline = Math.min(own, extra)
  return deadline === never ? pass : passBefore(view.at, deadline, 'two-factor-too-old')
}

const askMethod = (view: View): Answer => {
  const factor = acceptedFactor(view)
  if (view.member === null || factor === null || stepUpOf(view)?.phishingResistant !== true) return pass
  return phishingResistant.has(factor.method) ? passUntil(never) : refuse('two-factor-too-weak')
}

const gate = (name: GateName, ask: (view: View) => Answer): Gate => ({
  name,
  control: 'two-factor',
  always: false,
  shift: modeShifts['two-factor'],
  ask,
})

/** The two-factor gates in order. */
export const twoFactorGates: readonly Gate[] = [
  gate('enrolled', askEnrolled),
  gate('verified', askVerified),
  gate('factor-age', askAge),
  gate('factor-strength', askMethod),
]
