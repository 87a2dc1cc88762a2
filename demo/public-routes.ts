// What anyone may see: the booking page and whether the app is healthy.
//
// Not the portal: a patient who books here needs no account.
// Invariant: nothing on these routes reads a session or tells anything of a chart.
// Refused: booking straight into the schedule; a request is called back, as practices do.

import { html } from 'hono/html'
import { isDay } from './calendar.ts'
import type { Desk, DeskApp } from './desk.ts'
import type { Markup } from './layout.ts'
import { page } from './layout.ts'
import { demoPractices, findPractice } from './people.ts'
import { readForm } from './request-bodies.ts'

const reasons = [
  'Check-up and cleaning',
  'Toothache',
  'Broken tooth or filling',
  'Whitening',
  'Something else',
]
const dayParts = ['Morning', 'Midday', 'Afternoon']

function options(choices: readonly string[], chosen: string | undefined): readonly Markup[] {
  return choices.map((choice) => html`<option${choice === chosen ? html` selected` : ''}>${choice}</option>`)
}

function bookingPage(given: ReadonlyMap<string, string>, problems: readonly string[]): Markup {
  const practices = demoPractices.map(
    ({ id, name, city }) =>
      html`<option value="${id}"${id === given.get('practice') ? html` selected` : ''}>${name}, ${city}</option>`,
  )
  const told = problems.map((problem) => html`<li>${problem}</li>`)
  return page({
    title: 'Book a visit',
    message: 'Tell us what you need and when it suits you. We call you back to confirm.',
    body: html`${problems.length > 0 ? html`<div class="notice bad" role="alert"><ul>${told}</ul></div>` : ''}
<form method="post" action="/book" class="card stack fields">
<label class="full">Practice <select name="practice">${practices}</select></label>
<label>Your name <input name="name" autocomplete="name" required maxlength="100" value="${given.get('name') ?? ''}"></label>
<label>Phone <input name="phone" type="tel" autocomplete="tel" required maxlength="40" value="${given.get('phone') ?? ''}"></label>
<label>Day <input name="date" type="date" required value="${given.get('date') ?? ''}"></label>
<label>Time of day <select name="part">${options(dayParts, given.get('part'))}</select></label>
<label class="full">Reason <select name="reason">${options(reasons, given.get('reason'))}</select></label>
<div class="full"><button class="primary">Ask for this visit</button></div></form>`,
  })
}

function addBooking(app: DeskApp, desk: Desk): void {
  app.get('/book', (c) => c.html(bookingPage(new Map([['practice', c.req.query('practice') ?? '']]), [])))

  app.post('/book', async (c) => {
    const form = await readForm(c)
    const practice = findPractice(form.get('practice'))
    const name = (form.get('name') ?? '').trim()
    const phone = (form.get('phone') ?? '').trim()
    const date = form.get('date') ?? ''
    const problems: string[] = []
    if (!practice?.id || !desk.records.of(practice).settings().onlineBooking)
      problems.push('Choose a practice that books online.')
    if (name === '' || name.length > 100) problems.push('Tell us your name.')
    if (phone === '' || phone.length > 40) problems.push('Tell us a phone number.')
    if (!isDay(date)) problems.push('Choose a day.')
    if (!practice || problems.length > 0) return c.html(bookingPage(form, problems), 422)
    const records = desk.records.of(practice)
    const reason = reasons.find((known) => known === form.get('reason')) ?? 'Something else'
    const part = dayParts.find((known) => known === form.get('part')) ?? 'Morning'
    const { reference } = records.addBooking(name, `${reason}, ${date}, ${part.toLowerCase()}`)
    desk.happenings.publish(
      practice.id,
      'booking-request',
      `${name} asked online for a visit: ${reason.toLowerCase()}`,
    )
    const { displayName, phone: officePhone, bookingMessage } = records.settings()
    return c.html(
      page({
        title: 'Thank you, we have your request',
        body: html`<section class="card stack"><p>${displayName} will call ${phone} about <strong>${date}</strong>.</p>
<p>Your reference is <strong id="reference">${reference}</strong>.</p><p>${bookingMessage}</p>
<p>In pain? Call us at ${officePhone}.</p></section>`,
      }),
    )
  })
}

/** Adds /, /book and /healthz. */
export function addPublicRoutes(app: DeskApp, desk: Desk): void {
  addBooking(app, desk)

  app.get('/', (c) => c.redirect('/schedule', 303))
  app.get('/healthz', (c) => c.json({ status: 'ok' }))
}
