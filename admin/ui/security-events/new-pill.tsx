/**
 * "4 new": how many are newer than the list that is read, and the way to load them.
 *
 * What is new its caller knows. Invariant: nothing moves before it is pressed; it is announced once, politely.
 */
import { Button } from '@mantine/core'

/** The pill; nothing where nothing is new. `isAtLeast`: there are more than were counted. */
export function NewPill(props: {
  readonly count: number
  readonly isAtLeast: boolean
  readonly load: () => unknown
}) {
  const { count, isAtLeast, load } = props
  return (
    <div className="gh-new" role="status" aria-label="New">
      {count > 0 && (
        <Button size="compact-sm" radius="xl" onClick={() => load()}>
          {count}
          {isAtLeast ? '+' : ''} new
        </Button>
      )}
    </div>
  )
}
