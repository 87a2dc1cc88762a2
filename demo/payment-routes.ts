// Payments: the table, and the refund button on each row.
//
// Not a ledger: see payments for what a payment is.
// Invariant: a refund needs the CSRF token of the session that asks for it.
// Refused: a confirmation page; the demonstration refund is undone by restarting.

import { html } from 'hono/html'
import { staffOnly } from './admission.ts'
import { momentInShort } from './calendar.ts'
import type { Desk, DeskApp, StaffVisitor } from './desk.ts'
import type { Markup } from './layout.ts'
import { page, staffPage } from './layout.ts'
import type { Payment } from './payments.ts'
import { dollars } from './payments.ts'
import { readForm } from './request-bodies.ts'
import { tokensMatch } from './sessions.ts'

const pills: Readonly<Record<Payment['status'], string>> = { paid: 'good', pending: 'wait', refunded: '' }

function paymentRow(payment: Payment, { practice, session }: StaffVisitor): Markup {
  const refund = html`<form method="post" action="/payments/${payment.id}/refund"><input type="hidden" name="csrf"
 value="${session.csrf}"><button class="quiet small">Refund<span class="hidden"> ${payment.id}</span></button></form>`
  return html`<tr data-payment="${payment.id}"><th scope="row"><a href="/patients/${payment.patientId}">${payment.patientName}</a></th>
<td>${momentInShort(practice.zone, payment.at)}</td><td>${payment.reason}</td><td>${payment.method}</td>
<td><span class="pill ${pills[payment.status]}">${payment.status}</span></td>
<td class="number">${dollars(payment.amountCents)}</td><td>${payment.status === 'paid' ? refund : ''}</td></tr>`
}

function total(payments: readonly Payment[], status: Payment['status']): string {
  const counted = payments.filter((payment) => payment.status === status)
  return dollars(counted.reduce((sum, payment) => sum + payment.amountCents, 0))
}

function paymentsPage(staff: StaffVisitor, refunded: string | undefined): Markup {
  const payments = staff.records.payments()
  const done = payments.find((payment) => payment.id === refunded && payment.status === 'refunded')
  return staffPage({
    title: 'Payments',
    subtitle: `The last ${payments.length} payments`,
    staff,
    current: '/payments',
    body: html`${done ? html`<p class="notice good" role="status">${dollars(done.amountCents)} refunded to ${done.patientName}.</p>` : ''}
<dl class="tiles"><div><dt>Collected</dt><dd>${total(payments, 'paid')}</dd></div>
<div><dt>Pending with insurers</dt><dd>${total(payments, 'pending')}</dd></div>
<div><dt>Refunded</dt><dd>${total(payments, 'refunded')}</dd></div></dl>
<div class="card table" role="region" aria-label="Payments" tabindex="0"><table>
<thead><tr><th scope="col">Patient</th><th scope="col">Received</th><th scope="col">For</th><th scope="col">Method</th>
<th scope="col">Status</th><th scope="col" class="number">Amount</th><th scope="col"><span class="hidden">Refund</span></th></tr></thead>
<tbody>${payments.map((payment) => paymentRow(payment, staff))}</tbody></table></div>`,
  })
}

/** Adds /payments, POST /payments/:id/refund and GET /api/payments. */
export function addPaymentRoutes(app: DeskApp, desk: Desk): void {
  const guard = staffOnly(desk)

  app.get('/payments', guard, (c) => c.html(paymentsPage(c.get('staff'), c.req.query('refunded'))))

  app.get('/api/payments', guard, (c) => c.json({ payments: c.get('staff').records.payments() }))

  app.post('/payments/:id/refund', guard, async (c) => {
    const { records, practice, account, session } = c.get('staff')
    const form = await readForm(c)
    if (!tokensMatch(form.get('csrf') ?? '', session.csrf)) {
      return c.html(
        page({ title: 'Not refunded', message: 'The form was out of date. Go back and try again.' }),
        403,
      )
    }
    const payment = records.refund(c.req.param('id'))
    if (!payment) {
      return c.html(
        page({ title: 'Not refunded', message: 'There is no such payment that could be refunded.' }),
        409,
      )
    }
    const text = `${account.name} refunded ${dollars(payment.amountCents)} to ${payment.patientName}`
    desk.happenings.publish(practice.id, 'refund', text)
    return c.redirect(`/payments?refunded=${payment.id}`, 303)
  })
}
