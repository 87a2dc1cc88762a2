/**
 * Closures and one-off openings: a month to choose days in, and all of them as a list.
 *
 * The dialog is `exception-dialog.tsx`. Invariant: the month and the dialog stand in the address; calendar and list show the same
 * exceptions of the same revision.
 */
import { ActionIcon, Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Icon } from '../parts/icons.tsx'
import { useKept, useOpened } from '../parts/opened.ts'
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

/** What the address asks for: `exception`, after a dot the days (`2026-12-24_2026-12-26`) or which one. */
function openIn(name: string | null, id: string, exceptions: readonly TimeException[]): Open | undefined {
  if (name !== 'exception') return undefined
  const [from, to] = /^\d{4}-\d\d-\d\d_\d{4}-\d\d-\d\d$/.test(id) ? id.split('_') : []
  if (from !== undefined && to !== undefined) return { exception: null, days: { from, to } }
  const exception = exceptions.find((one) => one.id === id)
  return id === '' || exception !== undefined ? { exception: exception ?? null, days: null } : undefined
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
  const { name, id, key, open, close } = useOpened()
  const asked = useKept(key, openIn(name, id, list.data?.exceptions ?? []))
  const ask = ({ exception, days }: Open) =>
    open('exception', exception?.id ?? (days === null ? undefined : `${days.from}_${days.to}`))
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
          onClick={() => ask({ exception: null, days: null })}
        >
          Add closure or opening
        </Button>
      </div>
      {list.isPending && <Loading rows={3} label="Loading closures and openings" />}
      {list.data !== undefined && (
        <>
          <Months list={list.data} onOpen={ask} />
          <p className="gh-faint gh-card-foot">
            Choose a day, or drag over several; by keyboard: arrows, Shift and arrows, Enter. A closure (a
            holiday) beats every window; a one-off opening beats every closure.
          </p>
          {list.data.exceptions.length > 0 && (
            <ExceptionsTable
              exceptions={list.data.exceptions}
              revision={list.data.revision}
              onEdit={(exception) => ask({ exception, days: null })}
            />
          )}
          {asked !== undefined && (
            <ExceptionDialog
              key={key}
              exception={asked.exception}
              days={asked.days}
              revision={list.data.revision}
              onClose={close}
            />
          )}
        </>
      )}
    </section>
  )
}
