/**
 * What became of a save: saved, published, active everywhere after so many milliseconds.
 *
 * A message that follows one sequence, with a way to undo where the API has one; the newest state of the practice is the
 * shell's badge. Invariant: "active everywhere" is said only when every live gateway has acknowledged; until then the
 * message stays. An undo that is refused says why, and is not tried again by itself.
 */
import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useEffect, useState } from 'react'
import { problemOf } from '../problem.ts'
import { type PublishState, publishQuery } from '../queries.ts'
import { spanText } from '../times.ts'
import { showMessage } from './told.ts'

const shownMs = 7_000
const undoableMs = 15_000

/** How far a save has come, in words; `ends`: how many open connections end with it. */
export function publishSentence(state: PublishState, ends = 0): string {
  if (state.gateways === 0) return 'Saved. No gateway is running: it is enforced as soon as one starts.'
  if (state.state === 'everywhere') {
    const after = state.everywhereAfterMs === null ? '' : ` after ${spanText(state.everywhereAfterMs)}`
    const ended =
      ends === 0 ? '' : `, ${ends === 1 ? '1 live connection' : `${ends} live connections`} closed`
    return `Active everywhere${after}${ended}`
  }
  return state.state === 'saved'
    ? 'Saved, not yet enforced …'
    : `On its way: ${state.active} of ${state.gateways} gateways …`
}

function Progress(props: {
  readonly id: string
  readonly sequence: number
  readonly staysMs: number
  readonly ends: number
}) {
  const { id, sequence, staysMs, ends } = props
  const { data, isError } = useQuery(publishQuery(sequence))
  const isDone = isError || data?.state === 'everywhere' || data?.gateways === 0
  useEffect(() => {
    if (!isDone) return
    const timer = setTimeout(() => notifications.hide(id), staysMs)
    return () => clearTimeout(timer)
  }, [isDone, id, staysMs])
  if (isError) return 'Saved.'
  return <span className="gh-numbers">{data === undefined ? 'Saved …' : publishSentence(data, ends)}</span>
}

/** Takes back what was just saved; rejects with the API's problem. */
export type Undo = () => Promise<void>

function UndoButton({
  id,
  title,
  undo,
}: {
  readonly id: string
  readonly title: string
  readonly undo: Undo
}) {
  const [isBusy, setBusy] = useState(false)
  const [refused, setRefused] = useState<string | null>(null)
  const run = async () => {
    setBusy(true)
    try {
      await undo()
      notifications.hide(id)
    } catch (error) {
      const { title: what, detail } = problemOf(error)
      setRefused(`${what}. ${detail}`)
    } finally {
      setBusy(false)
    }
  }
  if (refused !== null)
    return (
      <span role="alert" className="gh-sub">
        Not undone: {refused}
      </span>
    )
  return (
    <Button size="compact-xs" variant="default" loading={isBusy} onClick={() => void run()}>
      Undo
      <span className="gh-unseen"> {title}</span>
    </Button>
  )
}

/** Shows a message; with `undo` it stays until it is closed or has followed its save. */
function show(id: string, title: string, message: ReactNode, undo: Undo | undefined, closes: number | false) {
  showMessage({
    id,
    title,
    message: (
      <span className="gh-toast">
        {message}
        {undo !== undefined && <UndoButton id={id} title={title} undo={undo} />}
      </span>
    ),
    autoClose: closes,
    withBorder: true,
    closeButtonProps: { 'aria-label': 'Close message' },
  })
}

/** Shows a message titled `title` that follows the sequence of a save; `ends`: open connections that end with it. */
export function followSave(title: string, sequence: number, undo?: Undo, ends = 0): void {
  const id = `save-${sequence}-${title}`
  show(
    id,
    title,
    <Progress id={id} sequence={sequence} staysMs={undo === undefined ? shownMs : undoableMs} ends={ends} />,
    undo,
    false,
  )
}

/** Shows a message about what gateways need not hear of. */
export function tell(title: string, message: string, undo?: Undo): void {
  show(`told-${title}`, title, message, undo, undo === undefined ? shownMs : undoableMs)
}
