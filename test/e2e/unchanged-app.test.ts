/**
 * Goal: through the gateway the application works unchanged, for a person in a real browser and for plain clients.
 * Method: the demo application, which knows nothing of us; Chromium for pages, fetch, WebSocket, events; bytes compared.
 */
import { createHash, randomBytes } from 'node:crypto'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser } from '../support/chromium.ts'
import { createClient } from '../support/client.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { signInWell } from '../support/people.ts'

let fleet: Fleet
let browser: Browser
let app: string

beforeAll(async () => {
  ;[fleet, browser] = await Promise.all([startFleet({ gateways: 1 }), launchBrowser()])
  app = fleet.gateways[0]!.addresses.application
}, 90_000)
afterAll(async () => {
  await browser?.close()
  await fleet?.close()
})

const signInByForm = async (page: Page): Promise<void> => {
  await page.goto(`${app}/schedule`)
  expect(new URL(page.url()).pathname).toBe('/sign-in')
  await page.getByLabel('E-mail address').fill('fiona.front@demo.test')
  await page.getByLabel('Password').fill('front-desk-demo')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL(`${app}/schedule`)
}

test('a person signs in, sees live updates, walks through the pages and signs out', async () => {
  const context = await browser.newContext()
  const page = await context.newPage()
  page.setDefaultTimeout(5_000)
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  await signInByForm(page)
  await expect.poll(() => page.locator('#live-state').textContent()).toContain('live')
  for (const path of ['/patients', '/payments', '/forms', '/settings', '/huddle', '/schedule']) {
    const answer = await page.goto(app + path)
    expect([path, answer?.status()]).toEqual([path, 200])
  }
  const shown = await page.evaluate(async () => (await fetch('/api/schedule')).status)
  expect(shown).toBe(200)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.waitForURL(/\/sign-in/)
  await page.goto(`${app}/schedule`)
  expect(new URL(page.url()).pathname).toBe('/sign-in')
  expect(errors).toEqual([])
  await context.close()
})

test('an upload and a download arrive byte for byte', async () => {
  const fiona = createClient(app)
  await signInWell(fiona, 'fiona')
  const file = randomBytes(3 * 1024 * 1024)
  const border = 'x-border-x'
  const body = Buffer.concat([
    Buffer.from(
      `--${border}\r\nContent-Disposition: form-data; name="file"; filename="x.bin"\r\nContent-Type: application/octet-stream\r\n\r\n`,
    ),
    file,
    Buffer.from(`\r\n--${border}--\r\n`),
  ])
  const page = await fiona.get('/patients/p-1001')
  const csrf = /name="csrf"[^>]*value="([^"]*)"/.exec(page.text)?.[1] ?? ''
  const uploaded = await fiona.post(`/patients/p-1001/files?csrf=${csrf}`, {
    body,
    headers: { 'content-type': `multipart/form-data; boundary=${border}`, 'x-csrf-token': csrf },
  })
  expect(uploaded.json()).toMatchObject({
    bytes: file.length,
    sha256: createHash('sha256').update(file).digest('hex'),
  })
  const direct = createClient(fleet.demo.url)
  await signInWell(direct, 'fiona')
  const [through, around] = await Promise.all([
    fiona.get('/files/xray-archive.bin'),
    direct.get('/files/xray-archive.bin'),
  ])
  expect(through.body.length).toBe(5 * 1024 * 1024)
  expect(through.body.equals(around.body)).toBe(true)
})
