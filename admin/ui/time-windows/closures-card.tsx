/**
 * Closures and one-off openings: a month to choose days in, and all of them as a list.
 *
 * The dialog is `exception-dialog.tsx`. Invariant: the month stands in the address; calendar and list show the same
 * exceptions of the same revision.
 */
import { ActionIcon, Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { Icon } from '../parts/icons.tsx'
import { Loading } from '../parts/states.tsx'
import { usePractice } from '../practice.ts'
import { type TimeException, timeWindowsQuery } from '../queries.ts'
import { useNow, wallTime } from '../times.ts'
import { ExceptionDialog } from './exception-dialog.tsx'
import { MonthCalendar } from './month-calendar.tsx'
import { monthAfter } from './month-days.ts'
import type { TimeList } from './time-queries.ts'
import { ExceptionsTable } from './time-tables.tsx'

const route = getRouteApi('/practices/$practice/time-windows')
const monthFormat = new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' })

type Open = {
  readonly exception: TimeException | null
  readonly days: { readonly from: string; readonly to: string } | null
}

function Months(props: { readonly list: TimeList; readonly onOpen: (open: Open) => void }) {
  const { list, onOpen } = props
  const practice = usePractice()
  const navigate = route.useNavigate()
  const today = wallTime(useNow(), practice.zone).slice(0, 10)
  const { month = today.slice(0, 7) } = route.useSearch()
  const go = (to: string) =>
    navigate({
      search: (old) => ({ ...old, month: to === today.slice(0, 7) ? undefined : to }),
      replace: true,
      resetScroll: false,
    })
  return (
    <div className="gh-month-pane">
      <div className="gh-month-head">
        <ActionIcon variant="default" aria-label="Month before" onClick={() => go(monthAfter(month, -1))}>
          <Icon name="before" />
        </ActionIcon>
        <h3 aria-live="polite">{monthFormat.format(Date.parse(`${month}-01T00:00Z`))}</h3>
        <ActionIcon variant="default" aria-label="Month after" onClick={() => go(monthAfter(month, 1))}>
          <Icon name="after" />
        </ActionIcon>
        {!today.startsWith(month) && (
          <Button size="compact-xs" variant="subtle" onClick={() => go(today.slice(0, 7))}>
            This month
          </Button>
        )}
      </div>
      <MonthCalendar
        month={month}
        today={today}
        zone={practice.zone}
        exceptions={list.exceptions}
        isDisabled={!practice.may('gw.time.edit')}
        onChoose={(days) => onOpen({ exception: null, days })}
        onEdit={(exception) => onOpen({ exception, days: null })}
        onMonth={go}
      />
    </div>
  )
}

/** The card. */
export function ClosuresCard() {
  const practice = usePractice()
  const list = useQuery(timeWindowsQuery(practice.id))
  const [open, setOpen] = useState<Open | null>(null)
  // The card of the weekly hours asks the same and says what went wrong.
  if (list.isError) return null
  return (
    <section className="gh-card" aria-labelledby="exceptions-title">
      <div className="gh-card-head">
        <h2 id="exceptions-title">Closures and openings</h2>
        <Button
          variant="default"
          leftSection={<Icon name="plus" />}
          disabled={!practice.may('gw.time.edit') || list.data === undefined}
          onClick={() => setOpen({ exception: null, days: null })}
        >
          Add closure or opening
        </Button>
      </div>
      {list.isPending && <Loading rows={3} label="Loading closures and openings" />}
      {list.data !== undefined && (
        <>
          <Months list={list.data} onOpen={setOpen} />
          <p className="gh-faint gh-card-foot">
            Choose a day, or drag over several; by keyboard: arrows, Shift and arrows, Enter. A closure (a
            holiday) beats every window; a one-off opening beats every closure.
          </p>
          {list.data.exceptions.length > 0 && (
            <ExceptionsTable
              exceptions={list.data.exceptions}
              revision={list.data.revision}
              onEdit={(exception) => setOpen({ exception, days: null })}
            />
          )}
          {open !== null && (
            <ExceptionDialog
              exception={open.exception}
              days={open.days}
              revision={list.data.revision}
              onClose={() => setOpen(null)}
            />
          )}
        </>
      )}
    </section>
  )
}
