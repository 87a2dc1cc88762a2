// A practice's day: its chairs, the kinds of visit, and who is booked when.
//
// Not a store (see records) and not a calendar (see calendar): this file knows what a full day looks like.
// Invariant: a seeded day never puts one patient in two chairs, nor two visits in one chair at once.
// Refused: a stored status that a timer advances; where a visit stands follows from the time of day.

import type { Draws } from './draws.ts'
import { drawsFrom } from './draws.ts'
import type { Patient } from './patients.ts'

/** A treatment room and the person who works in it; `discipline` chooses its visits and its colour. */
export type Chair = {
  readonly id: string
  readonly name: string
  readonly provider: string
  readonly discipline: 'doctor' | 'hygiene'
}

/** Where a visit stands. The first two are kept; the others follow from the time. */
export type VisitStatus = 'unconfirmed' | 'confirmed' | 'arrived' | 'in-chair' | 'done'

/** One booked visit: minutes are counted from local midnight of `day` ('YYYY-MM-DD'). */
export type Appointment = {
  readonly id: string
  readonly day: string
  readonly chair: string
  readonly startMinute: number
  readonly durationMinutes: number
  readonly patientId: string
  readonly patientName: string
  readonly procedure: string
  readonly status: VisitStatus
}

/** The first minute the schedule shows: 8:00. */
export const dayOpensMinute = 8 * 60
/** The last minute the schedule shows: 18:00. */
export const dayClosesMinute = 18 * 60
/** All visits start and end on this grid. */
export const gridMinutes = 15
/** The longest visit that can be booked. */
export const visitMinutesMax = 120

const lunchMinute = 12 * 60
const lunchMinutes = 60
const lastSeededMinute = 17 * 60

const chairs: Readonly<Record<string, readonly Chair[]>> = {
  riverside: [
    { id: 'op-1', name: 'Op 1', provider: 'Dr. Dan Whitaker', discipline: 'doctor' },
    { id: 'op-2', name: 'Op 2', provider: 'Dr. Priya Raman', discipline: 'doctor' },
    { id: 'hyg-1', name: 'Hygiene 1', provider: 'Helen Brooks, RDH', discipline: 'hygiene' },
    { id: 'hyg-2', name: 'Hygiene 2', provider: 'Joan Fielding, RDH', discipline: 'hygiene' },
  ],
  lakeview: [
    { id: 'op-1', name: 'Op 1', provider: 'Dr. Sofia Marin', discipline: 'doctor' },
    { id: 'op-2', name: 'Op 2', provider: 'Dr. Dan Whitaker', discipline: 'doctor' },
    { id: 'hyg-1', name: 'Hygiene 1', provider: 'Tom Abernathy, RDH', discipline: 'hygiene' },
  ],
}

const procedures: Readonly<Record<Chair['discipline'], readonly (readonly [string, number])[]>> = {
  doctor: [
    ['Composite filling #14', 60],
    ['Crown prep #30', 90],
    ['Crown seat #19', 45],
    ['Limited exam', 30],
    ['Root canal #3', 90],
    ['Extraction #17', 60],
    ['Veneer consult', 30],
    ['Night guard delivery', 30],
  ],
  hygiene: [
    ['Adult cleaning and exam', 60],
    ['Periodontal maintenance', 60],
    ['Child cleaning', 45],
    ['New patient exam, X-rays', 90],
    ['Scaling, lower right', 90],
    ['Fluoride varnish', 30],
  ],
}

/** The chairs of a practice, in the order the schedule shows them. */
export function chairsOf(practice: string): readonly Chair[] {
  return chairs[practice] ?? []
}

/** What can be booked, for the new-visit form. */
export const procedureNames: readonly string[] = [...procedures.doctor, ...procedures.hygiene].map(
  ([name]) => name,
)

function seedChair(draws: Draws, chair: Chair, day: string, waiting: Patient[]): readonly Appointment[] {
  const visits: Appointment[] = []
  let minute = dayOpensMinute + draws.between(0, 1) * gridMinutes
  while (minute < lastSeededMinute) {
    const [procedure, durationMinutes] = draws.pick(procedures[chair.discipline])
    if (minute < lunchMinute + lunchMinutes && minute + durationMinutes > lunchMinute) {
      minute = lunchMinute + lunchMinutes
      continue
    }
    const patient = minute + durationMinutes <= dayClosesMinute ? waiting.pop() : undefined
    if (!patient) break
    visits.push({
      id: `a-${day.replaceAll('-', '')}-${chair.id}-${visits.length + 1}`,
      day,
      chair: chair.id,
      startMinute: minute,
      durationMinutes,
      patientId: patient.id,
      patientName: patient.name,
      procedure,
      status: draws.chance(0.75) ? 'confirmed' : 'unconfirmed',
    })
    minute += durationMinutes + (draws.chance(0.3) ? draws.between(1, 3) * gridMinutes : 0)
  }
  return visits
}

/** The visits a day starts with, for any day: the same for the same practice, day and patients. */
export function seedDay(practice: string, day: string, patients: readonly Patient[]): readonly Appointment[] {
  const draws = drawsFrom(`${practice} on ${day}`)
  const waiting = [...draws.shuffle(patients)]
  return chairsOf(practice).flatMap((chair) => seedChair(draws, chair, day, waiting))
}

/** The visit with the status it has at this local day and minute. */
export function standingAt(visit: Appointment, today: string, minute: number): Appointment {
  if (visit.day !== today) return visit.day < today ? { ...visit, status: 'done' } : visit
  if (minute >= visit.startMinute + visit.durationMinutes) return { ...visit, status: 'done' }
  if (minute >= visit.startMinute) return { ...visit, status: 'in-chair' }
  return minute >= visit.startMinute - 10 ? { ...visit, status: 'arrived' } : visit
}

/** Whether two visits would need one chair at the same time. */
export function visitsCollide(a: Appointment, b: Appointment): boolean {
  if (a.chair !== b.chair || a.day !== b.day) return false
  return (
    a.startMinute < b.startMinute + b.durationMinutes && b.startMinute < a.startMinute + a.durationMinutes
  )
}
