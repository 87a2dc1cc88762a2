/**
 * The end of a list that is shown a page at a time: where one is, back, on.
 *
 * Which page that is, its caller counts and keeps in the address: pages with a number, or cursors whose place is not in
 * the address. Lists whose address has the cursor and the place of its first row have `pager.tsx`. Invariant: a way that leads nowhere is disabled, not gone, so that
 * what one is about to press does not move.
 */
import { Button } from '@mantine/core'

/** The ways; `null`: there is none. `words`: "51–100 of 3,214". */
export function PageNav(props: {
  readonly words: string
  readonly back: (() => void) | null
  readonly on: (() => void) | null
  /** What "back" is called; the page before, unless told otherwise. */
  readonly backName?: string
}) {
  const { words, back, on } = props
  return (
    <nav className="gh-pages" aria-label="Pages">
      <Button size="xs" variant="default" disabled={back === null} onClick={() => back?.()}>
        {props.backName ?? 'Previous'}
      </Button>
      <span className="gh-numbers gh-faint" aria-live="polite">
        {words}
      </span>
      <Button size="xs" variant="default" disabled={on === null} onClick={() => on?.()}>
        Next
      </Button>
    </nav>
  )
}
