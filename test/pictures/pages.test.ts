/**
 * Goal: anyone can use every page that people meet: light, dark, on a phone, at 200 % zoom; values are text; pages are small.
 * Method: every screen served under its own headers; one of each kind looked at by axe in the real browser, all of them for
 * their width, for what the browser complains of, and for what they load.
 */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { logoBytesMax } from '../../runtime/logos.ts'
import { axeFindings } from '../support/axe.ts'
import { launchBrowser } from '../support/chromium.ts'
import { gatewayScreens } from './gateway-screens.ts'
import { type PageServer, servePages } from './page-server.ts'
import { pictureApplication, portalScreens } from './portal-screens.ts'
import type { Screen } from './screen.ts'

const screens = [...gatewayScreens, ...portalScreens]

/** What a page consists of: elements with their classes. */
const partsOf = ({ body }: Screen): ReadonlySet<string> =>
  new Set(
    [...body.matchAll(/<([a-z0-9]+)(?:[^>]*? class="([^"]*)")?/g)].map(
      ([, tag, name]) => `${tag}.${name ?? ''}`,
    ),
  )

/** Pages that consist of the same elements differ in their words: one of each is enough to look at all of it. */
const formOf = (screen: Screen): string => [...partsOf(screen)].sort().join(' ')
const different = screens.filter(
  (screen, at) => screens.findIndex((other) => formOf(other) === formOf(screen)) === at,
)

/** A few that have every element with every class between them: enough for colours. */
const coloured = ((): readonly Screen[] => {
  const missing = new Set(screens.flatMap((screen) => [...partsOf(screen)]))
  const few: Screen[] = []
  const newOn = (screen: Screen): number => [...partsOf(screen)].filter((part) => missing.has(part)).length
  while (missing.size > 0) {
    const [best] = screens.toSorted((a, b) => newOn(b) - newOn(a))
    if (best === undefined) break
    few.push(best)
    for (const part of partsOf(best)) missing.delete(part)
  }
  return few
})()

/** The page itself, a path of this origin, the application, the key of an authenticator app, or a value that stands in the page. */
const isOurs = (address: string): boolean =>
  address.startsWith(pictureApplication) || /^$|^(?:\/(?!\/)|otpauth:|data:text\/plain)/.test(address)

let server: PageServer
let browser: Browser
beforeAll(async () => {
  server = await servePages(screens)
  browser = await launchBrowser()
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await server?.close()
})

/** Looks at pages one after the other; a browser that complains of any has said why. */
const inBrowser = async (
  how: Parameters<Browser['newContext']>[0],
  of: readonly Screen[],
  look: (page: Page, name: string) => Promise<void>,
) => {
  const context = await browser.newContext(how)
  try {
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => complaints.push(message.text()))
    for (const { name } of of) {
      await page.goto(`${server.url}/${name}`)
      await look(page, name)
      expect(complaints, name).toEqual([])
    }
  } finally {
    await context.close()
  }
}

it.each([
  ['light', different],
  ['dark', coloured],
] as const)('axe finds nothing on a phone, %s', { timeout: 90_000 }, async (scheme, of) => {
  const how = { colorScheme: scheme, viewport: { width: 360, height: 740 } }
  await inBrowser(how, of, async (page, name) => {
    expect(await axeFindings(page, scheme), name).toEqual([])
  })
})

it('nothing is cut off sideways at 400 %, which 320 px are, and no policy stops anything', async () => {
  await inBrowser({ viewport: { width: 320, height: 256 } }, screens, async (page, name) => {
    const wide = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
    expect(await page.evaluate(wide), name).toBe(0)
  })
})

it('by keyboard everything that can be used is reached in its order, and seen', async () => {
  const usable = 'a[href], button, summary, textarea, select, input:not([type=hidden])'
  await inBrowser({ viewport: { width: 1_280, height: 900 } }, coloured, async (page, name) => {
    const all = await page.evaluate<number>(
      `window.all = [...document.querySelectorAll(${JSON.stringify(usable)})].filter((one) => one.checkVisibility() && (one.type !== 'radio' || one.checked)), document.activeElement.blur(), getSelection().setPosition(document.body, 0), all.length`,
    )
    for (let at = 0; at < all; at += 1) {
      await page.keyboard.press('Tab')
      const here = await page.evaluate(
        '[all.indexOf(document.activeElement), getComputedStyle(document.activeElement).outlineStyle]',
      )
      expect(here, name).toEqual([at, 'solid'])
    }
  })
})

it('every value is text, there is one script at most, nothing comes from elsewhere, and 30 kB are enough, logo included', () => {
  for (const { name, body, headers } of screens) {
    const scripts = /script-src 'sha256-/.test(headers['content-security-policy'] ?? '') ? 1 : 0
    expect(body.match(/<script/g) ?? [], name).toHaveLength(scripts)
    const policy = headers['content-security-policy'] ?? ''
    for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "img-src 'self'"])
      expect(policy, name).toContain(part)
    expect(policy, name).not.toMatch(/unsafe|\*|data:/)
    expect(headers, name).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
    })
    const page = body.replace(/<script>.*?<\/script>/s, '')
    expect(page, name).not.toMatch(/<script|<i>|javascript:| style=| on[a-z]+="/)
    for (const [, address = ''] of page.matchAll(/(?:src|href|action)="([^"]*)"/g))
      expect(isOurs(address), `${name} ${address}`).toBe(true)
    const logo = /<img /.test(body) ? logoBytesMax : 0
    expect(Buffer.byteLength(body) + logo, name).toBeLessThan(30_000)
  }
})

it.each([
  [
    'Europe/Berlin',
    true,
    'Tuesday, November 24 at 15:12 GMT+1; it opens on Tuesday, November 24 at 16:00 GMT+1',
  ],
  ['America/Denver', true, null],
  ['Europe/Berlin', false, null],
] as const)(
  'by a clock in %s (script: %s) the page tells the practice’s time, and one’s own where it differs',
  async (timezoneId, javaScriptEnabled, here) => {
    const context = await browser.newContext({ timezoneId, javaScriptEnabled })
    const page = await context.newPage()
    await page.goto(`${server.url}/refused-several-practices`)
    const facts = await page.locator('#hours').innerText()
    for (const words of [
      'Tuesday, November 24 at 08:00 MST, in 48 min',
      'Tuesday, November 24, 2026 at 07:12 MST',
    ])
      expect(facts).toContain(words)
    expect(await page.locator('#here').isVisible()).toBe(here !== null)
    if (here !== null) expect(facts).toContain(here)
    await context.close()
  },
)
