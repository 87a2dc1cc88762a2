/**
 * The ways to decide a request that waits: yes for the standard time, yes otherwise, no, no with a note.
 *
 * The dialogs are `decision-dialog.tsx`. Invariant: the one-click approval says on its button how long it lasts; what a
 * click is refused with leads to the dialog and is never lost.
 */
import { Button } from '@mantine/core'
import { useState } from 'react'
import { problemOf } from '../problem.ts'
import type { AccessRequest } from '../queries.ts'
import { lengthText } from '../times.ts'
import { type Ask, coverage } from './decision-dialog.tsx'
import { useDecisions } from './decisions.ts'

/** The buttons. `standardMs`: how long an approval lasts by the practice's setting. */
export function RequestActs(props: {
  readonly request: AccessRequest
  readonly standardMs: number
  readonly onAsk: Ask
}) {
  const { request, standardMs, onAsk } = props
  const { approve, deny } = useDecisions()
  const [busy, setBusy] = useState<'approve' | 'deny' | null>(null)
  const { name } = request.user
  const approval = `Approve for ${lengthText(standardMs)}`
  const decide = async (act: 'approve' | 'deny') => {
    setBusy(act)
    try {
      await (act === 'approve' ? approve(request, { durationMs: 'standard' }) : deny(request))
    } catch (error) {
      onAsk(act, request, problemOf(error))
    } finally {
      setBusy(null)
    }
  }
  return (
    <>
      <Button
        size="compact-sm"
        loading={busy === 'approve'}
        disabled={busy === 'deny'}
        title={coverage(request)}
        aria-label={`${approval}: ${name}`}
        onClick={() => void decide('approve')}
      >
        {approval}
      </Button>
      <Button
        size="compact-sm"
        variant="default"
        aria-label={`Other grant for ${name}`}
        onClick={() => onAsk('approve', request)}
      >
        Other grant
      </Button>
      <Button
        size="compact-sm"
        variant="default"
        color="red"
        loading={busy === 'deny'}
        disabled={busy === 'approve'}
        aria-label={`Deny ${name}`}
        onClick={() => void decide('deny')}
      >
        Deny
      </Button>
      <Button
        size="compact-sm"
        variant="subtle"
        color="red"
        aria-label={`Deny with a note: ${name}`}
        onClick={() => onAsk('deny', request)}
      >
        Deny with a note
      </Button>
    </>
  )
}
