/**
 * A security event as OCSF 1.3 (https://schema.ocsf.io): Authentication for sign-ins and factors, Account Change for people
 * and roles, Entity Management for everything else that was changed.
 *
 * A mapping and no more: what has no place there is kept whole under `unmapped`, number and hash included, so that a chain
 * can be checked from what a receiver stored. A mapping to CEF or LEEF was left out: OCSF is what receivers convert from.
 */

import type { ListedEvent } from '../store/events.ts'
import { knownActions } from './event-actions.ts'

type Class = {
  readonly uid: number
  readonly name: string
  readonly category: number
  readonly activity: number
}

const authentication = (activity: number): Class => ({
  uid: 3002,
  name: 'Authentication',
  category: 3,
  activity,
})
const accountChange = (activity: number): Class => ({
  uid: 3001,
  name: 'Account Change',
  category: 3,
  activity,
})
const entity = (activity: number): Class => ({ uid: 3004, name: 'Entity Management', category: 3, activity })

const [create, update, remove, other] = [1, 3, 4, 99]
const [logon, logoff] = [1, 2]

const exact: Readonly<Record<string, Class>> = {
  'session.opened': authentication(logon),
  'session.adopted': authentication(logon),
  'session.ended': authentication(logoff),
  'session.revoked': authentication(logoff),
  'admin.signed-in': authentication(logon),
  'admin.signed-out': authentication(logoff),
  'admin.sign-in-failed': authentication(logon),
  'user.sign-in-failed': authentication(logon),
  'user.provisioned': accountChange(create),
}

function classOf(action: string): Class {
  const known = exact[action]
  if (known !== undefined) return known
  const group = knownActions.get(action)?.group
  if (group === 'sessions' || group === 'two-factor') return authentication(other)
  if (group === 'people' || group === 'roles' || group === 'admins') return accountChange(other)
  if (/\.(added|created|asked|imported)$/.test(action)) return entity(create)
  if (/\.(removed|withdrawn|forgotten)$/.test(action)) return entity(remove)
  return entity(update)
}

/** Whether an action is something that went wrong, or was tried and refused. */
export const isFailure = (action: string): boolean => /failed$|mismatch$/.test(action)

/** The event as an OCSF object. `time` in milliseconds since the epoch. */
export function ocsfOf(event: ListedEvent): Readonly<Record<string, unknown>> {
  const { uid, name, category, activity } = classOf(event.action)
  const failed = isFailure(event.action)
  const person = event.target?.kind === 'user' ? event.target : event.actor
  return {
    class_uid: uid,
    class_name: name,
    category_uid: category,
    activity_id: activity,
    type_uid: uid * 100 + activity,
    severity_id: failed ? 3 : 1,
    status_id: failed ? 2 : 1,
    time: event.at,
    message: knownActions.get(event.action)?.meaning ?? event.action,
    metadata: {
      version: '1.3.0',
      uid: `${event.practice}#${event.seq}`,
      sequence: event.seq,
      event_code: event.action,
      product: { name: 'Gatehouse', vendor_name: 'Gatehouse' },
      tenant_uid: event.practice,
      ...(event.requestId === null ? {} : { correlation_uid: event.requestId }),
    },
    actor: { user: { uid: event.actor.id, name: event.actor.name, type: event.actor.kind } },
    user: { uid: person.id, name: person.name },
    ...(event.target === null
      ? {}
      : { entity: { uid: event.target.id, name: event.target.name, type: event.target.kind } }),
    ...(event.address === null ? {} : { src_endpoint: { ip: event.address } }),
    ...(event.reason === null ? {} : { comment: event.reason }),
    unmapped: event,
  }
}
