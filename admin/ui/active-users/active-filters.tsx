/**
 * Who of those who are in is shown: by sign-in, factor, idle time, state, and who belongs to several practices.
 *
 * The search field is the card's. Invariant: filters are in the address, and another filter begins at the first page.
 */
import { NativeSelect } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { useCallback } from 'react'
import { factorName } from '../parts/factor-words.ts'
import type { PageStart } from '../parts/pager.tsx'
import { type ActiveFilters, factorFilters, signIns } from './active-queries.ts'
import { signInName } from './sign-in-words.ts'

const route = getRouteApi('/practices/$practice/active-users')

/** The filters as the address has them, and the ways to change them. */
export function useActive() {
  const { user: _user, chosen: _chosen, open: _open, from, ...filters } = route.useSearch()
  const navigate = route.useNavigate()
  const look = useCallback(
    (change: ActiveFilters) =>
      void navigate({
        search: (now) => ({ ...now, ...change, after: undefined, from: undefined, chosen: undefined }),
        replace: true,
      }),
    [navigate],
  )
  const { after, ...asked } = filters
  return {
    filters,
    look,
    start: { after, from },
    go: (start: PageStart) =>
      void navigate({ search: (now) => ({ ...now, after: start.after, from: start.from }) }),
    isFiltered: Object.values(asked).some((value) => value !== undefined),
    clear: () => void navigate({ search: {} }),
  }
}

const factorText = (factor: (typeof factorFilters)[number]): string => {
  if (factor === 'none') return 'No second factor'
  return factor === 'any' ? 'Some second factor' : factorName(factor)
}

/** The fields. */
export function ActiveFilterFields() {
  const { filters, look } = useActive()
  return (
    <div className="gh-filters">
      <NativeSelect
        aria-label="Sign-in"
        value={filters.method ?? ''}
        onChange={({ currentTarget: { value } }) => look({ method: signIns.find((one) => one === value) })}
        data={[
          { value: '', label: 'Any sign-in' },
          ...signIns.map((value) => ({ value, label: signInName(value) })),
        ]}
      />
      <NativeSelect
        aria-label="Second factor"
        value={filters.factor ?? ''}
        onChange={({ currentTarget: { value } }) =>
          look({ factor: factorFilters.find((one) => one === value) })
        }
        data={[
          { value: '', label: 'Any second factor' },
          ...factorFilters.map((value) => ({ value, label: factorText(value) })),
        ]}
      />
      <NativeSelect
        aria-label="Practices"
        value={filters.practices ?? ''}
        onChange={({ currentTarget: { value } }) =>
          look({ practices: value === 'several' ? value : undefined })
        }
        data={[
          { value: '', label: 'Any practices' },
          { value: 'several', label: 'Of several practices' },
        ]}
      />
      <NativeSelect
        aria-label="Idle"
        value={filters.idle ?? ''}
        onChange={({ currentTarget: { value } }) =>
          look({ idle: value === '15' || value === '60' || value === '240' ? value : undefined })
        }
        data={[
          { value: '', label: 'Busy or idle' },
          { value: '15', label: 'Idle for 15 minutes' },
          { value: '60', label: 'Idle for an hour' },
          { value: '240', label: 'Idle for 4 hours' },
        ]}
      />
      <NativeSelect
        aria-label="Step"
        value={filters.held ?? ''}
        onChange={({ currentTarget: { value } }) => look({ held: value === 'yes' ? value : undefined })}
        data={[
          { value: '', label: 'In or waiting' },
          { value: 'yes', label: 'Waiting for a step' },
        ]}
      />
    </div>
  )
}
