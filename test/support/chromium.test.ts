/**
 * Goal: tests get a real Chromium that runs scripts, draws text and carries a virtual passkey.
 * Method: one page, asked from inside and looked at from outside.
 */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchBrowser } from './chromium.ts'

let browser: Browser

beforeAll(async () => {
  browser = await launchBrowser()
})

afterAll(() => browser.close())

it('runs scripts and starts without cookies', async () => {
  const page = await browser.newPage()
  await page.setContent(
    '<h1>none</h1><script>document.querySelector("h1").textContent = String(6 * 7)</script>',
  )
  expect(await page.textContent('h1')).toBe('42')
  expect(await page.context().cookies()).toEqual([])
  await page.close()
})

it('draws text: a page with words differs from the same page without', async () => {
  const page = await browser.newPage()
  const shot = async (words: string) => {
    await page.setContent(`<p style="font: 40px sans-serif; width: 600px; height: 80px">${words}</p>`)
    return page.screenshot()
  }
  expect((await shot('Restricted: outside office hours')).equals(await shot(''))).toBe(false)
  await page.close()
})

it('carries a virtual authenticator for passkeys', async () => {
  const page = await browser.newPage()
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  const options = {
    protocol: 'ctap2',
    transport: 'internal',
    hasResidentKey: true,
    hasUserVerification: true,
  } as const
  const added = await devtools.send('WebAuthn.addVirtualAuthenticator', { options })
  expect(added.authenticatorId).not.toBe('')
  await page.close()
})
