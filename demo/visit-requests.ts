// Visit requests: what someone asks to book, read from JSON, and the place found for it.
//
// Not the day itself (see appointments): this file checks a wish and finds it a chair and a time.
// Invariant: a placed visit lies on the 15-minute grid, inside opening hours, and collides with none.
// Refused: double booking with a warning; the simplest rule keeps the schedule readable.

import type { Appointment } from './appointments.ts'
import {
  chairsOf,
  dayClosesMinute,
  dayOpensMinute,
  gridMinutes,
  visitMinutesMax,
  visitsCollide,
} from './appointments.ts'
import { daysBetween, isDay, parseMinute } from './calendar.ts'
import type { Patient } from './patients.ts'

/** A wish for a visit; chair and start are `null` for "the first that is free". */
export type VisitRequest = {
  readonly patient: Patient
  readonly day: string
  readonly chair: string | null
  readonly startMinute: number | null
  readonly durationMinutes: number
  readonly procedure: string
}

/** The result of reading a wish: the request, or every problem with it. */
export type VisitReading = { readonly request: VisitRequest } | { readonly problems: readonly string[] }

/** How far from today a day can be shown or booked, in days. */
export const daysAwayMax = 366

/** Whether the text is a day that can be shown and booked today. */
export function isShownDay(text: string, today: string): boolean {
  return isDay(text) && Math.abs(daysBetween(text, today)) <= daysAwayMax
}

/**
 * The wish in a JSON body `{ patientId, date?, chair?, start?: 'HH:MM', durationMinutes?, procedure? }`.
 * Absent fields mean today, the first free chair and time, 30 minutes, 'Limited exam'.
 */
export function readVisitRequest(
  body: Readonly<Record<string, unknown>>,
  practice: string,
  today: string,
  findPatient: (id: string) => Patient | null,
): VisitReading {
  const problems: string[] = []
  const patient = typeof body.patientId === 'string' ? findPatient(body.patientId) : null
  if (!patient) problems.push('patientId: no such patient')
  const day = body.date ?? today
  if (typeof day !== 'string' || !isShownDay(day, today)) problems.push('date: must be a day within a year')
  const chair = body.chair ?? null
  if (chair !== null && !chairsOf(practice).some(({ id }) => id === chair))
    problems.push('chair: no such chair')
  const startMinute = typeof body.start === 'string' ? parseMinute(body.start) : null
  const starts = startMinute !== null && startMinute % gridMinutes === 0
  if (body.start !== undefined && !starts) problems.push('start: must be HH:MM on a quarter hour')
  const durationMinutes = body.durationMinutes ?? 30
  const lasts = typeof durationMinutes === 'number' && durationMinutes % gridMinutes === 0
  if (!lasts || durationMinutes < 15 || durationMinutes > visitMinutesMax)
    problems.push('durationMinutes: must be quarter hours, 15 to 120')
  const procedure = body.procedure ?? 'Limited exam'
  if (typeof procedure !== 'string' || procedure.length > 80) problems.push('procedure: must be short text')
  if (!patient || problems.length > 0) return { problems }
  return {
    request: {
      patient,
      day: String(day),
      chair: chair === null ? null : String(chair),
      startMinute,
      durationMinutes: Number(durationMinutes),
      procedure: String(procedure),
    },
  }
}

/** The visit placed among the day's others, or `null` when there is no room for it. */
export function placeVisit(
  request: VisitRequest,
  practice: string,
  id: string,
  others: readonly Appointment[],
): Appointment | null {
  const { patient, day, durationMinutes, procedure } = request
  const tried = chairsOf(practice).filter((chair) => request.chair === null || chair.id === request.chair)
  for (const chair of tried) {
    const first = request.startMinute ?? dayOpensMinute
    const last = request.startMinute ?? dayClosesMinute - durationMinutes
    for (let startMinute = first; startMinute <= last; startMinute += gridMinutes) {
      const visit: Appointment = {
        id,
        day,
        chair: chair.id,
        startMinute,
        durationMinutes,
        patientId: patient.id,
        patientName: patient.name,
        procedure,
        status: 'unconfirmed',
      }
      const open = startMinute >= dayOpensMinute && startMinute + durationMinutes <= dayClosesMinute
      if (open && !others.some((other) => visitsCollide(visit, other))) return visit
    }
  }
  return null
}
