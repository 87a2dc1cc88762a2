// The office: intake forms, practice settings, and the morning huddle with its numbers.
//
// Not where things happen live (see live-routes); the huddle page only shows what they send.
// Invariant: settings change as a whole or not at all.
// Refused: a settings form post; the page saves with PUT, as single-page applications do.

import { html } from 'hono/html'
import { staffOnly } from './admission.ts'
import { chairsOf, dayClosesMinute, dayOpensMinute } from './appointments.ts'
import { dayInShort, dayInWords } from './calendar.ts'
import type { Desk, DeskApp, StaffVisitor } from './desk.ts'
import type { IntakeForm } from './intake-forms.ts'
import type { Markup } from './layout.ts'
import { staffPage } from './layout.ts'
import { readJson } from './request-bodies.ts'

const formPills: Readonly<Record<IntakeForm['status'], string>> = {
  sent: '',
  completed: 'good',
  'needs review': 'wait',
}

function formsPage(staff: StaffVisitor): Markup {
  const forms = staff.records.forms()
  const rows = forms.map(
    (
      form,
    ) => html`<tr><th scope="row"><a href="/forms/${form.id}">${form.title}</a></th><td>${form.patientName}</td>
<td><span class="pill ${formPills[form.status]}">${form.status}</span></td><td>${dayInShort(form.day)}</td></tr>`,
  )
  return staffPage({
    title: 'Forms',
    subtitle: `${forms.filter(({ status }) => status === 'needs review').length} need review`,
    staff,
    current: '/forms',
    body: html`<div class="card table" role="region" aria-label="Forms" tabindex="0"><table>
<thead><tr><th scope="col">Form</th><th scope="col">Patient</th><th scope="col">Status</th><th scope="col">Date</th></tr></thead>
<tbody>${rows}</tbody></table></div>`,
  })
}

function formPage(staff: StaffVisitor, form: IntakeForm): Markup {
  const answers = form.answers.map(({ question, answer }) => html`<dt>${question}</dt><dd>${answer}</dd>`)
  return staffPage({
    title: form.title,
    subtitle: `${form.patientName} · ${form.status} ${dayInShort(form.day)}`,
    staff,
    current: '/forms',
    actions: html`<a class="button quiet" href="/forms">All forms</a>`,
    body: html`<section class="card"><h2>Answers</h2>
${answers.length > 0 ? html`<dl>${answers}</dl>` : html`<p>Sent to the patient; nothing has come back yet.</p>`}
<p><a href="/patients/${form.patientId}">Open the chart</a></p></section>`,
  })
}

function settingsPage(staff: StaffVisitor): Markup {
  const settings = staff.records.settings()
  return staffPage({
    title: 'Settings',
    subtitle: `${staff.practice.city} · times in ${staff.practice.zone}`,
    staff,
    current: '/settings',
    body: html`<form id="settings" class="card stack fields">
<label>Name patients see <input name="displayName" required maxlength="200" value="${settings.displayName}"></label>
<label>Phone <input name="phone" type="tel" required maxlength="200" value="${settings.phone}"></label>
<label>Opens <input name="opens" type="time" required value="${settings.opens}"></label>
<label>Closes <input name="closes" type="time" required value="${settings.closes}"></label>
<label>Remind patients before (hours)
<input name="reminderHours" type="number" min="1" max="168" required value="${settings.reminderHours}"></label>
<label class="check"><input name="onlineBooking" type="checkbox"${settings.onlineBooking ? html` checked` : ''}>
Patients may book online</label>
<label class="full">Message after booking
<textarea name="bookingMessage" rows="3" required maxlength="200">${settings.bookingMessage}</textarea></label>
<div class="full"><button class="primary">Save settings</button></div></form>`,
  })
}

function huddleTiles(staff: StaffVisitor): Markup {
  const visits = staff.records.visits(staff.records.moment().day)
  const booked = visits.reduce((sum, visit) => sum + visit.durationMinutes, 0)
  const offered = chairsOf(staff.practice.id).length * (dayClosesMinute - dayOpensMinute)
  const count = (...statuses: readonly string[]): number =>
    visits.filter(({ status }) => statuses.includes(status)).length
  const fresh = visits.filter(({ procedure }) => procedure.startsWith('New patient')).length
  return html`<dl class="tiles"><div><dt>Visits today</dt><dd>${visits.length}</dd></div>
<div><dt>Chair time booked</dt><dd>${Math.round((booked / offered) * 100)} %</dd></div>
<div><dt>In the office now</dt><dd>${count('arrived', 'in-chair')}</dd></div>
<div><dt>Still unconfirmed</dt><dd>${count('unconfirmed')}</dd></div>
<div><dt>New patients</dt><dd>${fresh}</dd></div></dl>`
}

function lineList(lines: readonly Markup[], empty: string): Markup {
  return html`<ul class="lines">${lines.length > 0 ? lines : html`<li>${empty}</li>`}</ul>`
}

function huddlePage(staff: StaffVisitor): Markup {
  const { day } = staff.records.moment()
  const calls = staff.records
    .visits(day)
    .filter(({ status }) => status === 'unconfirmed')
    .map(
      ({ patientId, patientName, procedure }) =>
        html`<li><a href="/patients/${patientId}">${patientName}</a><span>${procedure}</span></li>`,
    )
  const requests = staff.records
    .bookings()
    .slice(0, 8)
    .map(
      ({ name, reference, wish }) =>
        html`<li><strong>${name}</strong><span>${reference} · ${wish}</span></li>`,
    )
  return staffPage({
    title: 'Morning huddle',
    subtitle: dayInWords(day),
    staff,
    current: '/huddle',
    actions: html`<p class="links">Feed <output id="huddle-state" class="state">disconnected</output></p>`,
    body: html`${huddleTiles(staff)}
<div class="columns"><section class="card feed" aria-labelledby="feed-title"><h2 id="feed-title">As it happens</h2>
<ol id="huddle-feed" aria-live="polite" data-zone="${staff.practice.zone}"></ol></section>
<section class="card"><h2>To call</h2>${lineList(calls, 'Everyone has confirmed.')}</section>
<section class="card"><h2>Online booking requests</h2>${lineList(requests, 'None so far.')}</section></div>`,
  })
}

/** Adds /forms, /forms/:id, /settings, GET and PUT /api/settings, and /huddle. */
export function addOfficeRoutes(app: DeskApp, desk: Desk): void {
  const guard = staffOnly(desk)

  app.get('/forms', guard, (c) => c.html(formsPage(c.get('staff'))))

  app.get('/forms/:id', guard, (c) => {
    const form = c
      .get('staff')
      .records.forms()
      .find(({ id }) => id === c.req.param('id'))
    return form ? c.html(formPage(c.get('staff'), form)) : c.notFound()
  })

  app.get('/huddle', guard, (c) => c.html(huddlePage(c.get('staff'))))
  app.get('/settings', guard, (c) => c.html(settingsPage(c.get('staff'))))
  app.get('/api/settings', guard, (c) => c.json({ settings: c.get('staff').records.settings() }))

  app.put('/api/settings', guard, async (c) => {
    const { records, practice, account } = c.get('staff')
    const reading = records.changeSettings(await readJson(c))
    if ('problems' in reading)
      return c.json({ error: reading.problems.join('; '), problems: reading.problems }, 400)
    desk.happenings.publish(practice.id, 'settings', `${account.name} changed the settings`)
    return c.json({ settings: reading.settings })
  })
}
