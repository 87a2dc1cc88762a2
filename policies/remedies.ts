/**
 * The smallest change that would turn a refusal into a permit, one sentence per failing control.
 *
 * It changes nothing and weighs no risk: that a change would help does not make it right. Invariant: exhaustive over
 * reasons, and each remedy names the narrowest thing that helps (this person, this network, this permission), never
 * "switch the control off".
 */
import { networkOf, rangeText } from './address.ts'
import type { Reason } from './decision.ts'
import { durationText, entriesAround, missingPermissions, subjectName } from './gate-sentences.ts'
import type { Answer, View } from './gates.ts'
import { permissionName } from './permissions.ts'
import { momentText } from './timetable-zone.ts'

/** What would cure one failing control, and who can do it. */
export type Remedy = {
  readonly reason: Reason
  readonly by: 'user' | 'admin' | 'operator' | 'time'
  readonly sentence: string
}

const addressRemedy = (view: View): string => {
  const { address } = view.request
  const around = entriesAround(view, address)
  const expired = around.find(({ on, expiresAt }) => on && expiresAt !== null && expiresAt <= view.at)
  if (expired !== undefined) return `Renew ${expired.label} (${expired.range}), which has expired.`
  const off = around.find(({ on }) => !on)
  if (off !== undefined) return `Switch ${off.label} (${off.range}) on.`
  return `Approve ${rangeText(networkOf(address))} for ${subjectName(view)}, or list it as an entry.`
}

const permissionRemedy = (view: View): string => {
  const names = missingPermissions(view).map((id) => `“${permissionName(id)}”`)
  const [role] = view.member?.roles ?? []
  const roleName = role === undefined ? 'a role' : (view.snapshot.roleNames.get(role) ?? role)
  return view.token === null
    ? `Grant ${names.join(' and ')} to ${roleName}, or give ${subjectName(view)} a role that has it.`
    : `Make a token that has ${names.join(' and ')}.`
}

const stepUpText = (view: View): string => {
  const group = view.route?.stepUp ?? null
  const own = view.snapshot.document.controls.twoFactor.maxAgeMs
  if (group !== null) return `this step (${group}) asks for a recent one`
  return own === null ? 'the session asks for one' : `one counts for ${durationText(own)}`
}

/** What would cure this refusal of one gate. */
export const remedyFor = (view: View, { reason, opensAt }: Answer): Remedy => {
  const name = subjectName(view)
  const { practice } = view.snapshot
  const of = (by: Remedy['by'], sentence: string): Remedy => ({ reason, by, sentence })
  switch (reason) {
    case 'ok':
      return of('time', 'Nothing needs to change.')
    case 'identity-unavailable':
      return of('time', 'Try again shortly; if it lasts, the application or the directory is unreachable.')
    case 'sign-in-held':
      return of('user', 'Finish the step that the sign-in waits for.')
    case 'not-signed-in':
    case 'session-revoked':
    case 'session-ended':
    case 'session-idle':
    case 'session-expired':
    case 'network-changed':
      return of('user', 'Sign in again.')
    case 'user-suspended':
      return of('admin', `Reactivate the account of ${name}.`)
    case 'practice-retired':
      return of('operator', 'Reinstate the practice, or take its hosts out of the configuration.')
    case 'practice-unknown':
      return of('operator', 'Add the practice, or correct how the request names it.')
    case 'not-a-member':
      return of('admin', `Add ${name} to ${practice.name}.`)
    case 'token-revoked':
    case 'token-expired':
      return of('admin', 'Make a new token.')
    case 'token-out-of-scope':
      return of('admin', `Make a token for ${view.request.method} ${view.request.route}.`)
    case 'address-not-allowed':
      return view.token === null
        ? of('admin', addressRemedy(view))
        : of('admin', `Make a token that may be used from ${view.request.address.text}.`)
    case 'timetable-exhausted':
      return of('operator', 'Compile the policy again, so that its timetable reaches further.')
    case 'outside-time-window':
      return of(
        'admin',
        opensAt === null
          ? `Extend the hours of ${name}; none are planned.`
          : `Let ${name} stay for now, or wait until ${momentText(practice.zone, opensAt)}.`,
      )
    case 'two-factor-not-enrolled':
      return of('user', 'Set up a second factor.')
    case 'two-factor-not-verified':
    case 'two-factor-too-old':
      return of('user', `Show a second factor: ${stepUpText(view)}.`)
    case 'two-factor-too-weak':
      return of('user', 'Show a passkey.')
    case 'permission-missing':
      return of('admin', permissionRemedy(view))
    case 'route-unmapped':
      return of('operator', 'Add the route to the table of the application.')
  }
}
