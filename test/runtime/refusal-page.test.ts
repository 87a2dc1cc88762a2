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
  practice: { name: 'Riverside <i>Dental</i>', logo: null },
  code: 'GH-7K2M-94QX',
  address: '203.0.113.9',
  now: 'Monday, 23 November 2026, 07:58',
  permissions: ['Change practice settings'],
  hours: null,
  contact: 'Olivia Hart & Sons',
  practices: [
    { name: 'Lakeview', state: 'open', words: 'Access allowed now', note: '', href: '/practices', ask: null },
    {
      ...{ name: 'Riverside Dental', state: 'refused', words: 'Not from this network', note: '' },
      ...{ href: null, ask: '/.gatehouse/requests?practice="x"' },
    },
  ],
  retry: '/schedule?day="1"',
  signIn: '/sign-in',
  confirm: '/.gatehouse/access?to="/"',
  ask: '/.gatehouse/requests?to="/"',
  emergency: '/.gatehouse/second-factor?emergency=1&to="/"',
  emergencyUntil: 'Monday, 09:00',
  management: '/.gatehouse/security-management',
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

test('one’s practices stand where there are several, and where signing in helps only if one is open without', () => {
  const [open, refused] = view('outside-time-window').practices
  const listed = (reason: Reason, practices: RefusalView['practices']): boolean =>
    refusalPage({ ...view(reason), practices }).includes('Your practices')
  const other = { ...refused!, name: 'Hillside' }
  expect(listed('outside-time-window', [refused!, other])).toBe(true)
  expect(listed('outside-time-window', [refused!])).toBe(false)
  expect(listed('session-revoked', [open!, refused!])).toBe(true)
  expect(listed('session-revoked', [refused!, other])).toBe(false)
})
