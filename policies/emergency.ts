/**
 * Who may use emergency access, and whether somebody does just now.
 *
 * It grants nothing (`admin/emergency-access.ts`) and lifts nothing (`gates.ts`). Invariant: the practice's switch and the
 * permission `gw.break-glass` must both say so, for a member who is not suspended. One function for both planes, so that
 * nobody is offered what would then be refused.
 */
import type { Member } from './access-request.ts'
import type { PolicyDocument } from './document.ts'
import { type Instant, never } from './instant.ts'
import { holdsByRoles } from './permissions.ts'

/** The permission to use emergency access. */
const emergencyPermission = 'gw.break-glass'

/** Whether a member of the document's practice may use emergency access. */
export function mayUseEmergency(
  { emergency, roles, controls }: PolicyDocument,
  member: Pick<Member, 'roles' | 'suspended'>,
): boolean {
  if (!emergency.allowed || member.suspended) return false
  return holdsByRoles({ roles, controls }, member, emergencyPermission)
}

/** Until when emergency access of the member's is on at `at`; `null`: none is. */
export function emergencyUntil({ grants }: Pick<Member, 'grants'>, at: Instant): Instant | null {
  const ends = grants
    .filter(({ kind, startsAt, endsAt }) => kind === 'break-glass' && startsAt <= at && at < endsAt)
    .map(({ endsAt }) => endsAt)
  return ends.length === 0 ? null : Math.min(never, Math.max(...ends))
}
