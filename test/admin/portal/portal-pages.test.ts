/**
 * Goal: the portal's pages work by keyboard, and the picture with the key can be scanned.
 * Method: the pages' screens in the real browser, under their own headers. That anyone can read and use all of them is
 * `test/pictures/pages.test.ts`.
 */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type PageServer, servePages } from '../../pictures/page-server.ts'
import { portalScreens } from '../../pictures/portal-screens.ts'
import { launchBrowser } from '../../support/chromium.ts'

let server: PageServer
let browser: Browser
let page: Page
beforeAll(async () => {
  server = await servePages(portalScreens)
  browser = await launchBrowser()
  page = await browser.newPage({ colorScheme: 'dark', viewport: { width: 360, height: 740 } })
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await server?.close()
})

it('a page shows who is asked, as text', () => {
  const { body = '' } = portalScreens.find(({ name }) => name === 'portal-verify') ?? {}
  expect(body).toContain('Fiona &lt;i&gt;Díaz')
  expect(body).toContain('North, South, East and 2 more')
})

it('by keyboard one stands in the field at once, and every field and button can be reached and seen', async () => {
  await page.goto(`${server.url}/portal-verify`)
  const seen: unknown[] = []
  for (let i = 0; i < 4; i++) {
    seen.push(await page.evaluate('document.activeElement.id || document.activeElement.textContent'))
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid')
    await page.keyboard.press('Tab')
  }
  expect(seen).toEqual(['code', 'Confirm', 'Use a recovery code', 'Sign in as someone else'])
  await page.goto(`${server.url}/portal-verify-recovery`)
  expect(await page.evaluate('document.activeElement.id')).toBe('recovery')
})

it('the picture stands on white in dark mode too, large enough to scan', async () => {
  await page.goto(`${server.url}/portal-set-up`)
  expect(await page.evaluate('getComputedStyle(document.querySelector(".qr")).backgroundColor')).toBe(
    'rgb(255, 255, 255)',
  )
  const picture = await page.getByRole('img', { name: 'QR code with the key' }).boundingBox()
  expect(picture?.width).toBeGreaterThan(190)
})
