/**
 * Reviews a revocation and does it: one session, a user, or everyone but the admin.
 *
 * It judges nothing. Invariant: it says before the act whom it meets and what brings them back; afterwards the message
 * follows the sequence until every gateway refuses them.
 */
import { Checkbox } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { followSave } from '../parts/follow-save.tsx'
import type { Extra } from '../parts/saving.ts'
import { usePractice } from '../practice.ts'
import { type ActiveUser, type Session, topicKey } from '../queries.ts'

/** What is to be revoked. */
export type Revocation =
  | { readonly of: 'all-but-mine' }
  | { readonly of: 'user'; readonly user: ActiveUser }
  | { readonly of: 'session'; readonly user: ActiveUser; readonly session: Session }

const routes = api.practices[':practice']

const titleOf = (revocation: Revocation): string => {
  if (revocation.of === 'all-but-mine') return 'Revoke everyone but you?'
  return revocation.of === 'user'
    ? `Revoke ${revocation.user.name}?`
    : `Revoke a session of ${revocation.user.name}?`
}

function explain(revocation: Revocation, practice: string): string {
  if (revocation.of === 'all-but-mine')
    return `Everyone but you loses access to ${practice} at once, open streams included, until they sign in again.`
  const { user } = revocation
  if (revocation.of === 'session')
    return `Their session on ${revocation.session.device} from ${revocation.session.address} ends at once, its streams included. Other sessions go on.`
  const elsewhere = user.otherPractices > 0 ? ' Their access to other practices is untouched.' : ''
  return `Every session of theirs loses access to ${practice} at once, open streams included, until they sign in again.${elsewhere}`
}

function send(revocation: Revocation, practice: string, body: Extra & { readonly block?: boolean }) {
  const { block = false, ...rest } = body
  const reason = rest.reason === undefined ? {} : { reason: rest.reason }
  if (revocation.of === 'all-but-mine')
    return parseResponse(
      routes['active-users']['revoke-all-but-mine'].$post({ param: { practice }, json: reason }),
    )
  if (revocation.of === 'user')
    return parseResponse(
      routes.users[':user'].revoke.$post({
        param: { practice, user: revocation.user.user },
        json: { ...reason, block },
      }),
    )
  return parseResponse(
    routes.sessions[':id'].revoke.$post({ param: { practice, id: revocation.session.id }, json: reason }),
  )
}

/** The dialog; draw it while it is open. */
export function RevokeDialog(props: { readonly revocation: Revocation; readonly onClose: () => void }) {
  const { revocation, onClose } = props
  const practice = usePractice()
  const client = useQueryClient()
  const [block, setBlock] = useState(false)
  const reload = () => client.invalidateQueries({ queryKey: topicKey(practice.id) })
  const save = async (extra: Extra) => {
    const { sequence, sessions } = await send(revocation, practice.id, { ...extra, block })
    const ended = sessions === 1 ? '1 session ended' : `${sessions} sessions ended`
    followSave(revocation.of === 'all-but-mine' ? ended : `${revocation.user.name}: ${ended}`, sequence)
    await reload()
  }
  return (
    <ConfirmDialog
      title={titleOf(revocation)}
      act="Revoke"
      danger
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <p>{explain(revocation, practice.name)}</p>
      {revocation.of === 'user' && (
        <Checkbox
          label="Block them as well"
          description="They are suspended in this practice: signing in again does not help until an admin lets them rejoin."
          checked={block}
          onChange={(event) => setBlock(event.currentTarget.checked)}
        />
      )}
    </ConfirmDialog>
  )
}
