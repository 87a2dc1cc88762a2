/**
 * Goal: an admin sees who is in and how, and ends one session, a person, several or all, told what it did.
 * Method: the built UI with canned answers of the contract in a real Chromium, one page for all tests.
 */
import { expect, it } from 'vitest'
import { axeFindings } from '../../support/axe.ts'
import { activeUsers } from './canned-practice.ts'
import { stageConsole } from './console-stage.ts'

const maple = '/api/practices/maple'
const title = 'Active users'

const stage = stageConsole()
const { button, dialog, show } = stage

const sent = () => stage.server().sent.map(({ what, body }) => [what, body])

it('filters in the address: sign-in, factor, idle, several practices', async () => {
  const [page, server] = [stage.page(), stage.server()]
  await show('active-users?practices=several', title)
  const row = page.getByRole('row', { name: /Fiona Front/ })
  await row.getByText('also in 2 other practices').waitFor()
  await row.getByText('no second factor').waitFor()
  expect(await axeFindings(page)).toEqual([])
  await page.getByRole('combobox', { name: 'Sign-in' }).selectOption('Passkey')
  await page.getByRole('combobox', { name: 'Second factor' }).selectOption('No second factor')
  const [asked] = await Promise.all([
    page.waitForRequest((request) => request.url().includes('idleMs')),
    page.getByRole('combobox', { name: 'Idle' }).selectOption('Idle for an hour'),
  ])
  expect(Object.fromEntries(new URL(asked.url()).searchParams)).toEqual({
    ...{ practices: 'several', method: 'own-passkey', factor: 'none', idleMs: '3600000', limit: '100' },
  })
  server.answer(`GET ${maple}/active-users`, 200, { total: 0, users: [], nextCursor: null })
  await page.getByRole('combobox', { name: 'Step' }).selectOption('Waiting for a step')
  await page.getByRole('heading', { name: 'Nobody who is in fits' }).waitFor()
})

it('opens somebody from the address, with sessions and history, and ends one session', async () => {
  const server = stage.server()
  const [fiona] = activeUsers
  server.answer(`GET ${maple}/active-users`, 200, { total: 1, users: [fiona], nextCursor: null })
  await show('active-users?user=u-fiona', title)
  const drawer = dialog('Fiona Front')
  await drawer.getByRole('region', { name: 'Firefox on Windows' }).waitFor()
  await drawer.getByText('An admin ended a session.').waitFor()
  await drawer.getByText('Control IP changed').waitFor()
  expect(await stage.findings()).toEqual([])
  await drawer
    .getByRole('region', { name: 'Safari on iPhone' })
    .getByRole('button', { name: 'Revoke session' })
    .click()
  await button('Revoke').click()
  await dialog('Revoke a session of Fiona Front?').waitFor({ state: 'detached' })
  expect(sent()).toEqual([[`POST ${maple}/sessions/s-fiona-2/revoke`, {}]])
})

it('signs out and blocks, and says what was closed once it is active everywhere', async () => {
  const page = stage.page()
  await show('active-users?user=u-fiona', title)
  await button('Sign out and block').click()
  const question = dialog('Revoke Fiona Front?')
  expect(await question.getByRole('checkbox', { name: 'Block them as well' }).isChecked()).toBe(true)
  await question.getByLabel('Reason').fill('Left the practice')
  await question.getByRole('button', { name: 'Revoke' }).click()
  await page.getByText('Active everywhere after 41 ms, 2 live connections closed').waitFor()
  await button('Sign out').click()
  await question.getByRole('checkbox', { name: 'In every practice of theirs' }).check()
  await question.getByRole('button', { name: 'Revoke' }).click()
  await question.waitFor({ state: 'detached' })
  expect(sent()).toEqual([
    [`POST ${maple}/users/u-fiona/revoke`, { block: true, reason: 'Left the practice' }],
    [`POST ${maple}/users/u-fiona/revoke-everywhere`, { block: false }],
  ])
})

it('revokes several, chosen in the address, one after the other, and stops at a refusal', async () => {
  const [page, server] = [stage.page(), stage.server()]
  await show('active-users', title)
  await page.getByRole('checkbox', { name: 'Choose everyone on this page' }).click()
  await page.waitForURL('**/active-users?chosen=u-fiona%2Cu-nora')
  server.answer(`POST ${maple}/users/u-nora/revoke`, 409, {
    title: 'Somebody must be left',
    status: 409,
    code: 'last-security-admin',
    detail: 'This is the only security admin of a practice. Make somebody else one first.',
  })
  await button('Revoke them').click()
  const question = dialog('Revoke 2 people?')
  await question.getByText('Your own session is among them').waitFor()
  await question.getByRole('button', { name: 'Revoke' }).click()
  await question.getByText('This is the only security admin').waitFor()
  await question.getByRole('button', { name: 'Cancel' }).click()
  await button('Choose nobody').click()
  await page.waitForURL('**/active-users')
  await button('Revoke all but mine').click()
  await dialog('Revoke everyone but you?').getByRole('button', { name: 'Revoke' }).click()
  await dialog('Revoke everyone but you?').waitFor({ state: 'detached' })
  expect(sent().map(([what]) => what)).toEqual([
    `POST ${maple}/users/u-fiona/revoke`,
    `POST ${maple}/users/u-nora/revoke`,
    `POST ${maple}/active-users/revoke-all-but-mine`,
  ])
})
