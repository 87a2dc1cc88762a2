// The schedule: one day in columns, one per chair, and the API the page's script reads and books with.
//
// Not the live feed (see live-socket); this file draws a day and books into it.
// Invariant: page and API show the same visits, as they stand at the same moment.
// Refused: inline styles for positions; rows and spans are classes, so a strict style policy holds.

import { html } from 'hono/html'
import { staffOnly } from './admission.ts'
import type { Appointment, Chair, VisitStatus } from './appointments.ts'
import { chairsOf, dayClosesMinute, dayOpensMinute, gridMinutes, procedureNames } from './appointments.ts'
import { dayInWords, minuteInDigits, minuteInWords, shiftDay } from './calendar.ts'
import type { Desk, DeskApp, StaffVisitor } from './desk.ts'
import type { Markup } from './layout.ts'
import { staffPage } from './layout.ts'
import { readJson } from './request-bodies.ts'
import { isShownDay, readVisitRequest } from './visit-requests.ts'

const statusNames: Readonly<Record<VisitStatus, string>> = {
  unconfirmed: 'Unconfirmed',
  confirmed: 'Confirmed',
  arrived: 'Arrived',
  'in-chair': 'In chair',
  done: 'Done',
}

const rowOf = (minute: number): number => Math.floor((minute - dayOpensMinute) / gridMinutes)

function visitCard(visit: Appointment, discipline: Chair['discipline']): Markup {
  const place = `at-${rowOf(visit.startMinute)} for-${visit.durationMinutes / gridMinutes}`
  return html`<li class="visit ${discipline} ${place}" data-visit="${visit.id}" data-status="${visit.status}">
<a href="/patients/${visit.patientId}">${visit.patientName}</a>
<span class="what">${visit.procedure}</span>
<span class="when">${minuteInWords(visit.startMinute)}</span>
<span class="status">${statusNames[visit.status]}</span></li>`
}

function chairColumn(chair: Chair, visits: readonly Appointment[], nowRow: number | null): Markup {
  const own = visits.filter((visit) => visit.chair === chair.id)
  return html`<section class="chair" aria-labelledby="${chair.id}">
<h2 id="${chair.id}"><span>${chair.name}</span>${chair.provider}</h2>
<ol class="slots" data-chair="${chair.id}" data-discipline="${chair.discipline}">
${own.map((visit) => visitCard(visit, chair.discipline))}
</ol>${nowRow === null ? '' : html`<div class="slots now" aria-hidden="true"><i class="at-${nowRow}"></i></div>`}
</section>`
}

function timeColumn(): Markup {
  const hours = Array.from(
    { length: (dayClosesMinute - dayOpensMinute) / 60 },
    (_, at) => dayOpensMinute + at * 60,
  )
  const labels = hours.map((minute) => html`<li class="at-${rowOf(minute)}">${minuteInWords(minute)}</li>`)
  return html`<div class="times" aria-hidden="true"><h2></h2><ol class="slots">${labels}</ol></div>`
}

function dayGrid(staff: StaffVisitor, day: string): Markup {
  const { day: today, minute } = staff.records.moment()
  const visits = staff.records.visits(day)
  const inHours = day === today && minute >= dayOpensMinute && minute < dayClosesMinute
  const columns = chairsOf(staff.practice.id).map((chair) =>
    chairColumn(chair, visits, inHours ? rowOf(minute) : null),
  )
  return html`<div class="day card" role="region" aria-label="Schedule of ${dayInWords(day)}" tabindex="0"
 id="day" data-date="${day}">${timeColumn()}${columns}</div>`
}

type Choice = readonly [value: string, name: string]

function choiceField(label: string, name: string, choices: readonly Choice[]): Markup {
  const options = choices.map(([value, words]) => html`<option value="${value}">${words}</option>`)
  return html`<label>${label} <select name="${name}">${options}</select></label>`
}

