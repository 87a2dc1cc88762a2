/**
 * What the entries are filtered by: state, use, audience; beside the search in the card's head.
 *
 * The address has it all. Invariant: each filter starts the list from its first page again.
 */
import { NativeSelect } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { usePractice } from '../practice.ts'
import { rolesQuery } from '../queries.ts'
import { type AllowlistSearch, allowlistSearch } from '../route-search.ts'

const route = getRouteApi('/practices/$practice/ip-allowlist')

/** A filter with its choices; `''`: any. */
function Filter(props: {
  readonly label: string
  readonly value: string
  readonly choices: readonly (readonly [value: string, name: string])[]
  readonly onChoose: (value: string) => void
}) {
  return (
    <NativeSelect
      aria-label={props.label}
      value={props.value}
      onChange={(event) => props.onChoose(event.currentTarget.value)}
    >
      {props.choices.map(([value, name]) => (
        <option key={value} value={value}>
          {name}
        </option>
      ))}
    </NativeSelect>
  )
}

/** The filters. */
export function EntryFilters({ words }: { readonly words: string }) {
  const practice = usePractice()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const { data } = useQuery(rolesQuery(practice.id))
  const set = (change: { readonly [name in keyof AllowlistSearch]?: string | undefined }) =>
    void navigate({
      search: (now) => allowlistSearch({ ...now, after: undefined, ...change }),
      replace: true,
      resetScroll: false,
    })
  return (
    <div className="gh-filters">
      <Filter
        label="State"
        value={search.status ?? ''}
        onChoose={(status) => set({ status })}
        choices={[
          ['', 'Any state'],
          ['on', 'On'],
          ['off', 'Off'],
          ['expired', 'Expired'],
        ]}
      />
      <Filter
        label="Use"
        value={search.use ?? ''}
        onChoose={(use) => set({ use })}
        choices={[
          ['', 'Any use'],
          ['expiring', 'Expires within 30 days'],
          ['unused', 'Nobody for 60 days'],
        ]}
      />
      <Filter
        label="Audience"
        value={search.audience ?? ''}
        onChoose={(audience) => set({ audience })}
        choices={[
          ['', 'Any audience'],
          ['practice', 'Whole practice'],
          ['role', 'Any role'],
          ...(data?.roles ?? []).map(({ id, name }) => [`role:${id}`, `Role ${name}`] as const),
          ['user', 'Any person'],
        ]}
      />
      <span className="gh-narrow">
        <Filter
          label="Order"
          value={search.sort === undefined ? '' : `${search.sort}${search.order === 'desc' ? ' desc' : ''}`}
          onChoose={(chosen) => {
            const [sort, order] = chosen.split(' ')
            set({ sort, order })
          }}
          choices={[
            ['', 'As added'],
            ['label', 'By label'],
            ['range', 'By range'],
            ['expires', 'First to expire'],
            ['matched desc', 'Last matched first'],
            ['matched', 'Unused first'],
          ]}
        />
      </span>
      <span className="gh-faint gh-numbers" role="status" aria-label="Found">
        {words}
      </span>
    </div>
  )
}
