/**
 * What the changes are filtered by: action, actor, target, days; and the export, which takes the same.
 *
 * The address has it all. Invariant: what is filtered by something that has no field (a target) is shown with a way to take
 * it away.
 */
import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { api } from '../api-client.ts'
import { DownloadButton } from '../parts/download-button.tsx'
import { usePractice } from '../practice.ts'
import { peopleQuery, type SecurityEvent } from '../queries.ts'
import { type EventSearch, eventSearch } from '../route-search.ts'
import { actionsQuery, type Filters } from './event-queries.ts'
import { titleOf } from './event-titles.ts'

const route = getRouteApi('/practices/$practice/security-events')

/** Sets some of the filters and keeps the rest. */
export function useSetFilters(): (
  change: {
    readonly [name in keyof EventSearch]?: string | undefined
  },
) => void {
  const navigate = route.useNavigate()
  return (change) =>
    void navigate({
      search: (now) => eventSearch({ ...now, open: undefined, ...change }),
      replace: true,
      resetScroll: false,
    })
}

/** Kinds that take several actions together. */
const kinds = [
  ['control', 'Settings of controls'],
  ['ip-entry', 'IP entries'],
  ['role', 'Roles and permissions'],
  ['access-request', 'Access requests'],
  ['two-factor', 'Two-factor'],
  ['user', 'Users'],
  ['session', 'Sessions'],
  ['break-glass', 'Emergency access'],
  ['token', 'Service tokens'],
  ['practice', 'The practice'],
  ['policy', 'Policy'],
] as const

function TypeFilter({ value }: { readonly value: string }) {
  const practice = usePractice()
  const set = useSetFilters()
  const { data } = useQuery(actionsQuery(practice.id))
  const groups = [...new Set((data?.actions ?? []).map(({ group }) => group))]
  return (
    <NativeSelect
      aria-label="Type of change"
      value={value}
      onChange={(event) => set({ type: event.currentTarget.value })}
    >
      <option value="">All changes</option>
      <optgroup label="Kinds">
        {kinds.map(([type, name]) => (
          <option key={type} value={type}>
            {name}
          </option>
        ))}
      </optgroup>
      {groups.map((group) => (
        <optgroup key={group} label={group.charAt(0).toUpperCase() + group.slice(1)}>
          {(data?.actions ?? [])
            .filter((one) => one.group === group)
            .map(({ action }) => (
              <option key={action} value={action}>
                {titleOf(action)}
              </option>
            ))}
        </optgroup>
      ))}
    </NativeSelect>
  )
}

/** By whom: those of the list, the people of the practice, and whoever the address names. */
function ActorFilter(props: { readonly value: string; readonly events: readonly SecurityEvent[] }) {
  const practice = usePractice()
  const set = useSetFilters()
  const { data } = useQuery(peopleQuery(practice.id))
  const names = new Map<string, string>([
    ...(props.value === '' ? [] : [[props.value, props.value] as const]),
    ...(data?.members ?? []).map(({ user, name }) => [user, name] as const),
    ...props.events.map(({ actor }) => [actor.id, actor.name] as const),
  ])
  return (
    <NativeSelect
      aria-label="By whom"
      value={props.value}
      onChange={(event) => set({ actor: event.currentTarget.value })}
    >
      <option value="">By anyone</option>
      {[...names].map(([id, name]) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </NativeSelect>
  )
}

/** The two days between which is looked. */
export function DayFilters() {
  const search = route.useSearch()
  const set = useSetFilters()
  return (
    <>
      <TextInput
        type="date"
        aria-label="From day"
        className="gh-day-field"
        leftSection="From"
        leftSectionWidth={48}
        value={search.from ?? ''}
        onChange={(event) => set({ from: event.currentTarget.value })}
      />
      <TextInput
        type="date"
        aria-label="To day"
        className="gh-day-field"
        leftSection="to"
        leftSectionWidth={32}
        value={search.to ?? ''}
        onChange={(event) => set({ to: event.currentTarget.value })}
      />
    </>
  )
}

/** A filter without a field of its own, with the way to take it away. */
export function FilterChip({ words, onClear }: { readonly words: string; readonly onClear: () => void }) {
  return (
    <Button
      size="compact-sm"
      variant="light"
      radius="xl"
      aria-label={`${words}: take away`}
      onClick={onClear}
    >
      {words} ×
    </Button>
  )
}

/** The filters. */
export function ChangeFilters(props: {
  readonly filters: Filters
  readonly events: readonly SecurityEvent[]
}) {
  const practice = usePractice()
  const search = route.useSearch()
  const set = useSetFilters()
  const target = props.events.find(({ targetId }) => targetId === search.target)?.target ?? search.target
  return (
    <div className="gh-filters">
      <TypeFilter value={search.type ?? ''} />
      <ActorFilter value={search.actor ?? ''} events={props.events} />
      <DayFilters />
      {search.target !== undefined && (
        <FilterChip words={`About ${target}`} onClear={() => set({ target: undefined })} />
      )}
      {practice.may('gw.events.export') && (
        <span className="gh-exports">
          {(['csv', 'ndjson'] as const).map((format) => (
            <DownloadButton
              key={format}
              label={`Export ${format.toUpperCase()}`}
              name={`security-events-${practice.id}.${format}`}
              ask={() =>
                api.practices[':practice']['security-events'].export.$get({
                  param: { practice: practice.id },
                  query: { ...props.filters, format },
                })
              }
            />
          ))}
        </span>
      )}
    </div>
  )
}
