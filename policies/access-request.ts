/**
 * All that a decision may look at: method, route, address, practice, subject. No clock, socket, store or promise.
 *
 * The gateway composes it per request from its mirrors; the control plane composes it for simulations and
 * impact previews. A subject is seen *through one practice*: `decideEvery` / `decideAny` combine several.
 */
import type { Address } from './address.ts'
import type { Instant } from './instant.ts'
import type { RouteId } from './routes.ts'

/** A practice's id: 1–64 of `a-z 0-9 -`, first a letter or digit. The tenant. */
export type PracticeId = string
/** A user's id in the directory (opaque, `usr_…`). */
export type UserId = string
/** A role's id, unique within its practice: 1–64 of `a-z 0-9 -`. */
export type RoleId = string
/** A permission's id from the catalogue (`permissions.json`) or one of Gatehouse's own (`gw.…`). */
export type PermissionId = string

/**
 * The second factors known, weakest first; `app` and `google` are trusted from elsewhere where ticked. An
 * `unvouched-passkey` was made after showing something that a look-alike site can ask for, so it counts as a code.
 */
export type FactorMethod =
  | 'sms'
  | 'recovery-code'
  | 'app'
  | 'google'
  | 'totp'
  | 'unvouched-passkey'
  | 'passkey'

/** A proved second factor of a session: how and when last. */
export type VerifiedFactor = { readonly method: FactorMethod; readonly verifiedAt: Instant }

/** Leave to pass one control for a while, given by an approval, a "stay late" or an emergency (SPEC §5, §6, §11). */
export type Grant = {
  readonly id: string
  /** `ip` and `time` lift only that control; `break-glass` lifts both. */
  readonly kind: 'ip' | 'time' | 'break-glass'
  /** For `ip`: the range it holds for, as CIDR text. `null` otherwise. */
  readonly range: string | null
  readonly startsAt: Instant
  /** `never` where an admin chose no expiry. */
  readonly endsAt: Instant
}

/** What the directory says of one user in one practice. The truth for roles, suspension and revocation. */
export type Member = {
  readonly user: UserId
  /** The name that people read in lists and events. */
  readonly name: string
  /** The login name in lower case. */
  readonly login: string
  readonly email: string | null
  readonly roles: readonly RoleId[]
  readonly suspended: boolean
  /** Raised by one at each revocation; a session of a lower epoch is refused (SPEC §2). */
  readonly epoch: number
  /** Methods enrolled with the gateway; empty: none. */
  readonly factors: readonly FactorMethod[]
  /** Until when an unenrolled but required user still passes; `null`: no grace running. */
  readonly enrolBy: Instant | null
  readonly grants: readonly Grant[]
}

/** A signed-in person as one practice sees them. */
export type Session = {
  readonly kind: 'session'
  /** A reference that is safe to log; no bearer. */
  readonly id: string
  readonly user: UserId
  /** The member record in the practice asked about; `null`: not a member there. */
  readonly member: Member | null
  /** Epoch of the proved sign-in for this practice; 0 for an adopted cookie. */
  readonly epoch: number
  /** A successful sign-in that waits for a step; refused on every route (SPEC §2). */
  readonly held: boolean
  /** Ended early by sign-out, the app, or revocation of this one session. */
  readonly ended: boolean
  readonly startedAt: Instant
  /** The last user traffic (not frames, SSE or `background` routes); timeouts per role are the policy's. */
  readonly lastSeenAt: Instant
  /** The strongest recent second factor; `null`: level "password". */
  readonly factor: VerifiedFactor | null
  /** Until when "remember this device" stands in for a second factor in this practice; `null`: it does not. */
  readonly deviceTrustedUntil: Instant | null
  /** The network the session is bound to where the practice binds sessions, as CIDR text; `null`: not bound. */
  readonly boundTo: string | null
}

/** A machine with a token of its own (SPEC §11): exempt from two-factor and time, not from revocation. */
export type ServiceToken = {
  readonly kind: 'token'
  readonly id: string
  readonly practice: PracticeId
  readonly routes: readonly RouteId[] | 'anything'
  readonly methods: readonly string[] | 'anything'
  /** CIDR texts; `'anywhere'` must be spelled (L6). */
  readonly ranges: readonly string[] | 'anywhere'
  readonly permissions: readonly PermissionId[]
  readonly revoked: boolean
  readonly expiresAt: Instant
}

/** Who asks. `anonymous`: nobody, certainly. `indeterminate`: it could not be found out. */
export type AccessSubject = Session | ServiceToken | 'anonymous' | 'indeterminate'

/** One question to `decide`. */
export type AccessRequest = {
  readonly method: string
  readonly route: RouteId
  readonly address: Address
  readonly practice: PracticeId
  readonly subject: AccessSubject
}
