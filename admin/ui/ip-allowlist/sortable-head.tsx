/**
 * The head of a column that the list can be ordered by: a button that says how it is ordered now.
 *
 * The API sorts, all pages alike. Invariant: pressing goes up, down, and back to the order of adding; the page starts from
 * the first again, since a cursor belongs to its order.
 */
import { getRouteApi } from '@tanstack/react-router'
import { Icon } from '../parts/icons.tsx'
import type { AllowlistSearch, EntrySort } from '../route-search.ts'

const route = getRouteApi('/practices/$practice/ip-allowlist')

/** The search with the next order of `sort`. */
function turned({ sort, order, after: _after, ...rest }: AllowlistSearch, by: EntrySort): AllowlistSearch {
  if (sort !== by) return { ...rest, sort: by }
  return order === undefined ? { ...rest, sort: by, order: 'desc' } : rest
}

/** The head. */
export function SortableHead({ sort, name }: { readonly sort: EntrySort; readonly name: string }) {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const way = search.sort !== sort ? 'none' : search.order === 'desc' ? 'descending' : 'ascending'
  return (
    <th scope="col" aria-sort={way}>
      <span className="gh-narrow">{name}</span>
      <button
        type="button"
        className={`gh-sort gh-sort-${way}`}
        onClick={() =>
          void navigate({ search: (now) => turned(now, sort), replace: true, resetScroll: false })
        }
      >
        {name}
        <Icon name="chevron" size={12} />
      </button>
    </th>
  )
}
