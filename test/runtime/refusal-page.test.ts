/**
 * Goal: the refusal page has words for every reason, escapes every value, and anyone can use it.
 * Method: every reason rendered and read; axe in the real browser, light and dark, under the page's own policy.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Reason, reasons } from '../../policies/decision.ts'
import { pagePolicy } from '../../runtime/pages/page.ts'
import { type RefusalView, refusalPage } from '../../runtime/pages/refusal-page.ts'
import { reasonTexts } from '../../runtime/pages/texts.ts'
import { axeFindings } from '../support/axe.ts'
import { launchBrowser } from '../support/chromium.ts'

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

let server: Server
let browser: Browser
let url: string

beforeAll(async () => {
  server = createServer((request, response) => {
    const reason = (request.url ?? '/').slice(1) as Reason
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': pagePolicy,
    })
    response.end(refusalPage(view(reason)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  browser = await launchBrowser()
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await new Promise((resolve) => server.close(resolve))
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

test.each(['light', 'dark'] as const)(
  'axe finds nothing in %s, the style sheet is allowed by the policy',
  async (colorScheme) => {
    const context = await browser.newContext({ colorScheme, viewport: { width: 360, height: 700 } })
    const page = await context.newPage()
    const refused: string[] = []
    page.on('console', (message) => refused.push(message.text()))
    for (const reason of [
      'address-not-allowed',
      'outside-time-window',
      'session-revoked',
      'permission-missing',
    ] as const) {
      await page.goto(`${url}/${reason}`)
      expect([reason, await axeFindings(page)]).toEqual([reason, []])
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)
      expect(await page.evaluate("getComputedStyle(document.querySelector('main')).borderTopWidth")).not.toBe(
        '0px',
      )
    }
    expect(refused).toEqual([])
    await context.close()
  },
)
