/**
 * A member of a practice as tests need them: everything there, nothing unusual, whatever matters changed.
 */
import type { Member } from '../../policies/access-request.ts'

/** A member with nothing unusual. */
export const plainMember = (
  user: string,
  roles: readonly string[],
  change: Partial<Member> = {},
): Member => ({
  user,
  name: `Name of ${user}`,
  login: `${user}@example.test`,
  email: `${user}@example.test`,
  roles,
  suspended: false,
  epoch: 0,
  factors: [],
  enrolBy: null,
  grants: [],
  ...change,
})
