// Records: everything a practice keeps, in memory, seeded anew at each start.
//
// Not a database and not an access check: whoever holds a practice's records may read and change all of them.
// Invariant: records of one practice are reached only through that practice; ids of another find nothing.
// Refused: persistence. Restarting the demonstration gives back the original day.

import type { Appointment } from './appointments.ts'
import { seedDay, standingAt } from './appointments.ts'
import { localMoment, shiftDay } from './calendar.ts'
import type { IntakeForm } from './intake-forms.ts'
import { seedForms } from './intake-forms.ts'
import type { ChartFile, Patient } from './patients.ts'
import { seedPatients } from './patients.ts'
import type { Payment } from './payments.ts'
import { seedPayments } from './payments.ts'
import type { Practice } from './people.ts'
import { demoPractices } from './people.ts'
import type { PracticeSettings, SettingsReading } from './practice-settings.ts'
import { changeSettings, seedSettings } from './practice-settings.ts'
import type { VisitRequest } from './visit-requests.ts'
import { placeVisit } from './visit-requests.ts'

/** What a patient asked for on the public booking page. */
export type BookingRequest = { readonly reference: string; readonly name: string; readonly wish: string }

/** The records of one practice. Lookups of unknown ids answer `null`. */
export type PracticeRecords = {
  /** Today and the minute of the day, in the practice's zone. */
  readonly moment: () => { readonly day: string; readonly minute: number }
  /** Charts whose name, phone or e-mail contains the text (any case), by name. */
  readonly patients: (search: string) => readonly Patient[]
  readonly patient: (id: string) => Patient | null
  /** The visits of a day as they stand now, by start. */
  readonly visits: (day: string) => readonly Appointment[]
  /** Books a visit; `null` when there is no room. */
  readonly book: (request: VisitRequest) => Appointment | null
  readonly payments: () => readonly Payment[]
  /** Refunds a payment; `null` when it is unknown or not paid. */
  readonly refund: (id: string) => Payment | null
  readonly forms: () => readonly IntakeForm[]
  readonly settings: () => PracticeSettings
  readonly changeSettings: (change: Readonly<Record<string, unknown>>) => SettingsReading
  /** Whether the note existed; it does not any more. */
  readonly removeNote: (patientId: string, noteId: string) => boolean
  readonly addFile: (patientId: string, file: ChartFile) => void
  readonly addBooking: (name: string, wish: string) => BookingRequest
  /** What patients asked for online, newest first; at most 500. */
  readonly bookings: () => readonly BookingRequest[]
}

/** All practices' records, by practice. */
export type Records = { readonly of: (practice: Practice) => PracticeRecords }

const daysKeptMax = 800
const filesPerPatientMax = 20
const bookingsMax = 500

function openVisits(practice: Practice, now: () => number, patients: readonly Patient[]) {
  const days = new Map<string, readonly Appointment[]>()
  let booked = 0

  function dayOf(day: string): readonly Appointment[] {
    const known = days.get(day)
    if (known) return known
    const seeded = seedDay(practice.id, day, patients)
    if (days.size < daysKeptMax) days.set(day, seeded)
    return seeded
  }

  function stand(visit: Appointment): Appointment {
    const { day, minute } = localMoment(practice.zone, now())
    return standingAt(visit, day, minute)
  }

  return {
    visits: (day: string) =>
      dayOf(day)
        .map(stand)
        .sort((a, b) => a.startMinute - b.startMinute || a.chair.localeCompare(b.chair)),
    book(request: VisitRequest) {
      const others = dayOf(request.day)
      const visit = placeVisit(request, practice.id, `a-new-${booked + 1}`, others)
      if (!visit) return null
      booked += 1
      days.set(request.day, [...others, visit])
      return stand(visit)
    },
  }
}

function openCharts(seeded: readonly Patient[]) {
  const charts = new Map(seeded.map((patient) => [patient.id, patient]))
  return {
    patients(search: string) {
      const sought = search.trim().toLowerCase()
      const found = [...charts.values()].filter((patient) =>
        `${patient.name} ${patient.phone} ${patient.email}`.toLowerCase().includes(sought),
      )
      return found.sort((a, b) => a.name.localeCompare(b.name))
    },
    patient: (id: string) => charts.get(id) ?? null,
    removeNote(patientId: string, noteId: string) {
      const chart = charts.get(patientId)
      const notes = chart?.notes.filter((note) => note.id !== noteId)
      if (!chart || !notes || notes.length === chart.notes.length) return false
      charts.set(patientId, { ...chart, notes })
      return true
    },
    addFile(patientId: string, file: ChartFile) {
      const chart = charts.get(patientId)
      if (chart)
        charts.set(patientId, { ...chart, files: [file, ...chart.files].slice(0, filesPerPatientMax) })
    },
  }
}

function openPayments(seeded: readonly Payment[]) {
  let payments = seeded
  return {
    payments: () => payments,
    refund(id: string) {
      const found = payments.find((payment) => payment.id === id)
      if (found?.status !== 'paid') return null
      const refunded: Payment = { ...found, status: 'refunded' }
      payments = payments.map((payment) => (payment.id === id ? refunded : payment))
      return refunded
    },
  }
}

function openPractice(practice: Practice, now: () => number): PracticeRecords {
  const moment = () => localMoment(practice.zone, now())
  const { day: firstDay } = moment()
  const dayBefore = (days: number): string => shiftDay(firstDay, -days)
  const seeded = seedPatients(practice.id, dayBefore)
  const forms = seedForms(practice.id, seeded, dayBefore)
  let bookings: readonly BookingRequest[] = []
  let settings = seedSettings(practice)
  let requested = 0
  return {
    moment,
    ...openCharts(seeded),
    ...openVisits(practice, now, seeded),
    ...openPayments(seedPayments(practice.id, seeded, now())),
    forms: () => forms,
    settings: () => settings,
    changeSettings(change) {
      const reading = changeSettings(settings, change)
      if ('settings' in reading) settings = reading.settings
      return reading
    },
    addBooking(name, wish) {
      requested += 1
      const booking = {
        reference: `${practice.id.slice(0, 2).toUpperCase()}-${1000 + requested}`,
        name,
        wish,
      }
      bookings = [booking, ...bookings].slice(0, bookingsMax)
      return booking
    },
    bookings: () => bookings,
  }
}

/** The records of both practices as they are on the first morning, `now` being that morning. */
export function openRecords(now: () => number): Records {
  const practices = new Map(demoPractices.map((practice) => [practice.id, openPractice(practice, now)]))
  return {
    of(practice) {
      const records = practices.get(practice.id)
      if (!records) throw new Error(`no records of practice ${practice.id}`)
      return records
    },
  }
}
