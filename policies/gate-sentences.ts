/**
 * What a gate found, as a sentence in the practice's own labels, for admins and the decision record.
 *
 * It is not what the refused person reads (the page catalogue's) and decides nothing: it is told the answer and says
 * why. Invariant: every gate has a sentence for passing and for refusing, and no sentence holds more than the admin
 * of this practice may know. Runs only when someone asks for an explanation, so it may be slow.
 */
import { type Address, parseRange, rangeContains } from './address.ts'
import type { Audience, IpEntry } from './document.ts'
import type { Answer, GateName, View } from './gates.ts'
import { isInScope, listedUntil } from './gates.ts'
import { type DurationMs, type Instant, never } from './instant.ts'
import { permissionName, requirementsOf } from './permissions.ts'
import { matchingEntry, type ScopedControl } from './snapshot.ts'
import { momentText } from './timetable-zone.ts'

type Sentence = (view: View, answer: Answer) => string

/** The subject by name. */
export const subjectName = ({ member, token, session }: View): string => {
  if (member !== null) return member.name
  if (token !== null) return `Token ${token.id}`
  return session === null ? 'Nobody' : `User ${session.user}`
}

const moment = ({ snapshot }: View, at: Instant): string =>
  at === never ? 'for good' : momentText(snapshot.practice.zone, at)

/** A duration as people say it, in its largest whole unit. */
export const durationText = (ms: DurationMs): string => {
  const units = [
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
  ] as const
  for (const [name, unitMs] of units) {
    if (ms >= unitMs && ms % unitMs === 0) return `${ms / unitMs} ${name}${ms === unitMs ? '' : 's'}`
  }
  return `${Math.round(ms / 1000)} seconds`
}

/** Whether an entry or a window serves the member of this view. */
export const serves = (audience: Audience, { member }: View): boolean => {
  if (audience === 'practice') return true
  if (member === null) return false
  return 'role' in audience ? member.roles.includes(audience.role) : member.user === audience.user
}

/** The entries that contain the address, on or off, expired or not. */
export const entriesAround = (view: View, address: Address): readonly IpEntry[] =>
  view.snapshot.document.ipEntries.filter((entry) => {
    const range = serves(entry.audience, view) ? parseRange(entry.range)?.range : undefined
    return range !== undefined && rangeContains(range, address)
  })

const listText = (labels: readonly string[]): string => {
  const [first, second] = labels
  if (first === undefined) return 'any entry, since there is none'
  if (second === undefined) return first
  return labels.length === 2 ? `${first} or ${second}` : `${first} or ${labels.length - 1} other entries`
}

const outOfScope = (view: View, control: ScopedControl, what: string): string | null => {
  if (view.member === null) return `Nobody is signed in, so ${what} is not asked.`
  return isInScope(view, control) ? null : `${subjectName(view)} is not in scope of ${what}.`
}

const liftText = (view: View, kind: 'ip' | 'time'): string | null => {
  const grant = view.member?.grants.find(
    ({ startsAt, endsAt, ...of }) =>
      (of.kind === kind || of.kind === 'break-glass') && startsAt <= view.at && view.at < endsAt,
  )
  if (grant === undefined) return null
  const name = grant.kind === 'break-glass' ? 'Emergency access' : 'An approval'
  return `${name} lifts this until ${moment(view, grant.endsAt)}.`
}

const addressText = (view: View, { reason }: Answer): string => {
  const free = outOfScope(view, 'ip', 'IP restrictions')
  if (free !== null) return free
  const { address } = view.request
  const entry = matchingEntry(view.snapshot, view.member, address, view.at)
  if (entry !== null) return `${address.text} is in ${entry.label} (${entry.range}).`
  if (reason === 'ok') return liftText(view, 'ip') ?? `${address.text} is allowed.`
  const live = view.snapshot.document.ipEntries.filter(
    ({ on, expiresAt, audience }) =>
      on && (expiresAt === null || expiresAt > view.at) && serves(audience, view),
  )
  return `${address.text} is not in ${listText(live.map(({ label }) => label))}.`
}

const hoursText = (view: View, { reason, until, opensAt }: Answer): string => {
  const free = outOfScope(view, 'time', 'time windows')
  if (free !== null) return free
  const now = moment(view, view.at)
  if (reason === 'ok')
    return liftText(view, 'time') ?? `${now} is within hours, which last until ${moment(view, until)}.`
  const next = opensAt === null ? 'no hours are planned' : `hours begin again on ${moment(view, opensAt)}`
  return `${now} is outside the hours of ${subjectName(view)}; ${next}.`
}

const timetableText = (view: View, { reason }: Answer): string => {
  const free = outOfScope(view, 'time', 'time windows')
  if (free !== null) return free
  const until = moment(view, view.snapshot.knownUntil)
  return reason === 'ok'
    ? `The timetable is known until ${until}.`
    : `The timetable is known only until ${until}.`
}

const factorText = (view: View): string => {
  const factor = view.session?.factor ?? null
  if (factor === null) return 'no second factor was shown in this session'
  return `the last second factor was ${factor.method}, ${moment(view, factor.verifiedAt)}`
}

