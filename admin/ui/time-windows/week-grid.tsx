/**
 * Seven days of 48 half hours that are painted open or closed: by dragging, or with arrows, Shift and Enter.
 *
 * It saves nothing and knows no window. Invariant: what the bars show are the hours to the minute; painting sets whole
 * half hours, and everything that a mouse can do here a keyboard can, with each cell told by day and time.
 */
import { type KeyboardEvent, type PointerEvent, type ReactNode, useRef, useState } from 'react'
import { DayBars, HourAxis } from '../parts/day-track.tsx'
import {
  clockOf,
  dayMinutes,
  hoursOfDay,
  openMinutes,
  painted,
  type Stretch,
  type WeekHours,
  weekDays,
} from './week-hours.ts'
import { dayNames, weekText } from './week-text.ts'

const slotMinutes = 30
const slots = dayMinutes / slotMinutes
const longNames = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

type Cell = { readonly day: number; readonly slot: number }
type Box = { readonly from: Cell; readonly to: Cell }

const stretchOf = ({ day, slot }: Cell): Stretch => {
  const from = day * dayMinutes + slot * slotMinutes
  return { from, to: from + slotMinutes }
}

/** The stretches of a box of cells, one a day. */
const stretchesOf = ({ from, to }: Box): readonly Stretch[] => {
  const [first, last] = [Math.min(from.day, to.day), Math.max(from.day, to.day)]
  const [start, end] = [Math.min(from.slot, to.slot), Math.max(from.slot, to.slot)]
  return Array.from({ length: last - first + 1 }, (_, place) => ({
    from: stretchOf({ day: first + place, slot: start }).from,
    to: stretchOf({ day: first + place, slot: end }).to,
  }))
}

const isOpen = (hours: WeekHours, stretches: readonly Stretch[]): boolean =>
  stretches.every((stretch) => openMinutes(hours, stretch) === stretch.to - stretch.from)

/** "Mon–Fri 08:00–10:00", whatever is open there. */
const boxText = (box: Box): string => weekText(stretchesOf(box))

const stateText = (hours: WeekHours, stretch: Stretch): string => {
  const open = openMinutes(hours, stretch)
  return open === 0 ? 'closed' : open === stretch.to - stretch.from ? 'open' : 'open in part'
}

const moves: Readonly<Record<string, Cell>> = {
  ArrowUp: { day: -1, slot: 0 },
  ArrowDown: { day: 1, slot: 0 },
  ArrowLeft: { day: 0, slot: -1 },
  ArrowRight: { day: 0, slot: 1 },
  Home: { day: 0, slot: -slots },
  End: { day: 0, slot: slots },
  PageUp: { day: -7, slot: 0 },
  PageDown: { day: 7, slot: 0 },
}

const moved = (cell: Cell, step: Cell): Cell => ({
  day: Math.min(6, Math.max(0, cell.day + step.day)),
  slot: Math.min(slots - 1, Math.max(0, cell.slot + step.slot)),
})

const cellAt = (x: number, y: number): Cell | null => {
  const cell = document.elementFromPoint(x, y)?.closest<HTMLElement>('[data-slot]')
  return cell == null ? null : { day: Number(cell.dataset.day), slot: Number(cell.dataset.slot) }
}

type GridProps = {
  readonly label: string
  readonly hours: WeekHours
  readonly isDisabled: boolean
  readonly onChange: (hours: WeekHours) => void
  /** What stands at the end of a day's row. */
  readonly rowEnd: (day: number) => ReactNode
}

