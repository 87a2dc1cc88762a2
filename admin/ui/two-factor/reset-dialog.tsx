/**
 * Reviews a reset of somebody's second factor and does it.
 *
 * It judges nothing. Invariant: it says before the act what is lost and what comes next, and asks for a reason; the
 * message afterwards follows the sequence until every gateway refuses the old sessions.
 */
import { useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { followSave } from '../parts/follow-save.tsx'
import type { Extra } from '../parts/saving.ts'
import { usePractice } from '../practice.ts'
import { type FactorStatus, topicKey } from '../queries.ts'

const route = api.practices[':practice'].users[':user']['two-factor'].reset

const reasonField = {
  label: 'Reason',
  description: 'Kept in the security events, such as “lost phone, called back at the number we know”.',
}

/** The dialog; draw it while it is open. */
export function ResetDialog({
  person,
  onClose,
}: {
  readonly person: FactorStatus
  readonly onClose: () => void
}) {
  const practice = usePractice()
  const client = useQueryClient()
  const reload = () => client.invalidateQueries({ queryKey: topicKey(practice.id) })
  const save = async ({ reason = '' }: Extra) => {
    const param = { practice: practice.id, user: person.user }
    const { sequence, sessions } = await parseResponse(route.$post({ param, json: { reason } }))
    const ended = sessions === 1 ? '1 session ended' : `${sessions} sessions ended`
    followSave(`2FA of ${person.name} is reset, ${ended}`, sequence)
    await reload()
  }
  return (
    <ConfirmDialog
      title={`Reset 2FA of ${person.name}?`}
      act="Reset 2FA"
      danger
      needsReason
      reasonField={reasonField}
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <p>
        Removes their authenticator and recovery codes, signs them out everywhere
        {person.requiredBy === null
          ? '; a password is enough for them until they set one up again.'
          : '; they set it up again at the next sign-in.'}
      </p>
      <p className="gh-faint">
        Until then their password alone stands between a stranger and a new second factor: make sure it is
        really {person.name} who asks.
      </p>
    </ConfirmDialog>
  )
}