function newVisitDialog(staff: StaffVisitor, day: string): Markup {
  const anyFree: Choice = ['', 'First free']
  const patients = staff.records.patients('').map(({ id, name }): Choice => [id, name])
  const chairs = chairsOf(staff.practice.id).map(
    ({ id, name, provider }): Choice => [id, `${name} · ${provider}`],
  )
  const starts = Array.from({ length: rowOf(dayClosesMinute) }, (_, row): Choice => {
    const minute = dayOpensMinute + row * gridMinutes
    return [minuteInDigits(minute), minuteInWords(minute)]
  })
  const lengths = [30, 45, 60, 90].map((minutes): Choice => [String(minutes), `${minutes} minutes`])
  const procedures = procedureNames.map((name): Choice => [name, name])
  return html`<dialog id="new-visit" aria-labelledby="new-visit-title">
<form method="dialog" class="stack" id="new-visit-form">
<h2 id="new-visit-title">New visit</h2>
<input type="hidden" name="date" value="${day}">
${choiceField('Patient', 'patientId', patients)}
${choiceField('Chair', 'chair', [anyFree, ...chairs])}
${choiceField('Start', 'start', [anyFree, ...starts])}
${choiceField('Length', 'durationMinutes', lengths)}
${choiceField('Procedure', 'procedure', procedures)}
<div class="actions"><button type="button" class="quiet" data-close>Cancel</button>
<button class="primary" value="book">Book visit</button></div>
</form></dialog>`
}

function liveBar(staff: StaffVisitor, day: string): Markup {
  const { day: today } = staff.records.moment()
  return html`<div class="toolbar">
<nav aria-label="Day"><a class="button quiet" href="/schedule?date=${shiftDay(day, -1)}" aria-label="Previous day">‹</a>
<a class="button quiet" href="/schedule"${day === today ? html` aria-current="date"` : ''}>Today</a>
<a class="button quiet" href="/schedule?date=${shiftDay(day, 1)}" aria-label="Next day">›</a></nav>
<p class="legend"><span class="key doctor">Doctor</span><span class="key hygiene">Hygiene</span></p>
<p class="links">Schedule <output id="live-state" class="state">disconnected</output>
Huddle <output id="huddle-state" class="state">disconnected</output></p>
</div>`
}

const schedulePage = (staff: StaffVisitor, day: string): Markup =>
  staffPage({
    title: 'Schedule',
    subtitle: dayInWords(day),
    staff,
    current: '/schedule',
    actions: html`<button class="primary" id="open-new-visit">New visit</button>`,
    body: html`${liveBar(staff, day)}${dayGrid(staff, day)}
<section class="card feed" aria-labelledby="feed-title"><h2 id="feed-title">Just now</h2>
<ol id="huddle-feed" aria-live="polite" data-zone="${staff.practice.zone}"></ol></section>
${newVisitDialog(staff, day)}`,
  })

/** Adds /schedule, GET /api/schedule and POST /api/appointments. */
export function addScheduleRoutes(app: DeskApp, desk: Desk): void {
  const guard = staffOnly(desk)

  app.get('/schedule', guard, (c) => {
    const staff = c.get('staff')
    const today = staff.records.moment().day
    const asked = c.req.query('date') ?? today
    return c.html(schedulePage(staff, isShownDay(asked, today) ? asked : today))
  })

  app.get('/api/schedule', guard, (c) => {
    const { practice, records } = c.get('staff')
    const { day: today, minute } = records.moment()
    const date = c.req.query('date') ?? today
    if (!isShownDay(date, today)) return c.json({ error: 'date: must be a day within a year' }, 400)
    const hours = { opensMinute: dayOpensMinute, closesMinute: dayClosesMinute, gridMinutes }
    const chairs = chairsOf(practice.id)
    return c.json({
      practice: practice.id,
      zone: practice.zone,
      date,
      today,
      minute,
      ...hours,
      chairs,
      appointments: records.visits(date),
    })
  })

  app.post('/api/appointments', guard, async (c) => {
    const { practice, records, account } = c.get('staff')
    const reading = readVisitRequest(await readJson(c), practice.id, records.moment().day, records.patient)
    if ('problems' in reading)
      return c.json({ error: reading.problems.join('; '), problems: reading.problems }, 400)
    const appointment = records.book(reading.request)
    if (!appointment) return c.json({ error: 'that chair is taken then' }, 409)
    const when = `${minuteInWords(appointment.startMinute)}, ${appointment.day}`
    const text = `${account.name} booked ${appointment.patientName} for ${when}`
    desk.happenings.publish(practice.id, 'appointment', text, appointment)
    return c.json({ appointment }, 201)
  })
}
