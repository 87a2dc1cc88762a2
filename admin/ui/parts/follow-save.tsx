/**
 * What became of a save: saved, published, active everywhere after so many milliseconds.
 *
 * A message that follows one sequence; the newest state of the practice is the shell's badge. Invariant: "active
 * everywhere" is said only when every live gateway has acknowledged; until then the message stays.
 */
import { notifications } from '@mantine/notifications'
import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { type PublishState, publishQuery } from '../queries.ts'
import { spanText } from '../times.ts'

const shownMs = 7_000

/** How far a save has come, in words; `closes`: how many open connections end with it. */
export function publishSentence(state: PublishState, closes = 0): string {
  if (state.gateways === 0) return 'Saved. No gateway is running: it is enforced as soon as one starts.'
  if (state.state === 'everywhere') {
    const after = state.everywhereAfterMs === null ? '' : ` after ${spanText(state.everywhereAfterMs)}`
    const closed =
      closes === 0 ? '' : `, ${closes === 1 ? '1 live connection' : `${closes} live connections`} closed`
    return `Active everywhere${after}${closed}`
  }
  return state.state === 'saved'
    ? 'Saved, not yet enforced …'
    : `On its way: ${state.active} of ${state.gateways} gateways …`
}

function Progress(props: { readonly id: string; readonly sequence: number; readonly closes: number }) {
  const { id, sequence, closes } = props
  const { data, isError } = useQuery(publishQuery(sequence))
  const isDone = isError || data?.state === 'everywhere' || data?.gateways === 0
  useEffect(() => {
    if (!isDone) return
    const timer = setTimeout(() => notifications.hide(id), shownMs)
    return () => clearTimeout(timer)
  }, [isDone, id])
  if (isError) return 'Saved.'
  return <span className="gh-numbers">{data === undefined ? 'Saved …' : publishSentence(data, closes)}</span>
}

/** Shows a message titled `title` that follows the sequence of a save; `closes`: open connections that end with it. */
export function followSave(title: string, sequence: number, closes = 0): void {
  const id = `save-${sequence}-${title}`
  notifications.show({
    id,
    title,
    message: <Progress id={id} sequence={sequence} closes={closes} />,
    autoClose: false,
    withBorder: true,
    closeButtonProps: { 'aria-label': 'Close message' },
  })
}