const twoFactorText = (view: View, { reason }: Answer): string => {
  const stepUp = view.route?.stepUp ?? null
  const free = stepUp === null ? outOfScope(view, 'two-factor', 'two-factor') : null
  if (free !== null) return free
  const name = subjectName(view)
  if (reason === 'two-factor-not-enrolled') return `${name} has not set up a second factor.`
  if (reason === 'two-factor-too-old') return `${name} must show a second factor again: ${factorText(view)}.`
  if (reason === 'two-factor-too-weak') return `This step asks for a passkey; ${factorText(view)}.`
  if (reason !== 'ok') return `${name} must show a second factor: ${factorText(view)}.`
  if (view.session?.factor) return `Fulfilled: ${factorText(view)}.`
  const { notFromListedNetworks } = view.snapshot.document.controls.twoFactor
  if (notFromListedNetworks && listedUntil(view) > view.at)
    return 'No second factor is asked on a listed network.'
  return 'Not asked now: a grace period or a remembered device stands in.'
}

/** Age and strength are those of a factor; without one the gates before have spoken. */
const factorProperty: Sentence = (view, answer) =>
  answer.reason === 'ok' && view.session?.factor == null
    ? 'No second factor was shown, so its age and strength are not asked.'
    : twoFactorText(view, answer)

/** The permissions of a route that the subject lacks, in the shortest way to fulfil it; blockers included. */
export const missingPermissions = (view: View): readonly string[] => {
  const permissions = view.route?.permissions ?? null
  if (permissions === null) return []
  const options = view.snapshot.document.controls.permission
  const has = (id: string): boolean =>
    view.token === null
      ? view.roles.some(({ granted }) => granted.has(id))
      : view.token.permissions.includes(id)
  const lacking = (id: string): readonly string[] =>
    requirementsOf(id, options).filter((needed) => !has(needed))
  if ('all' in permissions) return [...new Set(permissions.all.flatMap(lacking))]
  const [shortest = []] = permissions.any.map(lacking).sort((a, b) => a.length - b.length)
  return shortest
}

const permissionText = (view: View, { reason }: Answer): string => {
  if (view.member === null && view.token === null) return 'Nobody is signed in, so permissions are not asked.'
  if (view.route?.permissions == null) return 'This route asks for no permission.'
  const quoted = (ids: readonly string[]): string => ids.map((id) => `“${permissionName(id)}”`).join(' and ')
  if (reason !== 'ok') return `${subjectName(view)} lacks ${quoted(missingPermissions(view))}.`
  const { permissions } = view.route
  const asked = 'any' in permissions ? permissions.any : permissions.all
  return `${subjectName(view)} may: ${quoted(asked)}.`
}

const either =
  (passing: Sentence | string, refusing: Sentence | string): Sentence =>
  (view, answer) => {
    const chosen = answer.reason === 'ok' ? passing : refusing
    return typeof chosen === 'string' ? chosen : chosen(view, answer)
  }

const lasting =
  (what: string): Sentence =>
  (view, { until }) =>
    `${what} ${until === never ? 'has no limit here' : `lasts until ${moment(view, until)}`}.`

const sentences: { readonly [name in GateName]: Sentence } = {
  identity: either(
    (view) => `${subjectName(view)} is signed in.`,
    ({ request }) =>
      request.subject === 'indeterminate' ? 'Who asks could not be found out.' : 'Nobody is signed in.',
  ),
  held: either('The sign-in is complete.', 'The sign-in waits for a step.'),
  revoked: either(
    'Access was not revoked.',
    (view) => `Access of ${subjectName(view)} was revoked after this sign-in.`,
  ),
  ended: either('The session has not been ended.', 'The session was ended.'),
  suspended: either('The account is active.', (view) => `The account of ${subjectName(view)} is suspended.`),
  idle: either(lasting('Without traffic, the session'), 'The session was idle for too long.'),
  absolute: either(lasting('The session'), 'The session has reached its longest age.'),
  network: either(
    'The session may be used on this network.',
    (view) =>
      `The session is bound to ${view.session?.boundTo ?? 'a network'}, not to ${view.request.address.text}.`,
  ),
  practice: either(
    ({ snapshot }) => `The request concerns ${snapshot.practice.name}.`,
    'The request concerns no practice known here.',
  ),
  member: either(
    (view) => `${subjectName(view)} belongs to ${view.snapshot.practice.name}.`,
    (view) => `${subjectName(view)} does not belong to ${view.snapshot.practice.name}.`,
  ),
  address: addressText,
  timetable: timetableText,
  hours: hoursText,
  enrolled: twoFactorText,
  verified: twoFactorText,
  'factor-age': factorProperty,
  'factor-strength': factorProperty,
  route: either(
    ({ route }) =>
      route?.mapped ? 'The route is in the table.' : 'The route is not in the table, which lets it pass.',
    'The route is not in the table, and such routes are refused.',
  ),
  permission: permissionText,
  'token-expiry': either(lasting('The token'), 'The token has expired.'),
  'token-scope': either(
    'The token is meant for this route.',
    'The token is not meant for this route or method.',
  ),
  'token-address': either(
    ({ request }) => `The token may be used from ${request.address.text}.`,
    ({ request }) => `The token may not be used from ${request.address.text}.`,
  ),
}

/** The sentence for a gate's answer; ends with a full stop. */
export const gateSentence = (name: GateName, view: View, answer: Answer): string =>
  sentences[name](view, answer)
