/**
 * Goal: an admin finds anybody among any number of people, and takes in, changes, suspends and removes them knowingly.
 * Method: the built UI with canned answers of the contract in a real Chromium, one page for all tests.
 */
import { expect, it } from 'vitest'
import { axeFindings } from '../../support/axe.ts'
import { peoplePlan } from './canned-people.ts'
import { members } from './canned-practice.ts'
import { stageConsole } from './console-stage.ts'

const users = '/api/practices/maple/users'

const stage = stageConsole()
const { button, dialog, show } = stage

const sent = () => stage.server().sent.map(({ what, body, ifMatch }) => [what, body, ifMatch])

it('shows a page of a hundred thousand, goes on and back, and keeps filters in the address', async () => {
  const [page, server] = [stage.page(), stage.server()]
  const many = Array.from({ length: 100 }, (_, place) => ({
    ...members[1],
    user: `u-${place}`,
    name: `Person ${place}`,
  }))
  server.answer(`GET ${users}`, 200, { version: 5, total: 100_000, members: many, nextCursor: 'u-99' })
  await show('users', 'Users')
  const pages = page.getByRole('navigation', { name: 'Pages' })
  await pages.getByText('1–100 of 100,000 people').waitFor()
  expect(await page.getByRole('row').count()).toBe(101)
  await pages.getByRole('button', { name: 'Next' }).click()
  await page.waitForURL('**/users?after=u-99&from=100')
  await pages.getByText('101–200 of 100,000 people').waitFor()
  await pages.getByRole('button', { name: 'Previous' }).click()
  await page.waitForURL('**/users')
  await page.getByRole('combobox', { name: 'Role' }).selectOption('Front desk')
  await page.getByRole('combobox', { name: 'Practices' }).selectOption('Of several practices')
  await page.waitForURL('**/users?role=front-desk&practices=several')
  server.answer(`GET ${users}`, 200, { version: 5, total: 0, members: [], nextCursor: null })
  await page.getByRole('combobox', { name: 'State' }).selectOption('Suspended')
  await page.getByRole('heading', { name: 'Nobody fits' }).waitFor()
  await button('Show everybody').click()
  await page.waitForURL('**/users')
  await pages.getByText('1–100 of 100,000 people').waitFor()
})

it('opens somebody in a drawer from the address, and does everything with them there', async () => {
  const [page, server] = [stage.page(), stage.server()]
  const [, fiona] = members
  const alsoIn = [{ id: 'harbor', name: 'Harbor Orthodontics' }]
  server.answer(`GET ${users}`, 200, {
    version: 5,
    total: 1,
    members: [{ ...fiona, alsoIn }],
    nextCursor: null,
  })
  await show('users?user=u-fiona', 'Users')
  const drawer = dialog('Fiona Front')
  await drawer.getByText('also in Harbor Orthodontics, 1 other practice').waitFor()
  expect(await stage.findings()).toEqual([])

  await drawer.getByRole('button', { name: 'Edit' }).click()
  await dialog('Edit Fiona Front').getByLabel('E-mail').fill('fiona@maple.example')
  await button('Save').click()
  await dialog('Edit Fiona Front').waitFor({ state: 'detached' })
  await drawer.getByRole('button', { name: 'Password link' }).click()
  // Escape closes the dialog above, then the drawer.
  await page.keyboard.press('Escape')
  await dialog(/password link/).waitFor({ state: 'detached' })
  await drawer.getByRole('button', { name: 'Password link' }).click()
  await button('Make a link').click()
  await dialog('Password link for Fiona Front')
    .getByText('https://portal.maple.example/password#k3y')
    .waitFor()
  await dialog('Password link for Fiona Front').getByRole('button', { name: 'Close' }).click()
  expect(await page.getByText('k3yOfTheTest').count()).toBe(0)
  await drawer.getByRole('button', { name: 'Suspend' }).click()
  await dialog('Suspend Fiona Front?').getByRole('button', { name: 'Suspend' }).click()
  await dialog('Suspend Fiona Front?').waitFor({ state: 'detached' })
  await drawer.getByRole('button', { name: 'Remove' }).click()
  await dialog('Remove Fiona Front?').getByLabel('Reason').fill('She left')
  await dialog('Remove Fiona Front?').getByRole('button', { name: 'Remove' }).click()
  await page.waitForURL('**/users')
  expect(sent()).toEqual([
    [`PATCH ${users}/u-fiona`, { email: 'fiona@maple.example' }, '"5"'],
    [`POST ${users}/u-fiona/password-link`, {}, undefined],
    [`POST ${users}/u-fiona/suspend`, {}, '"5"'],
    [`POST ${users}/u-fiona/remove`, { reason: 'She left' }, '"5"'],
  ])
})

it('takes somebody in, with problems at their fields', async () => {
  const server = stage.server()
  server.answer(`POST ${users}`, 422, {
    title: 'Some of this cannot be saved',
    status: 422,
    code: 'invalid',
    detail: 'One problem.',
    problems: [{ path: 'json.login', sentence: 'somebody else signs in as gina' }],
  })
  await show('users', 'Users')
  await button('Add person').click()
  const add = dialog('Add a person')
  await add.getByRole('textbox', { name: 'Name', exact: true }).fill('Gina Gray')
  await add.getByLabel('Sign-in name').fill('gina')
  await add.getByRole('checkbox', { name: 'Front desk' }).check()
  await button('Add').click()
  await add.getByText('somebody else signs in as gina').waitFor()
  expect(sent()).toEqual([
    [`POST ${users}`, { name: 'Gina Gray', login: 'gina', email: null, roles: ['front-desk'] }, undefined],
  ])
})

it('imports a file only after it was looked at, all or nothing, and exports one', async () => {
  const [page, server] = [stage.page(), stage.server()]
  await show('users?view=import', 'Users')
  server.answer(`POST ${users}/import/preview`, 200, {
    ...peoplePlan,
    counts: { ...peoplePlan.counts, problems: 1 },
    problems: [{ line: 4, column: 'roles', sentence: 'there is no role wizard' }],
  })
  const file = {
    name: 'people.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from('login,name\ngina,Gina Gray\n'),
  }
  await page.getByLabel('Choose a file').setInputFiles(file)
  await button('Check the file').click()
  await page.getByText('Line 4, roles: there is no role wizard').waitFor()
  expect(await button('Import').isDisabled()).toBe(true)
  expect(await axeFindings(page)).toEqual([])
  server.forget()
  await button('Check the file').click()
  await page.getByRole('list', { name: 'Changed' }).getByText('Fiona Front (fiona): roles: owner').waitFor()
  await page.getByRole('radio', { name: 'They are suspended' }).check()
  await button('Import').click()
  const question = dialog('Import these people?')
  await question.getByText('1 added, 1 changed, 2 suspended.').waitFor()
  await question.getByRole('button', { name: 'Import' }).click()
  await page.waitForURL('**/users')
  expect(sent()[1]).toEqual([
    `POST ${users}/import`,
    { csv: 'login,name\ngina,Gina Gray\n', leavers: 'suspend' },
    '"5"',
  ])
  const [download] = await Promise.all([page.waitForEvent('download'), button('Export CSV').click()])
  expect(download.suggestedFilename()).toBe('canned.csv')
  server.answer(`GET ${users}/export`, 401, {
    title: 'Confirm that it is you',
    status: 401,
    code: 'step-up-required',
    detail: 'A file of everybody needs a fresh second factor.',
    stepUp: '/step-up',
  })
  await button('Export CSV').click()
  await dialog(/Export CSV/)
    .getByRole('link', { name: 'Confirm that it is you' })
    .waitFor()
})
