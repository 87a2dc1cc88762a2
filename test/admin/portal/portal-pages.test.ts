/**
 * Goal: anyone can use every page of the portal: light, dark, on a phone, at 200 % zoom, by keyboard; values are text.
 * Method: each page in each of its states served under its own policy, looked at by axe in the real browser.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { confirmedPage, factorPage, type ManageView, managePage } from '../../../admin/portal/manage-page.ts'
import type { PortalFrame } from '../../../admin/portal/page-parts.ts'
import {
  awayPage,
  mistakePage,
  noTriesPage,
  notOursPage,
  nowherePage,
  overPage,
  ticketPage,
  tooOftenPage,
  tooWeakPage,
} from '../../../admin/portal/plain-pages.ts'
import { codesScript, passkeyScript } from '../../../admin/portal/scripts.ts'
import {
  codesPage,
  fullPage,
  notHerePage,
  passkeyPage,
  renewPage,
  type SetUpView,
  setUpPage,
  shownAlreadyPage,
} from '../../../admin/portal/set-up-page.ts'
import { numberPage } from '../../../admin/portal/text-page.ts'
import { type VerifyView, verifyPage } from '../../../admin/portal/verify-page.ts'
import { newRecoveryCodes } from '../../../admin/two-factor/codes.ts'
import { totpUri } from '../../../admin/two-factor/totp.ts'
import { pagePolicyWith } from '../../../runtime/pages/page.ts'
import { axeFindings } from '../../support/axe.ts'
import { launchBrowser } from '../../support/chromium.ts'

const application = 'https://lakeside.example:8443'
const frame: PortalFrame = {
  name: 'Fiona <i>Díaz</i>',
  login: 'fiona.diaz@riverside-dental.example',
  practices: ['Riverside Dental', 'Lakeview & Sons', 'North', 'South', 'East', 'West', 'Hill'],
  signedIn: false,
  leave: `${application}/.gatehouse/access?leave`,
  token: 'a'.repeat(43),
  at: 0,
}
const key = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const verify: VerifyView = {
  ...{ frame, purpose: 'access', said: null, by: 'app' },
  ...{ app: true, passkey: null, texts: null, strong: false, rememberDays: 0 },
}
const setUp: SetUpView = {
  frame,
  key,
  uri: totpUri(key, 'Riverside Dental', frame.login),
  deadline: null,
  adds: false,
  passkeys: true,
  texts: true,
  said: null,
}
const moments = { enrolledAt: 'Mon 2 Mar 2026, 11:00', lastVerifiedAt: 'Tue 3 Mar 2026, 08:02' }
const manage: ManageView = {
  frame,
  factors: [
    { id: 'fac_1', name: 'Fiona’s <i>phone</i>', method: 'Authenticator app', ...moments },
    { id: 'fac_2', name: 'Passkey', method: 'Passkey', ...moments },
  ],
  recoveryCodesLeft: 7,
  mayEnrol: true,
  passkeys: true,
  texts: true,
  devices: 2,
  deadline: null,
  management: 'https://lakeside.example:8443/.gatehouse/security-management',
}
const numbers = [{ id: 'fac_3', name: 'Phone', masked: '•••• 42' }]
const wrong = { what: 'wrong', triesLeft: 4 } as const

const pages: Readonly<Record<string, string>> = {
  verify: verifyPage(verify),
  'verify-again': verifyPage({ ...verify, frame: { ...frame, signedIn: true } }),
  'verify-wrong': verifyPage({ ...verify, said: wrong }),
  'verify-wait': verifyPage({ ...verify, said: { what: 'wait', until: 420_000 } }),
  'verify-recovery': verifyPage({ ...verify, said: { what: 'used', triesLeft: 1 }, by: 'recovery' }),
  'verify-change': verifyPage({ ...verify, purpose: 'set-up' }),
  'set-up': setUpPage({ ...setUp, deadline: 'Mon 9 Mar 2026, 11:00' }),
  'set-up-wrong': setUpPage({ ...setUp, said: wrong }),
  'set-up-new': setUpPage({ ...setUp, adds: true }),
  'verify-passkey': verifyPage({ ...verify, passkey: '{"challenge":"<i>"}', rememberDays: 30 }),
  'verify-strong': verifyPage({ ...verify, passkey: '{}', strong: true, said: wrong, by: 'passkey' }),
  'verify-text': verifyPage({ ...verify, app: false, texts: { numbers, sent: null } }),
  'verify-text-sent': verifyPage({
    ...{ ...verify, by: 'text', said: { what: 'sent' }, rememberDays: 30 },
    texts: { numbers, sent: { masked: '•••• 42' } },
  }),
  number: numberPage({ frame, sent: null, said: { what: 'form' }, by: 'number' }),
  'number-sent': numberPage({ frame, sent: { masked: '•••• 42' }, said: wrong, by: 'text' }),
  'verify-expired': verifyPage({ ...verify, said: { what: 'expired', triesLeft: 2 } }),
  passkey: passkeyPage({ frame, options: '{}', deadline: null, adds: false, said: null }),
  full: fullPage(frame),
  factor: factorPage({ frame, factor: manage.factors[0]!, last: false, requiring: [] }),
  'factor-last': factorPage({
    frame,
    factor: manage.factors[0]!,
    last: true,
    requiring: ['Lakeview & Sons'],
  }),
  'not-here': notHerePage(frame, '2001:db8:85a3:8d3:1319:8a2e:370:7348', wrong),
  codes: codesPage({ frame, codes: newRecoveryCodes(), fresh: 'enrolled', goesOn: true }),
  'codes-new': codesPage({ frame, codes: newRecoveryCodes(), fresh: 'renewed', goesOn: false }),
  renew: renewPage(frame, 7, '1'),
  'shown-already': shownAlreadyPage(frame),
  manage: managePage(manage),
  'manage-few': managePage({ ...manage, recoveryCodesLeft: 1 }),
  'manage-none': managePage({ ...manage, factors: [], deadline: 'Mon 9 Mar 2026, 11:00' }),
  'manage-away': managePage({ ...manage, factors: [], mayEnrol: false }),
  confirmed: confirmedPage(frame, 2),
  ticket: ticketPage(),
  over: overPage(),
  'no-tries': noTriesPage(),
  'not-ours': notOursPage(),
  'too-weak': tooWeakPage(),
  'too-often': tooOftenPage(12),
  away: awayPage(),
  mistake: mistakePage(),
  nowhere: nowherePage(),
}
/** One of each kind: the others differ in their words. */
const different = [
  'verify-text-sent',
  'number-sent',
  'verify-wrong',
  'verify-recovery',
  'set-up',
  'set-up-wrong',
  'not-here',
  'codes',
  'verify-passkey',
  'passkey',
  'factor',
  'factor-last',
  'renew',
  'shown-already',
  'manage-few',
  'manage-none',
  'confirmed',
  'ticket',
]

