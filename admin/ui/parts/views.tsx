/**
 * The views of one screen as links in a row: which there are, and which is shown.
 *
 * It shows none of them; the filters of a list are `status-filter.tsx`. Invariant: the view is in the address, and going to
 * another takes away what the one before was filtered by, which would mean nothing there.
 */
import { Link } from '@tanstack/react-router'

/** The links of the screen that is open; `view`: the one shown, `undefined`: the first. */
export function Views(props: {
  readonly label?: string
  readonly views: readonly { readonly view: string | undefined; readonly name: string }[]
  readonly view: string | undefined
}) {
  return (
    <nav className="gh-views" aria-label={props.label ?? 'Views'}>
      {props.views.map(({ view, name }) => (
        <Link
          key={name}
          to="."
          search={(view === undefined ? {} : { view }) as never}
          className="gh-view"
          activeOptions={{ exact: true, includeSearch: true }}
          {...(view === props.view ? { 'aria-current': 'page' as const } : {})}
        >
          {name}
        </Link>
      ))}
    </nav>
  )
}
