/**
 * Decides a request after a look: approve for a time of one's own choice, deny with a note, take an approval back.
 *
 * The practice's standard time needs no dialog (`request-row.tsx`). Invariant: what an approval covers is said before
 * it is given; the note is marked as what the person will read.
 */
import { NativeSelect } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { followSave } from '../parts/follow-save.tsx'
import type { Extra } from '../parts/saving.ts'
import { usePractice } from '../practice.ts'
import type { ShownProblem } from '../problem.ts'
import { type AccessRequest, topicKey } from '../queries.ts'
import { lengthText } from '../times.ts'
import { tellRejected } from './rejected-message.ts'

/** A decision to be reviewed. `problem`: the refusal of a one-click approval that led here. */
export type Asked = {
  readonly act: 'approve' | 'deny' | 'withdraw'
  readonly request: AccessRequest
  readonly problem: ShownProblem | null
}

const route = api.practices[':practice']['access-requests'][':id']
const dayMs = 86_400_000
const offeredMs: readonly number[] = [dayMs / 2, dayMs, 7 * dayMs, 30 * dayMs, 90 * dayMs]

const toBeRead = {
  label: 'Note',
  description: 'Optional; shown to the person and kept in the security events.',
}

const verbs = { approve: 'Approve', deny: 'Deny', withdraw: 'Take back' } as const
const titles = {
  approve: (name: string) => `Approve the request of ${name}`,
  deny: (name: string) => `Deny the request of ${name}`,
  withdraw: (name: string) => `Take back the approval of ${name}?`,
} as const

/** What an approval gives, in one sentence. */
export const coverage = ({ kind, network, user }: AccessRequest): string =>
  kind === 'ip'
    ? `${user.name} may come from ${network}. Nobody else may, and no other control is lifted for them.`
    : `${user.name} may come at any hour. Nobody else may, and no other control is lifted for them.`

/** The dialog; draw it while it is open. */
export function DecisionDialog(props: {
  readonly asked: Asked
  readonly standardMs: number
  readonly onClose: () => void
}) {
  const { asked, standardMs, onClose } = props
  const { request, act } = asked
  const practice = usePractice()
  const client = useQueryClient()
  const [length, setLength] = useState('standard')
  const reload = () => client.invalidateQueries({ queryKey: topicKey(practice.id) })
  const param = { practice: practice.id, id: request.id }
  const save = async ({ reason = '' }: Extra) => {
    if (act === 'deny') {
      await parseResponse(route.reject.$post({ param, json: { note: reason } }))
      tellRejected(request.user.name)
    } else if (act === 'withdraw') {
      const json = reason === '' ? {} : { reason }
      const { sequence } = await parseResponse(route.withdraw.$post({ param, json }))
      if (sequence !== null) followSave(`The approval of ${request.user.name} is taken back`, sequence)
    } else {
      const durationMs = length === 'standard' ? length : length === 'never' ? null : Number(length)
      const { sequence } = await parseResponse(
        route.approve.$post({ param, json: { durationMs, note: reason } }),
      )
      if (sequence !== null) followSave(`${request.user.name} may come in`, sequence)
    }
    await reload()
  }
  return (
    <ConfirmDialog
      title={titles[act](request.user.name)}
      act={verbs[act]}
      danger={act !== 'approve'}
      {...(act === 'withdraw' ? {} : { reasonField: toBeRead })}
      firstProblem={asked.problem}
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      {act === 'withdraw' && <p>From their next request on they come in only where others may as well.</p>}
      {act === 'deny' && <p>They see that it was denied, with your note, and may ask again after a while.</p>}
      {act === 'approve' && (
        <>
          <p>{coverage(request)}</p>
          <NativeSelect
            label="For how long"
            value={length}
            onChange={(event) => setLength(event.currentTarget.value)}
          >
            <option value="standard">{lengthText(standardMs)} (standard)</option>
            {offeredMs
              .filter((ms) => ms !== standardMs)
              .map((ms) => (
                <option key={ms} value={ms}>
                  {lengthText(ms)}
                </option>
              ))}
            <option value="never">Without end</option>
          </NativeSelect>
        </>
      )}
    </ConfirmDialog>
  )
}
