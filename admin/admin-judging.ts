/**
 * The one question that the admin plane puts to a practice's policy: may this person be here now, from this address.
 *
 * Asked at each request to the admin origin (`api/admission.ts`), before a save (`lockout.ts`) and before a confirmation
 * (`commit-confirm.ts`), so that none of them can disagree with another or with the gateways: it is `decide` that
 * answers. Invariant: an own account is a member without roles, so only what concerns everyone concerns it.
 */
import type { Member, Session } from '../policies/access-request.ts'
import type { Address } from '../policies/address.ts'
import { decide } from '../policies/decide.ts'
import type { Decision } from '../policies/decision.ts'
import type { Instant } from '../policies/instant.ts'
import type { RouteRequirement } from '../policies/routes.ts'
import type { PolicySnapshot } from '../policies/snapshot.ts'
import type { Actor } from './store/events.ts'

/** Any page of staff: nothing is asked of it but the practice's own controls. */
const anyPage: RouteRequirement = {
  id: 'GET /',
  class: 'staff',
  stepUp: null,
  permissions: null,
  mapped: true,
  unmapped: 'report',
  paths: 'lenient',
}

/** The routes of a snapshot that `decideForAdmin` is asked about. */
export const adminRoutes: ReadonlyMap<string, RouteRequirement> = new Map([[anyPage.id, anyPage]])

/** What a practice's policy says of a session at `address`; the snapshot was loaded with `adminRoutes`. */
export const decideForAdmin = (
  snapshot: PolicySnapshot,
  subject: Session,
  address: Address,
  at: Instant,
): Decision =>
  decide(snapshot, { method: 'GET', route: anyPage.id, address, practice: snapshot.practice.id, subject }, at)

/**
 * A session that nothing but the address and the hour can be held against. The factor in it is no claim that there is
 * one: whoever has it can show it, and whether the others could set one up is asked apart (`lockout.ts`).
 */
export const flawlessSession = (member: Member, at: Instant): Session => ({
  kind: 'session',
  id: 'admin-plane',
  user: member.user,
  member,
  epoch: member.epoch,
  held: false,
  ended: false,
  startedAt: at,
  lastSeenAt: at,
  factor: { method: 'passkey', verifiedAt: at },
  deviceTrustedUntil: null,
  boundTo: null,
})

/**
 * An own account of the admin plane, as a member without roles: only what concerns everyone concerns it. It signs in
 * here and not through a gateway, so no second factor of the practice is ever asked of it: it stands as if it had one.
 */
export const standIn = ({ id, name }: Pick<Actor, 'id' | 'name'>): Member => ({
  user: id,
  name,
  login: id,
  email: null,
  roles: [],
  suspended: false,
  epoch: 0,
  factors: ['passkey'],
  enrolBy: null,
  grants: [],
})
