/**
 * The end of a list that comes in pages: a button for the next, or nothing.
 *
 * Loading by scrolling was refused: it moves what one is about to press, and hides the end from keyboards.
 * Invariant: it is there exactly while there is more.
 */
import { Button } from '@mantine/core'

/** The button. */
export function LoadMore(props: {
  readonly hasMore: boolean
  readonly isLoading: boolean
  readonly load: () => unknown
}) {
  if (!props.hasMore) return null
  return (
    <div className="gh-more">
      <Button variant="default" loading={props.isLoading} onClick={() => props.load()}>
        Show more
      </Button>
    </div>
  )
}
