/**
 * The console opened once for a test file: canned server, browser, one page, and everything it complained of.
 *
 * Not a test. Invariant: one context for the whole file, since opening one costs more than most assertions; what a test
 * overrode is forgotten between tests (`afterEach`), and complaints fail the file.
 */
import type { Browser, Page } from 'playwright-core'
import { expect } from 'vitest'
import { launchBrowser } from '../../support/chromium.ts'
import { at } from './canned-practice.ts'
import { type CannedServer, startCannedServer } from './canned-server.ts'

/** The opened console. */
export type OpenedConsole = {
  readonly server: CannedServer
  readonly page: Page
  /** Goes to a screen of Maple Dental and waits until nothing loads any more. */
  readonly open: (path: string, title: string) => Promise<void>
  /** Fails on anything that a page complained of or asked beyond the contract; forgets overrides. */
  readonly settle: () => void
  readonly close: () => Promise<void>
}

const listen = (page: Page, origin: string): string[] => {
  const complaints: string[] = []
  page.on('console', (message) => {
    if (/Content Security|Uncaught/.test(message.text())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    if (!request.url().startsWith(origin) && !request.url().startsWith('blob:'))
      complaints.push(`asked ${request.url()}`)
  })
  return complaints
}

/** Opens it, 1280 × 860, standing at the canned instant. */
export async function openConsole(): Promise<OpenedConsole> {
  const [server, browser]: [CannedServer, Browser] = await Promise.all([startCannedServer(), launchBrowser()])
  const context = await browser.newContext({
    reducedMotion: 'reduce',
    viewport: { width: 1280, height: 860 },
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  const complaints = listen(page, server.origin)
  await page.clock.setFixedTime(at)
  return {
    server,
    page,
    open: async (path, title) => {
      await page.goto(`${server.origin}/practices/maple/${path}`)
      await page.getByRole('heading', { level: 1, name: title }).waitFor()
      await expect.poll(() => page.locator('.gh-loading').count(), { timeout: 8_000 }).toBe(0)
    },
    settle: () => {
      expect(complaints).toEqual([])
      expect(server.strays).toEqual([])
      server.forget()
    },
    close: async () => {
      await browser.close()
      await server.close()
    },
  }
}
