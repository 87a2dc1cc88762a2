/**
 * Goal: whoever has a keyboard or a phone gets to every screen, finds people and networks, and sees emergencies.
 * Method: the built UI with canned answers in a real Chromium, one page for all tests.
 */
import { expect, it } from 'vitest'
import { axeFindings } from '../../support/axe.ts'
import { emergencyInUse } from './canned-people.ts'
import { stageConsole } from './console-stage.ts'

const stage = stageConsole()
const { show } = stage

const tabs = [
  'General settings',
  'IP allowlist',
  'Time windows',
  'Active users',
  '2FA management',
  'Access requests',
  'Security events',
]

it('finds screens, people and networks from the keyboard, and explains its keys', async () => {
  const [page, server] = [stage.page(), stage.server()]
  await show('general', 'General settings')
  const seven = page.getByRole('list', { name: 'Security Management' }).locator('.gh-nav-name')
  expect(await seven.allTextContents()).toEqual(tabs)
  expect(await page.getByRole('list', { name: 'Organisation' }).count()).toBe(0)
  await page.keyboard.press('/')
  const field = page.getByRole('combobox', { name: 'Find a screen, a person or a network' })
  await field.fill('fi')
  await page.getByRole('option', { name: 'Fiona Front' }).waitFor()
  await page.getByRole('option', { name: 'Office Network 203.0.113.0/24' }).waitFor()
  expect(await axeFindings(page)).toEqual([])
  // Ada, then Fiona: no screen begins with these letters.
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/users?text=fiona')
  expect(await page.getByRole('dialog').count()).toBe(0)

  await page.keyboard.press('g')
  await page.keyboard.press('i')
  await page.waitForURL('**/ip-allowlist')
  // A search for a number stays what was typed.
  await page.getByRole('searchbox', { name: 'Search entries' }).fill('203')
  await page.waitForURL('**/ip-allowlist?text=203')
  await page.reload()
  expect(await page.getByRole('searchbox', { name: 'Search entries' }).inputValue()).toBe('203')
  // Typed into a field, a key is a letter.
  await page.getByRole('searchbox', { name: 'Search entries' }).press('?')
  expect(await page.getByRole('dialog').count()).toBe(0)
  await page.getByRole('searchbox', { name: 'Search entries' }).press('Control+k')
  await field.fill('nothing like that')
  server.answer('GET /api/practices/maple/users', 200, {
    version: 5,
    total: 0,
    members: [],
    nextCursor: null,
  })
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })

  await page.locator('body').click({ position: { x: 5, y: 500 } })
  await page.keyboard.press('?')
  await page.getByText('Find a screen, a person or a network').waitFor()
  const keys = await page.locator('dt:has(kbd)').allTextContents()
  expect(new Set(keys).size).toBe(keys.length)
  expect(await axeFindings(page)).toEqual([])
  await page.getByRole('switch', { name: 'Single-key shortcuts' }).click()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await page.keyboard.press('/')
  await page.keyboard.press('Control+k')
  await field.waitFor()
  expect(await field.inputValue()).toBe('')
  expect(await page.evaluate("localStorage.getItem('gatehouse-single-keys')")).toBe('off')
  await page.evaluate('localStorage.clear()')
})

it('keeps the screens behind a button on a phone, by keyboard too', async () => {
  const page = stage.page()
  await page.setViewportSize({ width: 390, height: 800 })
  await show('active-users', 'Active users')
  const menu = page.getByRole('button', { name: 'Menu', exact: true })
  const navigation = page.getByRole('navigation', { name: 'Practice' })
  expect(await navigation.isVisible()).toBe(false)
  await menu.press('Enter')
  expect(await menu.getAttribute('aria-expanded')).toBe('true')
  await navigation.getByRole('link', { name: 'Access requests 3 waiting' }).waitFor()
  expect(await axeFindings(page)).toEqual([])
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
  await navigation.getByRole('link', { name: 'Time windows Off' }).focus()
  await page.keyboard.press('Escape')
  expect(await navigation.isVisible()).toBe(false)
  expect(await page.evaluate("document.activeElement.getAttribute('aria-label')")).toBe('Menu')
  await menu.press('Enter')
  await navigation.getByRole('link', { name: 'Time windows Off' }).press('Enter')
  await page.waitForURL('**/time-windows')
  await navigation.waitFor({ state: 'hidden' })
  await page.setViewportSize({ width: 1280, height: 860 })
})

it('says above every screen that emergency access is in use, in light and dark', async () => {
  const [page, server] = [stage.page(), stage.server()]
  server.answer('GET /api/practices/maple/emergency-access', 200, emergencyInUse)
  await show('users', 'Users')
  const banner = page.getByRole('region', { name: 'Emergency access in use' })
  await banner.getByText('Fiona Front from 198.51.100.77, until 24 Nov 2026, 10:53').waitFor()
  expect(await stage.findings()).toEqual([])
  expect(await banner.getByRole('link', { name: 'End or review it' }).getAttribute('href')).toBe(
    '/practices/maple/emergency',
  )
  await banner.getByRole('link', { name: 'What they did' }).click()
  await page.waitForURL('**/security-events?type=break-glass')
})
