/**
 * Pictures of every screen of the console in each of its states: light and dark, on a phone and on a desktop.
 *
 * It compares nothing: they are made to be looked at; the screens are `console-screens.ts`. Invariant: a state that cannot
 * be reached, or that asks the API beyond its contract, fails the whole, so that no screen goes missing quietly.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { at } from '../admin/ui/canned-practice.ts'
import { type CannedServer, startCannedServer } from '../admin/ui/canned-server.ts'
import { launchBrowser } from '../support/chromium.ts'
import type { ConsoleScreen } from './console-screen.ts'
import { consoleScreens } from './console-screens.ts'

const looks = ['light', 'dark'] as const
const sizes = { phone: { width: 390, height: 800 }, desktop: { width: 1_280, height: 860 } } as const
type Size = keyof typeof sizes

/** Longer pages are cut: a browser without a graphics card draws no larger pictures. */
const heightMax = 4_000
const waitMs = 8_000

const fileOf = (name: string, look: string, size: Size): string => `${name}-${size}-${look}.png`

async function openState(page: Page, server: CannedServer, screen: ConsoleScreen): Promise<void> {
  server.forget()
  for (const [what, status, body] of screen.answers ?? []) server.answer(what, status, body)
  await page.goto(new URL(screen.path, `${server.origin}/practices/maple/`).href)
  await page.getByRole('main').waitFor()
  if (screen.isLoading === true) return page.locator('.gh-loading').first().waitFor()
  // Of several, the first is looked up again each time: gone means that none is left.
  await page.locator('.gh-loading').first().waitFor({ state: 'detached' })
  await page.evaluate('document.fonts.ready')
  if (screen.isDialog === true) await page.getByRole('dialog').last().waitFor()
  await screen.act?.(page)
}

async function takeState(page: Page, screen: ConsoleScreen, size: Size, folder: string): Promise<void> {
  for (const look of looks) {
    await page.emulateMedia({ colorScheme: look, reducedMotion: 'reduce' })
    // Colours change over a tenth of a second.
    await page.waitForTimeout(150)
    const height = Number(await page.evaluate('document.documentElement.scrollHeight'))
    const isCovered = (await page.getByRole('dialog').count()) > 0
    // What lies above the page is placed by the window: such a picture is of the window alone.
    const whole = { x: 0, y: 0, width: sizes[size].width, height: Math.min(height, heightMax) }
    await page.screenshot({
      path: join(folder, fileOf(screen.name, look, size)),
      animations: 'disabled',
      ...(isCovered ? {} : { fullPage: true, clip: whole }),
    })
  }
}

async function takeSize(
  browser: Browser,
  server: CannedServer,
  screens: readonly ConsoleScreen[],
  as: { readonly size: Size; readonly folder: string },
): Promise<void> {
  const context = await browser.newContext({ reducedMotion: 'reduce', viewport: sizes[as.size] })
  try {
    const page = await context.newPage()
    page.setDefaultTimeout(waitMs)
    await page.clock.setFixedTime(at)
    const missing: string[] = []
    for (const screen of screens) {
      try {
        await openState(page, server, screen)
        await takeState(page, screen, as.size, as.folder)
      } catch (error) {
        missing.push(`${screen.name}: ${String(error).slice(0, 300)}`)
      }
      if (server.strays.length > 0) missing.push(`${screen.name} asked ${server.strays.join(', ')}`)
    }
    if (missing.length > 0) throw new Error(`of ${as.size}:\n${missing.join('\n')}`)
  } finally {
    await context.close()
  }
}

const sheet = (
  names: readonly string[],
): string => `<!doctype html><meta charset="utf-8"><title>Console</title>
<style>body{font:14px system-ui;background:#888;margin:1rem}section{margin-bottom:2rem}img{vertical-align:top;margin:4px;max-width:45%}</style>
${names
  .map(
    (name) =>
      `<section id="${name}"><h2>${name}</h2>${(Object.keys(sizes) as Size[])
        .flatMap((size) => looks.map((look) => `<img loading="lazy" src="${fileOf(name, look, size)}">`))
        .join('')}</section>`,
  )
  .join('\n')}
`

/**
 * Takes them into `folder`, which is emptied first, and answers how many. `only`: of names that contain it; `phone` and
 * `desktop`: of that size.
 */
export async function takeConsolePictures(folder: string, only = ''): Promise<number> {
  const chosen = (Object.keys(sizes) as Size[]).filter((size) => !Object.hasOwn(sizes, only) || size === only)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const screens = consoleScreens.filter(({ name }) => Object.hasOwn(sizes, only) || name.includes(only))
  const server = await startCannedServer()
  const browser = await launchBrowser()
  try {
    for (const size of chosen) await takeSize(browser, server, screens, { size, folder })
  } finally {
    await browser.close()
    await server.close()
  }
  writeFileSync(join(folder, 'all.html'), sheet(screens.map(({ name }) => name)))
  return screens.length * looks.length * chosen.length
}
