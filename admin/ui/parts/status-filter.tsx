/**
 * The states of a list as links, each with how many there are: one is chosen, and the address says which.
 *
 * It filters nothing itself. Invariant: search and other filters stay when a state is chosen; what is chosen is announced
 * as the current one.
 */
import { Link } from '@tanstack/react-router'

/** One state; `id` empty: all of them. */
export type StatusChoice = { readonly id: string; readonly name: string; readonly count: number | null }

/** The links; `label`: what the states are of. */
export function StatusFilter(props: {
  readonly label: string
  readonly chosen: string
  readonly choices: readonly StatusChoice[]
}) {
  return (
    <nav className="gh-states" aria-label={props.label}>
      {props.choices.map(({ id, name, count }) => {
        const search = (before: Readonly<Record<string, unknown>>) => {
          const { status: _chosen, after: _page, ...rest } = before
          return id === '' ? rest : { ...rest, status: id }
        }
        return (
          <Link
            key={id}
            to="."
            search={search as never}
            className="gh-state"
            activeOptions={{ exact: true, includeSearch: true }}
            aria-current={id === props.chosen ? 'page' : 'false'}
          >
            {name} {count !== null && <span className="gh-tab-count gh-numbers">{count}</span>}
          </Link>
        )
      })}
    </nav>
  )
}
