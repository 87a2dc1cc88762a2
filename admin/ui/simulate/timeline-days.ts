/**
 * A timeline of verdicts as bars on days, as the practice's wall shows them.
 *
 * Pure. Invariant: every moment from the first line to the end lies in exactly one bar; on a night of clock change a bar
 * ends where the wall jumps, never before it began.
 */
import { wallTime } from '../times.ts'

/** From when which verdict holds. */
export type Line = {
  readonly at: number
  readonly verdict: string
  readonly because: string
}

/** A stretch of a day, in minutes of its wall. */
export type Piece = { readonly from: number; readonly to: number; readonly line: Line }
/** A day with its pieces. */
export type TimelineDay = { readonly date: string; readonly pieces: readonly Piece[] }

const dayMinutes = 1_440

const wallOf = (at: number, zone: string): { readonly date: string; readonly minute: number } => {
  const text = wallTime(at, zone)
  return { date: text.slice(0, 10), minute: Number(text.slice(11, 13)) * 60 + Number(text.slice(14, 16)) }
}

const nextDate = (date: string): string =>
  new Date(Date.parse(`${date}T00:00Z`) + 86_400_000).toISOString().slice(0, 10)

/** The days from the first line until `until`. */
export function daysOfTimeline(lines: readonly Line[], until: number, zone: string): readonly TimelineDay[] {
  const days = new Map<string, Piece[]>()
  const add = (date: string, piece: Piece): void => {
    const pieces = days.get(date) ?? []
    days.set(date, pieces)
    if (piece.from < piece.to) pieces.push(piece)
  }
  for (const [place, line] of lines.entries()) {
    const start = wallOf(line.at, zone)
    const end = wallOf(lines[place + 1]?.at ?? until, zone)
    for (let { date, minute } = start; date <= end.date; date = nextDate(date), minute = 0)
      add(date, { from: minute, to: date === end.date ? end.minute : dayMinutes, line })
  }
  return [...days].map(([date, pieces]) => ({ date, pieces })).filter(({ pieces }) => pieces.length > 0)
}
