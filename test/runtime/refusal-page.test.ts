/**
 * Goal: the refusal page has words for every reason and escapes every value.
 * Method: every reason rendered and read. That anyone can use it is `test/pictures/pages.test.ts`.
 */
import { expect, test } from 'vitest'
import { type Reason, reasons } from '../../policies/decision.ts'
import { type RefusalView, refusalPage } from '../../runtime/pages/refusal-page.ts'
import { reasonTexts } from '../../runtime/pages/texts.ts'

const view = (reason: Reason): RefusalView => ({
  reason,
  practice: 'Riverside <i>Dental</i>',
  code: 'GH-7K2M-94QX',
  address: '203.0.113.9',
  now: 'Monday, 23 November 2026, 07:58',
  permissions: ['Change practice settings'],
  approvedTimes: ['Monday 08:00–18:00'],
  opens: 'Monday, 08:00',
  contact: 'Olivia Hart & Sons',
  practices: [
    { name: 'Riverside Dental', allowed: false, href: null },
    { name: 'Lakeview Family Dentistry', allowed: true, href: '/practices' },
  ],
  retry: '/schedule?day="1"',
  signIn: '/sign-in',
  confirm: '/.gatehouse/access?to="/"',
  emergency: '/.gatehouse/second-factor?emergency=1&to="/"',
  emergencyUntil: 'Monday, 09:00',
  management: '/.gatehouse/security-management',
  returns: true,
  entryNotSent: true,
})

test('every reason has a title, a why and a next step on the page, within 30 kB', () => {
  for (const reason of Object.keys(reasons) as Reason[]) {
    const text = reasonTexts[reason]
    const html = refusalPage(view(reason))
    expect(html).toContain(`<h1>${text.title}</h1>`)
    for (const words of [text.why, text.next, 'GH-7K2M-94QX']) expect(html).toContain(words)
    expect(Buffer.byteLength(html)).toBeLessThan(30_000)
  }
})

test('values are escaped and nothing runs', () => {
  const html = refusalPage(view('permission-missing'))
  expect(html).toContain('Riverside &lt;i&gt;Dental')
  expect(html).toContain('Olivia Hart &amp; Sons')
  expect(html).toContain('href="/schedule?day=&quot;1&quot;"')
  expect(html).not.toMatch(/<script|<i>|javascript:/)
})