/** Painting by pointer and by keyboard over the same box of cells. */
function usePainting({ hours, isDisabled, onChange }: GridProps) {
  const [focus, setFocus] = useState<Cell>({ day: 0, slot: 16 })
  const [anchor, setAnchor] = useState<Cell | null>(null)
  const [drag, setDrag] = useState<(Box & { readonly open: boolean }) | null>(null)
  const grid = useRef<HTMLDivElement>(null)
  const box: Box = drag ?? { from: anchor ?? focus, to: focus }

  const paint = (area: Box, open: boolean): void => {
    setAnchor(null)
    if (isDisabled) return
    onChange(stretchesOf(area).reduce<WeekHours>((made, stretch) => painted(made, stretch, open), hours))
  }
  const go = (cell: Cell): void => {
    setFocus(cell)
    grid.current
      ?.querySelector<HTMLElement>(`[data-day="${cell.day}"][data-slot="${cell.slot}"]`)
      ?.focus({ preventScroll: true })
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (!(event.target instanceof HTMLElement) || event.target.dataset.slot === undefined) return
    const step = moves[event.key]
    if (step !== undefined) {
      setAnchor(event.shiftKey ? (anchor ?? focus) : null)
      go(moved(focus, step))
    } else if (event.key === 'Enter' || event.key === ' ') paint(box, !isOpen(hours, stretchesOf(box)))
    else if (event.key === 'Delete' || event.key === 'Backspace') paint(box, false)
    else if (event.key === 'Escape' && anchor !== null) setAnchor(null)
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  const onPointerDown = (event: PointerEvent): void => {
    const cell = cellAt(event.clientX, event.clientY)
    if (cell === null || event.button !== 0 || isDisabled) return
    event.preventDefault()
    event.currentTarget.setPointerCapture(event.pointerId)
    const from = event.shiftKey ? focus : cell
    go(cell)
    setAnchor(null)
    setDrag({ from, to: cell, open: !isOpen(hours, [stretchOf(from)]) })
  }
  const onPointerMove = (event: PointerEvent): void => {
    const cell = drag === null ? null : cellAt(event.clientX, event.clientY)
    if (drag !== null && cell !== null) setDrag({ ...drag, to: cell })
  }
  const onPointerUp = (): void => {
    if (drag === null) return
    paint(drag, drag.open)
    setFocus(drag.to)
    setDrag(null)
  }
  const on = { onKeyDown, onPointerDown, onPointerMove, onPointerUp, onPointerCancel: () => setDrag(null) }
  return { grid, focus, box, drag, isChoosing: drag !== null || anchor !== null, on, setFocus }
}

const firstMinute = (day: number): Stretch => ({ from: day * dayMinutes, to: day * dayMinutes + 1 })
const lastMinute = (day: number): Stretch => ({
  from: (day + 1) * dayMinutes - 1,
  to: (day + 1) * dayMinutes,
})

type DayRowProps = {
  readonly day: number
  readonly hours: WeekHours
  readonly focus: Cell
  readonly chosen: readonly Stretch[]
  readonly onFocus: (cell: Cell) => void
  readonly end: ReactNode
}

function DayRow({ day, hours, focus, chosen, onFocus, end }: DayRowProps) {
  const open = hoursOfDay(hours, day)
  const isChosen = ({ from, to }: Stretch) => chosen.some((part) => part.from <= from && to <= part.to)
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: its cells have the focus
    // biome-ignore lint/a11y/useSemanticElements: cells of a table cannot be painted over with bars
    <div className="gh-week-row" role="row" data-weekday={weekDays[day]}>
      {/* biome-ignore lint/a11y/useSemanticElements: as the row */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: as the row */}
      <span className="gh-week-day" role="rowheader" aria-label={longNames[day]}>
        {dayNames[day]}
      </span>
      <DayBars
        bars={open.map((bar) => ({ ...bar, tone: 'open', text: `${clockOf(bar.from)}–${clockOf(bar.to)}` }))}
        goesOn={openMinutes(hours, lastMinute((day + 6) % 7)) > 0}
        comesOn={openMinutes(hours, firstMinute((day + 1) % 7)) > 0}
      >
        {Array.from({ length: slots }, (_, slot) => {
          const stretch = stretchOf({ day, slot })
          const isFocus = focus.day === day && focus.slot === slot
          return (
            // biome-ignore lint/a11y/useSemanticElements: as the row
            <span
              key={stretch.from}
              role="gridcell"
              tabIndex={isFocus ? 0 : -1}
              data-day={day}
              data-slot={slot}
              aria-selected={isChosen(stretch)}
              aria-label={`${longNames[day]} ${clockOf(slot * slotMinutes)}, ${stateText(hours, stretch)}`}
              className="gh-week-cell"
              onFocus={() => onFocus({ day, slot })}
            />
          )
        })}
      </DayBars>
      {/* biome-ignore lint/a11y/useSemanticElements: as the row */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: the button in it has the focus */}
      <span className="gh-week-end" role="gridcell">
        {end}
      </span>
    </div>
  )
}

/** The grid. */
export function WeekGrid(props: GridProps) {
  const { hours, label, isDisabled } = props
  const { grid, focus, box, drag, isChoosing, on, setFocus } = usePainting(props)
  const chosen = isChoosing ? stretchesOf(box) : []
  const shown =
    drag === null
      ? hours
      : chosen.reduce<WeekHours>((made, stretch) => painted(made, stretch, drag.open), hours)
  const wouldOpen = drag?.open ?? !isOpen(hours, stretchesOf(box))
  return (
    <div className="gh-week">
      <HourAxis />
      {/* biome-ignore lint/a11y/useSemanticElements: rows that are painted over are no table */}
      <div
        ref={grid}
        role="grid"
        aria-label={label}
        aria-multiselectable="true"
        aria-readonly={isDisabled}
        className={`gh-week-grid${isDisabled ? ' gh-week-fixed' : ''}`}
        {...on}
      >
        {weekDays.map((name, day) => (
          <DayRow
            key={name}
            day={day}
            hours={shown}
            focus={focus}
            chosen={chosen}
            onFocus={setFocus}
            end={props.rowEnd(day)}
          />
        ))}
      </div>
      {!isDisabled && (
        <p className="gh-week-hint gh-faint" role="status">
          {isChoosing ? (
            <>
              <strong className="gh-numbers">{boxText(box)}</strong>:{' '}
              {drag === null ? 'Enter ' : 'let go to '}
              {wouldOpen ? (drag === null ? 'opens' : 'open') : drag === null ? 'closes' : 'close'}
              {drag === null && ', Escape lets go'}
            </>
          ) : (
            'Drag to open or close. By keyboard: arrows, Shift and arrows for more, Enter.'
          )}
        </p>
      )}
    </div>
  )
}
