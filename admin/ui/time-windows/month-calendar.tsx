/**
 * A month with its closures, openings and nights of clock change; days are chosen to add one.
 *
 * The list beside it says the same as text. Invariant: one day or a run of days is chosen by dragging, or with arrows,
 * Shift and Enter; days that are over are shown and not offered.
 */
import { type KeyboardEvent, type PointerEvent, useLayoutEffect, useRef, useState } from 'react'
import { Icon } from '../parts/icons.tsx'
import type { TimeException } from '../queries.ts'
import { clockChangeOn, clockChangeText } from './clock-changes.ts'
import { dayAfter, onDay, weeksOfMonth } from './month-days.ts'
import { dayNames } from './week-text.ts'

const format = new Intl.DateTimeFormat('en-GB', {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
  timeZone: 'UTC',
})
/** "Thursday 24 December". */
const longDay = (date: string): string => format.format(Date.parse(`${date}T00:00Z`)).replace(',', '')

const steps: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }

type Run = { readonly from: string; readonly to: string }
const ordered = (one: string, other: string): Run =>
  one <= other ? { from: one, to: other } : { from: other, to: one }

type CalendarProps = {
  readonly month: string
  readonly today: string
  readonly zone: string
  readonly exceptions: readonly TimeException[]
  readonly isDisabled: boolean
  /** Days to add a closure or an opening on. */
  readonly onChoose: (run: Run) => void
  readonly onEdit: (exception: TimeException) => void
  /** The keyboard leaves the month. */
  readonly onMonth: (month: string) => void
}

const dateAt = (x: number, y: number): string | null =>
  document.elementFromPoint(x, y)?.closest<HTMLElement>('[data-date]')?.dataset.date ?? null

function useChoosing({ month, today, isDisabled, onChoose, onMonth }: CalendarProps) {
  const [focus, setFocus] = useState(today.startsWith(month) ? today : `${month}-01`)
  const [anchor, setAnchor] = useState<string | null>(null)
  const [isDragged, setDragged] = useState(false)
  const table = useRef<HTMLTableElement>(null)
  // The month is the address's; the day that has the focus follows it.
  const place = focus.startsWith(month) ? focus : `${month}-01`
  // Before the next key, even where the month had to be drawn first.
  const isMoved = useRef(false)
  useLayoutEffect(() => {
    if (!isMoved.current || !focus.startsWith(month)) return
    isMoved.current = false
    table.current?.querySelector<HTMLElement>(`[data-date="${focus}"] button`)?.focus()
  }, [focus, month])
  const choose = ({ from, to }: Run): void => {
    setAnchor(null)
    if (!isDisabled && to >= today) onChoose({ from: from < today ? today : from, to })
  }
  const go = (date: string): void => {
    setFocus(date)
    if (!date.startsWith(month)) onMonth(date.slice(0, 7))
    isMoved.current = true
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (!(event.target instanceof HTMLElement) || event.target.dataset.day === undefined) return
    const step = steps[event.key]
    if (step !== undefined) {
      setAnchor(event.shiftKey ? (anchor ?? place) : null)
      go(dayAfter(place, step))
    } else if (event.key === 'Enter' || event.key === ' ') choose(ordered(anchor ?? place, place))
    else if (event.key === 'Escape' && anchor !== null) setAnchor(null)
    else return
    event.preventDefault()
  }
  const onPointerDown = (event: PointerEvent): void => {
    const isDay = event.target instanceof Element && event.target.closest('[data-day]') !== null
    const date = dateAt(event.clientX, event.clientY)
    if (!isDay || date === null || event.button !== 0) return
    event.currentTarget.setPointerCapture(event.pointerId)
    setAnchor(date)
    setFocus(date)
    setDragged(true)
  }
  const onPointerMove = (event: PointerEvent): void => {
    const date = isDragged ? dateAt(event.clientX, event.clientY) : null
    if (date?.startsWith(month)) setFocus(date)
  }
  const onPointerUp = (): void => {
    if (!isDragged) return
    setDragged(false)
    choose(ordered(anchor ?? place, place))
  }
  const stop = () => {
    setDragged(false)
    setAnchor(null)
  }
  const on = { onKeyDown, onPointerDown, onPointerMove, onPointerUp, onPointerCancel: stop }
  return { table, place, chosen: anchor === null ? null : ordered(anchor, place), setFocus, on }
}

function Day(props: {
  readonly date: string
  readonly isFocus: boolean
  readonly isChosen: boolean
  readonly calendar: CalendarProps
  readonly onFocus: () => void
}) {
  const { date, calendar } = props
  const { month, today, zone, isDisabled, onEdit } = calendar
  const found = onDay(calendar.exceptions, date)
  const change = clockChangeOn(date, zone)
  const told = [
    ...found.map(({ kind, label }) => `${kind} “${label}”`),
    ...(change === null ? [] : [clockChangeText(change)]),
  ]
  return (
    <td
      data-date={date}
      className={[
        'gh-month-day',
        date.startsWith(month) ? '' : 'gh-month-other',
        date < today ? 'gh-month-over' : '',
        props.isChosen ? 'gh-month-chosen' : '',
      ].join(' ')}
    >
      <button
        type="button"
        data-day=""
        tabIndex={props.isFocus ? 0 : -1}
        className="gh-month-number"
        aria-current={date === today ? 'date' : undefined}
        aria-disabled={isDisabled || date < today}
        aria-label={[longDay(date), ...told].join(', ')}
        onFocus={props.onFocus}
      >
        {Number(date.slice(8))}
      </button>
      {change !== null && (
        <span className="gh-month-change" title={clockChangeText(change)}>
          <Icon name="moon" size={12} /> <span>clocks {change.kind === 'skipped' ? 'forward' : 'back'}</span>
        </span>
      )}
      {found.map((exception) => (
        <button
          key={exception.id}
          type="button"
          className={`gh-month-mark gh-month-${exception.kind}`}
          title={`${exception.label}: ${exception.sentence}`}
          disabled={isDisabled}
          onClick={() => onEdit(exception)}
        >
          {exception.label}
        </button>
      ))}
    </td>
  )
}

/** The month. */
export function MonthCalendar(props: CalendarProps) {
  const { month } = props
  const { table, place, chosen, setFocus, on } = useChoosing(props)
  return (
    <table className="gh-month" ref={table} {...on}>
      <caption className="gh-unseen">
        Closures and openings of the month; arrows move, Shift and arrows choose several days, Enter adds
      </caption>
      <thead>
        <tr>
          {dayNames.map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {weeksOfMonth(month).map((week) => (
          <tr key={week[0]}>
            {week.map((date) => (
              <Day
                key={date}
                date={date}
                isFocus={date === place}
                isChosen={chosen !== null && chosen.from <= date && date <= chosen.to}
                calendar={props}
                onFocus={() => date.startsWith(month) && setFocus(date)}
              />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
