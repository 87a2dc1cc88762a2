/**
 * Whether somebody must have sealed codes made before a control is enforced (SPEC §4): where nobody else could take the
 * change back once its author is out.
 *
 * The lockout guard judges what is known: addresses of 30 days and hours of today. Invariant: when address or hours begin
 * to be enforced by a sole security admin, or the address by one who keeps coming from new addresses, an own account that
 * may edit the practice's settings has an unused code. Typing the practice's name does not override it: that is for
 * somebody who knows a way back. Asking people of the application for codes of their own was refused: a code opens an own
 * account, and one that may edit the practice is a way back for all of them.
 */
import type { Member } from '../policies/access-request.ts'
import { networkOf, parseAddress, rangeText } from '../policies/address.ts'
import type { PolicyDocument } from '../policies/document.ts'
import type { Deed } from './deed.ts'
import { securityAdmins, securityPermission } from './directory/security-admins.ts'
import { listAddresses } from './store/address-use.ts'
import type { Rows } from './store/database.ts'

/** A change of policy that somebody makes. `members`: as they would be. */
export type CodesQuestion = {
  readonly before: PolicyDocument
  readonly after: PolicyDocument
  readonly members: readonly Member[]
  readonly deed: Deed
}

/** From so many networks within 30 days, an address is one that changes: an office, a home and one more. */
const changingNetworks = 3

const turnsOn = (control: 'ip' | 'time', { before, after }: CodesQuestion): boolean =>
  before.controls[control].mode !== 'enforce' && after.controls[control].mode === 'enforce'

async function hasChangingAddress(rows: Rows, { deed }: CodesQuestion): Promise<boolean> {
  const used = (await listAddresses(rows, [deed.actor.id], deed.at)).get(deed.actor.id) ?? []
  const networks = new Set(
    [...used, ...(deed.address ? [deed.address] : [])].flatMap((text) => {
      const address = parseAddress(text)
      return address === null ? [] : [rangeText(networkOf(address))]
    }),
  )
  return networks.size >= changingNetworks
}

/** Whether an own account that is not suspended and may edit a practice's settings has an unused sealed code. */
async function someCodeOpens(rows: Rows, practice: string): Promise<boolean> {
  const found = await rows
    .selectFrom('sealed_code as c')
    .innerJoin('admin_account as a', 'a.id', 'c.account')
    .leftJoin('admin_grant as g', (join) =>
      join.onRef('g.account', '=', 'a.id').on('g.practice', '=', practice),
    )
    .select('g.permissions')
    .select('a.every_practice')
    .where('c.used_at', 'is', null)
    .where('a.suspended', '=', false)
    .distinct()
    .execute()
  return found.some(
    ({ every_practice, permissions }) =>
      every_practice || (permissions?.includes(securityPermission) ?? false),
  )
}

/** Whether codes must be made before the change is saved. Machines and operators are asked for none. */
export async function needsCodesFirst(rows: Rows, change: CodesQuestion): Promise<boolean> {
  const { after, members, deed } = change
  if (deed.actor.kind !== 'user' && deed.actor.kind !== 'admin') return false
  const ip = turnsOn('ip', change)
  if (!ip && !turnsOn('time', change)) return false
  const isSole = securityAdmins(after, members).every(({ user }) => user === deed.actor.id)
  if (!isSole && !(ip && (await hasChangingAddress(rows, change)))) return false
  return !(await someCodeOpens(rows, after.practice.id))
}

/** What is said to whoever has to have codes made first. */
export const codesFirstSentence =
  'Nobody else could take this back if it shuts you out. First make sealed break-glass codes and lock them away: an own account makes its own, or the operator of Gatehouse prints them (gatehouse break-glass codes). Then save again.'
