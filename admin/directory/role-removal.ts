/**
 * Removing a role from a practice's policy, with the people who hold it given another.
 *
 * It is an edit like any other (`policy-edit.ts`). Invariant: nobody is left in a role that there is not, and people and
 * policy change in one transaction. Should the save be taken back for want of confirmation, the role is there again and
 * the people stay where they were moved. Dropping entries and windows of the role silently was refused: somebody chose
 * them.
 */
import type { Member, RoleId, UserId } from '../../policies/access-request.ts'
import type { PolicyDocument, Scope } from '../../policies/document.ts'
import type { Problem } from '../../policies/problem.ts'
import { type Deed, eventOf } from '../deed.ts'
import type { PolicyEdit } from '../policy-edit.ts'
import type { Tx } from '../store/database.ts'
import { appendEvent } from '../store/events.ts'
import { readMembers } from '../store/members.ts'
import { announceMembers } from '../store/outbox.ts'

/** How many people one removal moves at most; each has their event. */
const movedMax = 500

type Removal = {
  readonly practice: string
  readonly role: RoleId
  /** Which role its holders get; `null`: none of them needs one, since there are none. */
  readonly moveTo: RoleId | null
  readonly deed: Deed
}

const without = (scope: Scope, role: RoleId): Scope => ({
  include:
    scope.include === 'everyone'
      ? scope.include
      : { ...scope.include, roles: scope.include.roles.filter((one) => one !== role) },
  exempt: { ...scope.exempt, roles: scope.exempt.roles.filter((one) => one !== role) },
})

/** The document without the role, or what still belongs to it. */
function removed(document: PolicyDocument, role: RoleId): PolicyDocument | { readonly problems: Problem[] } {
  const lists = {
    ipEntries: 'allowlist entries',
    timeWindows: 'time windows',
    exceptions: 'closures or openings',
  }
  const problems = Object.entries(lists).flatMap(([key, words]) => {
    const items = document[key as keyof typeof lists]
    const count = items.filter(
      ({ audience }) => audience !== 'practice' && 'role' in audience && audience.role === role,
    ).length
    return count === 0
      ? []
      : [{ path: key, sentence: `${count} ${words} are for this role: change them first` }]
  })
  if (problems.length > 0) return { problems }
  const { controls } = document
  return {
    ...document,
    roles: document.roles.filter(({ id }) => id !== role),
    controls: {
      ...controls,
      ip: { ...controls.ip, scope: without(controls.ip.scope, role) },
      time: { ...controls.time, scope: without(controls.time.scope, role) },
      twoFactor: { ...controls.twoFactor, scope: without(controls.twoFactor.scope, role) },
    },
  }
}

async function move(
  tx: Tx,
  { practice, deed }: Removal,
  moved: ReadonlyMap<UserId, readonly RoleId[]>,
  before: readonly Member[],
): Promise<void> {
  if (moved.size === 0) return
  for (const [user, roles] of moved)
    await tx
      .updateTable('membership')
      .set({ roles: [...roles] })
      .where('practice', '=', practice)
      .where('user_id', '=', user)
      .execute()
  await announceMembers(tx, practice, deed.at)
  for (const member of before.filter(({ user }) => moved.has(user)))
    await appendEvent(tx, {
      ...eventOf(deed),
      practice,
      action: 'user.roles-changed',
      target: { kind: 'user', id: member.user, name: member.name },
      before: { roles: member.roles },
      after: { roles: moved.get(member.user) ?? [] },
    })
}

/** The parts of the edit that removes the role. */
export function roleRemoval(
  removal: Removal,
): Required<Pick<PolicyEdit, 'change' | 'roles' | 'isWanted' | 'alongside'>> {
  const { practice, role, moveTo, deed } = removal
  const moved = new Map<UserId, readonly RoleId[]>()
  let before: readonly Member[] = []
  return {
    roles: moved,
    // The practice is held from here on, so that nobody joins the role meanwhile.
    isWanted: async (tx) => {
      before = (await readMembers(tx, practice, deed.at))?.members ?? []
      for (const { user, roles } of before.filter((one) => one.roles.includes(role))) {
        const rest = roles.filter((one) => one !== role)
        moved.set(user, moveTo === null ? rest : [...new Set([...rest, moveTo])])
      }
      return true
    },
    change: (document) => {
      const sentence =
        moved.size > movedMax
          ? `${moved.size} people hold this role: move all but ${movedMax} first`
          : `${moved.size} people hold this role: say which role they get instead`
      if (moved.size > movedMax || (moved.size > 0 && moveTo === null))
        return { problems: [{ path: 'moveTo', sentence }] }
      if (moveTo !== null && (moveTo === role || !document.roles.some(({ id }) => id === moveTo)))
        return { problems: [{ path: 'moveTo', sentence: 'there is no such role to move them to' }] }
      return removed(document, role)
    },
    alongside: (tx) => move(tx, removal, moved, before),
  }
}
