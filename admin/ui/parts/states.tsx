/**
 * What a page shows when it has nothing to show: loading, empty, failed, forbidden, not there.
 *
 * Not the problems of a save (`problem-notice.tsx`). Invariant: each says what is the case and what to do next;
 * loading keeps the place of what comes, and says so to those who do not see it.
 */
import { Button, Skeleton } from '@mantine/core'
import type { ReactNode } from 'react'
import { problemOf, stepUpLink } from '../problem.ts'
import { Icon, type IconName } from './icons.tsx'

/** A sentence or two in the middle of an empty place, with what to do next. */
export function Blank(props: {
  readonly icon: IconName
  readonly title: string
  readonly children?: ReactNode
  readonly action?: ReactNode
  readonly role?: 'alert' | undefined
}) {
  return (
    <div className="gh-blank" role={props.role}>
      <span className="gh-blank-icon">
        <Icon name={props.icon} size={22} />
      </span>
      <h2 className="gh-blank-title">{props.title}</h2>
      {props.children !== undefined && <p className="gh-blank-text">{props.children}</p>}
      {props.action}
    </div>
  )
}

const places = ['a', 'b', 'c', 'd', 'e', 'f']

/** The place of `rows` rows that are still coming. */
export function Loading({
  rows = 4,
  label = 'Loading',
}: {
  readonly rows?: number
  readonly label?: string
}) {
  return (
    <div className="gh-loading" role="status" aria-label={label}>
      {places.slice(0, rows).map((place) => (
        <div key={place} className="gh-loading-row">
          <Skeleton height={12} width="22%" radius="sm" />
          <Skeleton height={12} width="34%" radius="sm" />
          <Skeleton height={12} width="14%" radius="sm" />
        </div>
      ))}
    </div>
  )
}

/** What went wrong with a question, and a way on: a missing permission, a second factor to prove, or to ask again. */
export function Failed({ error, again }: { readonly error: unknown; readonly again: () => unknown }) {
  const problem = problemOf(error)
  const stepUp = stepUpLink(problem)
  if (stepUp !== null)
    return (
      <Blank
        icon="shield"
        title={problem.title}
        role="alert"
        action={
          <Button component="a" href={stepUp}>
            Confirm that it is you
          </Button>
        }
      >
        {problem.detail}
      </Blank>
    )
  // The practice's own policy refuses them here or now: its sentence says what, and no permission would help.
  if (problem.status === 403 && problem.code !== 'access-refused')
    return (
      <Blank icon="shield" title="You may not see this" role="alert">
        {problem.detail} Ask a security admin of this practice for it.
      </Blank>
    )
  return (
    <Blank
      icon="warning"
      title={problem.title}
      role="alert"
      action={
        <Button variant="default" onClick={() => again()}>
          Try again
        </Button>
      }
    >
      {problem.detail}
    </Blank>
  )
}

/** A page that failed by a mistake of ours: it says so, and how to go on. */
export function Crashed({ reset }: { readonly reset: () => void }) {
  return (
    <Blank
      icon="warning"
      title="This page has failed"
      role="alert"
      action={
        <Button variant="default" onClick={reset}>
          Show it again
        </Button>
      }
    >
      The mistake is Gatehouse’s, not yours. What was saved is saved, and enforcement is not touched by it.
    </Blank>
  )
}

/** An address that leads nowhere. */
export function NotFound() {
  return (
    <Blank icon="link" title="There is no such page" action={<a href="/">Go to the first practice</a>}>
      The address is mistyped, or the page has moved.
    </Blank>
  )
}
