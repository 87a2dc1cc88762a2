// The patient portal: a patient signs in and sees the next visits, payments and the practice's number.
//
// Not for staff: staff who come here are sent to their schedule.
// Invariant: a patient sees one chart, their own; its id comes from the account, never from the request.
// Refused: a second session cookie; one session holds one person, staff or patient.

import { html } from 'hono/html'
import type { Account } from './accounts.ts'
import { admit, localPath } from './admission.ts'
import { dayInWords, minuteInWords, momentInShort, shiftDay } from './calendar.ts'
import type { Desk, DeskApp } from './desk.ts'
import type { Markup } from './layout.ts'
import { page } from './layout.ts'
import { dollars } from './payments.ts'
import { findPractice } from './people.ts'
import { readForm } from './request-bodies.ts'
import type { Session } from './sessions.ts'
import { openSession, signIn, signInForm, wrongPassword } from './sign-in-routes.ts'

const daysAhead = 14

function signInPage(email = '', problem: string | null = null): Markup {
  return page({
    title: 'Patient portal',
    message: 'Your visits, payments and forms in one place.',
    body: html`${signInForm('/portal/sign-in', '/portal', email, problem)}
<p>No account yet? <a href="/book">Book a visit</a> and we set one up with you.</p>`,
  })
}

function homePage(desk: Desk, account: Account, session: Session): Markup | null {
  const practice = findPractice(account.practice)
  const records = practice ? desk.records.of(practice) : null
  const patient = records?.patient(account.patientId ?? '')
  if (!practice || !records || !patient) return null
  const { day } = records.moment()
  const visits = Array.from({ length: daysAhead }, (_, at) => shiftDay(day, at))
    .flatMap((ahead) => records.visits(ahead))
    .filter((visit) => visit.patientId === patient.id && visit.status !== 'done')
    .slice(0, 3)
  const payments = records.payments().filter((payment) => payment.patientId === patient.id)
  const visitLines = visits.map(
    (visit) =>
      html`<li><strong>${dayInWords(visit.day)}, ${minuteInWords(visit.startMinute)}</strong>
<span>${visit.procedure}</span></li>`,
  )
  const paymentLines = payments.map(
    (payment) =>
      html`<li><strong>${dollars(payment.amountCents)}</strong>
<span>${payment.reason} · ${momentInShort(practice.zone, payment.at)} · ${payment.status}</span></li>`,
  )
  return page({
    title: `Hello, ${account.name}`,
    message: `${practice.name}, ${practice.city} · ${records.settings().phone}`,
    body: html`<section class="card"><h2>Your next visits</h2>
<ul class="lines">${visitLines.length > 0 ? visitLines : html`<li>Nothing booked in the next two weeks.</li>`}</ul>
<p><a class="button" href="/book?practice=${practice.id}">Book another visit</a></p></section>
<section class="card"><h2>Your payments</h2>
<ul class="lines">${paymentLines.length > 0 ? paymentLines : html`<li>No payments lately.</li>`}</ul>
<p>Balance: <strong>${dollars(patient.balanceCents)}</strong></p></section>
<form method="post" action="/sign-out"><input type="hidden" name="csrf" value="${session.csrf}">
<button class="quiet">Sign out</button></form>`,
  })
}

/** Adds /portal and POST /portal/sign-in. */
export function addPortalRoutes(app: DeskApp, desk: Desk): void {
  app.get('/portal', (c) => {
    const admission = admit(desk, c.req.header('cookie'))
    c.header('Cache-Control', 'no-store')
    if (admission.kind === 'staff' || admission.kind === 'choosing') return c.redirect('/schedule', 303)
    if (admission.kind === 'patient') {
      const home = homePage(desk, admission.account, admission.session)
      return home ? c.html(home) : c.notFound()
    }
    openSession(desk, c)
    return c.html(signInPage())
  })

  app.post('/portal/sign-in', async (c) => {
    const form = await readForm(c)
    const email = form.get('email') ?? ''
    const account = await signIn(desk, c, { email, password: form.get('password') ?? '' }, 'patient')
    c.header('Cache-Control', 'no-store')
    if (!account) return c.html(signInPage(email, wrongPassword), 401)
    return c.redirect(localPath(form.get('next'), '/portal'), 303)
  })
}
