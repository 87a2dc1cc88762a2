/**
 * One page of a long list at a time: which rows these are, the next, the one before, the first.
 *
 * It asks nothing, and remembers the pages that were come from; lists that count their pages otherwise have the plainer
 * `page-nav.tsx`. Invariant: page and place are in the address, so that a link shows the same rows, and only one page of
 * rows is ever drawn, however long the list is. Growing the list with each press was refused: a hundred thousand rows in
 * one table are slow for everybody and endless for screen readers.
 */
import { Button } from '@mantine/core'
import { useRef } from 'react'

/** Where a page begins: the cursor (`undefined`: the first page) and how many rows stand before it. */
export type PageStart = { readonly after?: string | undefined; readonly from?: number | undefined }

const count = (value: number): string => value.toLocaleString('en')

/** The line below a list. `shown`: rows on this page. */
export function Pager(props: {
  readonly start: PageStart
  readonly shown: number
  readonly total: number
  readonly next: string | null
  readonly what: string
  readonly onGo: (start: PageStart) => void
}) {
  const { start, shown, total, next, onGo } = props
  const before = useRef(new Map<string, PageStart>())
  const { after, from = 0 } = start
  if (after === undefined && next === null)
    return (
      <p className="gh-pager gh-faint gh-numbers">
        {count(total)} {props.what}
      </p>
    )
  const previous = after === undefined ? undefined : before.current.get(after)
  return (
    <nav className="gh-pager" aria-label="Pages">
      <span role="status" className="gh-faint gh-numbers">
        {count(from + 1)}–{count(from + shown)} of {count(total)} {props.what}
      </span>
      <Button size="xs" variant="default" disabled={after === undefined} onClick={() => onGo({})}>
        First
      </Button>
      <Button
        size="xs"
        variant="default"
        disabled={previous === undefined}
        onClick={() => previous !== undefined && onGo(previous)}
      >
        Previous
      </Button>
      <Button
        size="xs"
        variant="default"
        disabled={next === null}
        onClick={() => {
          if (next === null) return
          before.current.set(next, start)
          onGo({ after: next, from: from + shown })
        }}
      >
        Next
      </Button>
    </nav>
  )
}