const scriptOf = (html: string) => [passkeyScript, codesScript].find(({ tag }) => html.includes(String(tag)))

let server: Server
let browser: Browser
let url: string
beforeAll(async () => {
  server = createServer((request, response) => {
    const name = (request.url ?? '/').slice(1)
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': pagePolicyWith(application, scriptOf(pages[name] ?? '')?.hash ?? null),
    })
    response.end(pages[name] ?? '')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  browser = await launchBrowser()
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await new Promise((resolve) => server.close(resolve))
})

const inBrowser = async (how: Parameters<Browser['newContext']>[0], look: (page: Page) => Promise<void>) => {
  const context = await browser.newContext(how)
  try {
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => complaints.push(message.text()))
    await look(page)
    expect(complaints.filter((line) => !line.includes('favicon'))).toEqual([])
  } finally {
    await context.close()
  }
}

const phone = { width: 360, height: 740 }

describe.each([
  ['light, on a phone', { colorScheme: 'light', viewport: phone }],
  ['dark, on a phone', { colorScheme: 'dark', viewport: phone }],
  ['1280 px at 200 %', { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 }],
] as const)('%s', (_, how) => {
  const scheme = 'colorScheme' in how ? how.colorScheme : 'light'
  it('axe finds nothing on any page', { timeout: 120_000 }, async () => {
    await inBrowser(how, async (page) => {
      for (const name of different) {
        await page.goto(`${url}/${name}`)
        expect(await axeFindings(page, scheme), name).toEqual([])
      }
    })
  })
})

it('nothing is cut off sideways on the narrowest screens', async () => {
  await inBrowser({ viewport: { width: 320, height: 256 } }, async (page) => {
    for (const name of Object.keys(pages)) {
      await page.goto(`${url}/${name}`)
      const wide = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
      expect(await page.evaluate(wide), name).toBe(0)
    }
  })
})

it('every value is text, and no page has another script or asks another server for anything', () => {
  for (const [name, whole] of Object.entries(pages)) {
    const html = whole.replace(String(scriptOf(whole)?.tag ?? ''), '')
    expect(html, name).not.toMatch(/<script|<i>|<img|<link|javascript:| src=| style=/)
    expect(html.replace('http://www.w3.org/2000/svg', ''), name).not.toMatch(
      /(?:src|href)="https?:(?!\/\/lakeside)/,
    )
    expect(Buffer.byteLength(whole), name).toBeLessThan(30_000)
  }
  expect(pages.verify).toContain('Fiona &lt;i&gt;Díaz')
  expect(pages.verify).toContain('North, South, East and 2 more')
})

it('by keyboard one stands in the field at once, and every field and button can be reached and seen', async () => {
  await inBrowser({ viewport: phone }, async (page) => {
    await page.goto(`${url}/verify`)
    const seen: unknown[] = []
    for (let i = 0; i < 4; i++) {
      seen.push(await page.evaluate('document.activeElement.id || document.activeElement.textContent'))
      expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid')
      await page.keyboard.press('Tab')
    }
    expect(seen).toEqual(['code', 'Confirm', 'Use a recovery code', 'Sign in as someone else'])
    await page.goto(`${url}/verify-recovery`)
    expect(await page.evaluate('document.activeElement.id')).toBe('recovery')
  })
})

it('the picture stands on white in dark mode too, large enough to scan', async () => {
  await inBrowser({ colorScheme: 'dark', viewport: phone }, async (page) => {
    await page.goto(`${url}/set-up`)
    expect(await page.evaluate('getComputedStyle(document.querySelector(".qr")).backgroundColor')).toBe(
      'rgb(255, 255, 255)',
    )
    const picture = await page.getByRole('img', { name: 'QR code with the key' }).boundingBox()
    expect(picture?.width).toBeGreaterThan(190)
  })
})
