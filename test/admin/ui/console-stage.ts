/**
 * The console as a test drives it: the built UI behind canned answers, in one page of one browser.
 *
 * A page is opened once a file and led from address to address; a fresh profile for every test was refused, since what a
 * test leaves behind (canned answers, what was sent, the browser's store, the colours, the size) is put back here.
 * Invariant: a page that complains, leaves its origin or asks beyond the contract fails the test it happened in.
 */
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { axeFindings } from '../../support/axe.ts'
import { launchBrowser } from '../../support/chromium.ts'
import { at } from './canned-practice.ts'
import { type CannedServer, startCannedServer } from './canned-server.ts'

const size = { width: 1280, height: 860 }
const phone = { width: 360, height: 740 }

/** What the tests of a file share. */
export type ConsoleStage = {
  readonly server: () => CannedServer
  readonly page: () => Page
  /** Opens `/practices/{practice}/{path}`. */
  readonly open: (path: string, practice?: string) => Promise<void>
  /** Waits until the screen of this title, or whichever is shown, has everything it asked for. */
  readonly opened: (title?: string) => Promise<void>
  /** Both: opens a screen of Maple Dental and waits for it. */
  readonly show: (path: string, title?: string) => Promise<void>
  readonly button: (name: string) => Locator
  readonly dialog: (name?: string | RegExp) => Locator
  /**
   * What axe finds in light, and then by its colours in dark; the page is light again afterwards. `dialog`: only in the
   * dialog, over a screen that was looked at by itself.
   */
  readonly findings: (where?: 'page' | 'dialog') => Promise<readonly string[]>
  /** How wide the page is on a phone that is 360 pixels wide; it is wide again afterwards. */
  readonly widthOnPhone: () => Promise<number>
}

const darken = async (page: Page, scheme: 'light' | 'dark'): Promise<void> => {
  await page.emulateMedia({ colorScheme: scheme })
  const shown = () => page.evaluate('document.documentElement.dataset.mantineColorScheme')
  await expect.poll(shown, { interval: 20 }).toBe(scheme)
}

async function openPage(browser: Browser, origin: string, complaints: string[]): Promise<Page> {
  const context = await browser.newContext({
    ...{ reducedMotion: 'reduce', viewport: size },
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  page.on('console', (message) => {
    if (/Content Security|Uncaught/.test(message.text())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    // A file that the page made itself is fetched from nowhere.
    const isOwn = request.url().startsWith(origin) || request.url().startsWith('blob:')
    if (!isOwn) complaints.push(`asked ${request.url()}`)
  })
  await page.clock.setFixedTime(at)
  return page
}

/** Sets the file up: one browser, one page, and everything put back after each test. */
export function stageConsole(): ConsoleStage {
  let server: CannedServer
  let browser: Browser
  let page: Page
  const complaints: string[] = []

  beforeAll(async () => {
    ;[server, browser] = await Promise.all([startCannedServer(), launchBrowser()])
    page = await openPage(browser, server.origin, complaints)
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })
  afterEach(async () => {
    const strays = [...server.strays]
    const complained = complaints.splice(0)
    // Leaving the page first: what it still asks belongs to the test that ends here.
    await page.evaluate('localStorage.clear()')
    await page.goto('about:blank')
    complaints.length = 0
    server.forget()
    if (page.viewportSize()?.width !== size.width) await page.setViewportSize(size)
    expect(complained).toEqual([])
    expect(strays).toEqual([])
  })

  const open = async (path: string, practice = 'maple'): Promise<void> => {
    await page.goto(`${server.origin}/practices/${practice}/${path}`)
  }
  const opened = async (title?: string): Promise<void> => {
    await page.getByRole('heading', { level: 1, ...(title === undefined ? {} : { name: title }) }).waitFor()
    await page.getByRole('status', { name: 'Publishing' }).waitFor()
    await expect.poll(() => page.locator('.gh-loading').count(), { interval: 20, timeout: 8_000 }).toBe(0)
  }
  return {
    ...{ server: () => server, page: () => page, open, opened },
    show: async (path, title) => {
      await open(path)
      await opened(title)
    },
    button: (name) => page.getByRole('button', { name, exact: true }),
    dialog: (name) => page.getByRole('dialog', name === undefined ? {} : { name }),
    findings: async (where = 'page') => {
      const part = where === 'page' ? {} : { within: '[role=dialog]' }
      const light = await axeFindings(page, 'light', part)
      await darken(page, 'dark')
      const dark = await axeFindings(page, 'dark', part)
      await darken(page, 'light')
      return [...light, ...dark.map((finding) => `dark: ${finding}`)]
    },
    widthOnPhone: async () => {
      await page.setViewportSize(phone)
      const width = await page.evaluate<number>('document.documentElement.scrollWidth')
      await page.setViewportSize(size)
      return width
    },
  }
}
