// Goal: the pages work in a browser: live state, booking, notes, upload, settings; readable and never too wide.
// Method: real Chromium on a started demo; axe for accessibility in light and dark; console errors fail.

import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { Demo } from '../../demo/app.ts'
import { axeFindings } from '../support/axe.ts'
import { launchBrowser } from '../support/chromium.ts'
import { credentials, openDemo } from './desk-visits.ts'

const paths = [
  '/schedule',
  '/patients',
  '/patients/p-1001',
  '/payments',
  '/forms',
  '/forms/f-301',
  '/settings',
]
const allPaths = [...paths, '/huddle', '/practices', '/book', '/sign-in', '/nowhere']
let browser: Browser

beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

async function openPage(demo: Demo, options: BrowserContextOptions = {}) {
  const context = await browser.newContext(options)
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (line) => {
    // An answer of 404 to a page we ask for on purpose is not an error of the page.
    if (line.type() === 'error' && !line.text().includes('404')) errors.push(line.text())
  })
  const { email, password } = credentials('mark')
  await page.goto(`${demo.url}/sign-in?next=/schedule`)
  await page.getByLabel('E-mail address').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  return { page, errors }
}

const liveState = async (page: Page, state: string): Promise<void> => {
  await page.locator('#live-state', { hasText: state }).waitFor()
  await page.locator('#huddle-state', { hasText: state }).waitFor()
}

test('a booking appears by itself in every open schedule and huddle', async () => {
  const demo = await openDemo()
  const desk = await openPage(demo)
  const other = await openPage(demo)
  await liveState(desk.page, 'live')
  await liveState(other.page, 'live')
  await desk.page.getByRole('button', { name: 'New visit' }).click()
  await desk.page.locator('select[name=patientId]').selectOption('p-1007')
  await desk.page.getByRole('button', { name: 'Book visit' }).click()
  await other.page.locator('.visit.fresh a[href="/patients/p-1007"]').waitFor()
  await other.page.locator('#huddle-feed li', { hasText: 'Mark Jensen booked' }).waitFor()
  await desk.page.locator('#page-message', { hasText: 'Booked' }).waitFor()
  expect([...desk.errors, ...other.errors]).toEqual([])
})

test('the state says so when the application goes away', async () => {
  const demo = await openDemo()
  const { page } = await openPage(demo)
  await liveState(page, 'live')
  await demo.close()
  await liveState(page, 'disconnected')
})

test('notes, files and settings are saved from the page', async () => {
  const { page, errors } = await openPage(await openDemo())
  await page.goto(new URL('/patients/p-1001', page.url()).href)
  const notes = page.locator('.notes li')
  const before = await notes.count()
  await notes.first().getByRole('button').click()
  await page.locator('#page-message', { hasText: 'Note removed' }).waitFor()
  expect(await notes.count()).toBe(before - 1)
  await page.locator('#upload input').setInputFiles({
    name: 'tooth.png',
    mimeType: 'image/png',
    buffer: Buffer.alloc(200_000, 7),
  })
  await page.getByRole('button', { name: 'Upload' }).click()
  await page.locator('#upload-state', { hasText: 'Filed 200,000 bytes' }).waitFor()
  await page.goto(new URL('/settings', page.url()).href)
  await page.getByLabel('Opens').fill('07:15')
  await page.getByRole('button', { name: 'Save settings' }).click()
  await page.locator('#page-message', { hasText: 'Settings saved' }).waitFor()
  await page.reload()
  expect(await page.getByLabel('Opens').inputValue()).toBe('07:15')
  expect(errors).toEqual([])
})

test.each(['light', 'dark'] as const)(
  'every page is accessible, %s',
  { timeout: 90_000 },
  async (colorScheme) => {
    const { page, errors } = await openPage(await openDemo(), { colorScheme })
    const found: string[] = []
    for (const path of allPaths) {
      await page.goto(new URL(path, page.url()).href)
      found.push(...(await axeFindings(page, colorScheme)).map((finding) => `${path}: ${finding}`))
    }
    expect(found).toEqual([])
    expect(errors).toEqual([])
  },
)

test('no page is wider than a phone', async () => {
  const { page } = await openPage(await openDemo(), { viewport: { width: 360, height: 740 } })
  for (const path of allPaths) {
    await page.goto(new URL(path, page.url()).href)
    const wider = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')
    expect([path, wider]).toEqual([path, 0])
  }
})
