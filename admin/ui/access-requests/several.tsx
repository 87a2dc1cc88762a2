/**
 * Deciding several requests alike: the buttons, the dialog for a length or a note, and who could not be decided.
 *
 * Each gets what its own request asks for, never more (`decision-dialog.tsx` gives more). Invariant: what could not be
 * decided is named with the reason and stays in the list; the rest goes on.
 */
import { Alert, Button, type ButtonProps } from '@mantine/core'
import { useState } from 'react'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { useOpened } from '../parts/opened.ts'
import { problemOf, type ShownProblem } from '../problem.ts'
import type { AccessRequest } from '../queries.ts'
import { lengthText } from '../times.ts'
import { type Several, type Undecided, useDecisions } from './decisions.ts'
import { LengthField, lengthOf, standardLength } from './length-field.tsx'

const atOnceMax = 100

/** What several are asked to become; `problem`: the refusal of a click that led here. */
type Asked = { readonly decision: Several['decision']; readonly problem: ShownProblem | null }

/** The dialogs by what they are called in the address. */
const dialogs = { approve: 'approve-all', reject: 'deny-all' } as const
const decisions = ['approve', 'reject'] as const

function SeveralDialog(props: {
  readonly requests: readonly AccessRequest[]
  readonly asked: Asked
  readonly standardMs: number
  readonly decide: (wish: Several) => Promise<void>
  readonly onClose: () => void
}) {
  const { asked, requests } = props
  const { renew } = useDecisions()
  const [length, setLength] = useState(standardLength)
  const isApproval = asked.decision === 'approve'
  const names = [...new Set(requests.map(({ user }) => user.name))].join(', ')
  return (
    <ConfirmDialog
      title={`${isApproval ? 'Approve' : 'Deny'} ${requests.length} requests`}
      act={isApproval ? 'Approve' : 'Deny'}
      danger={!isApproval}
      reasonField={{ label: 'Note', description: 'Optional; shown to each of them and kept in the events.' }}
      firstProblem={asked.problem}
      save={({ reason = '' }) =>
        props.decide({
          decision: asked.decision,
          note: reason,
          ...(isApproval ? { durationMs: lengthOf(length) } : {}),
        })
      }
      reload={() => void renew()}
      onClose={props.onClose}
    >
      <p>
        {names}:{' '}
        {isApproval
          ? 'each gets what they asked for, and nobody else does.'
          : 'each sees that it was denied.'}
      </p>
      {isApproval && <LengthField chosen={length} standardMs={props.standardMs} set={setLength} />}
    </ConfirmDialog>
  )
}

/** Says who could not be decided. */
export function UndecidedNotice(props: {
  readonly undecided: readonly (Undecided & { readonly name: string })[]
  readonly onClose: () => void
}) {
  if (props.undecided.length === 0) return null
  return (
    <Alert
      color="red"
      variant="outline"
      className="gh-notice gh-undecided"
      title={`${props.undecided.length} could not be decided`}
      role="alert"
      withCloseButton
      closeButtonLabel="Close the notice"
      onClose={props.onClose}
    >
      <ul className="gh-plain-list">
        {props.undecided.map(({ id, name, sentence }) => (
          <li key={id}>
            <strong>{name}</strong>: {sentence}
          </li>
        ))}
      </ul>
    </Alert>
  )
}

type SeveralProps = {
  /** Which of them, as the address calls it. */
  readonly scope: string
  readonly requests: readonly AccessRequest[]
  readonly standardMs: number
  readonly onUndecided: (undecided: readonly Undecided[]) => void
  readonly onDone: () => void
}

/** Decides at once, or after a dialog; what a click is refused with opens the dialog. */
function useSeveral({ scope, requests, onUndecided, onDone }: SeveralProps) {
  const { decide } = useDecisions()
  const [busy, setBusy] = useState<Several['decision'] | null>(null)
  const { name, id, open, openWith, problem, close } = useOpened()
  const decision = decisions.find((one) => dialogs[one] === name && id === scope)
  const settle = async (wish: Several) => {
    onUndecided(
      await decide(
        requests.map(({ id }) => id),
        wish,
      ),
    )
    onDone()
  }
  const click = async (wanted: Several['decision']) => {
    setBusy(wanted)
    try {
      await settle({ decision: wanted })
    } catch (error) {
      openWith(dialogs[wanted], scope, problemOf(error))
    } finally {
      setBusy(null)
    }
  }
  const ask = (wanted: Several['decision']) => open(dialogs[wanted], scope)
  const asked: Asked | null = decision === undefined ? null : { decision, problem }
  return { busy, asked, settle, click, ask, close }
}

/** The buttons for `requests`; `what` ends their names, such as "all 3 of 198.51.100.23/32". */
export function SeveralActs(props: SeveralProps & { readonly what: string }) {
  const { standardMs, what } = props
  const requests = props.requests.slice(0, atOnceMax)
  const { busy, asked, settle, click, ask, close } = useSeveral({ ...props, requests })
  const button = (name: string, act: () => void, look: ButtonProps = {}) => (
    <Button size="compact-sm" variant="default" aria-label={`${name}: ${what}`} onClick={act} {...look}>
      {name}
    </Button>
  )
  return (
    <>
      {button(`Approve for ${lengthText(standardMs)}`, () => void click('approve'), {
        variant: 'filled',
        loading: busy === 'approve',
      })}
      {button('Other time', () => ask('approve'))}
      {button('Deny', () => void click('reject'), { loading: busy === 'reject' })}
      {button('Deny with a note', () => ask('reject'), { variant: 'subtle', color: 'red' })}
      {asked !== null && (
        <SeveralDialog
          key={asked.decision}
          requests={requests}
          asked={asked}
          standardMs={standardMs}
          decide={settle}
          onClose={close}
        />
      )}
    </>
  )
}
