/**
 * Goal: whoever has an own account changes their password, sets up, names and removes second factors and ends their own
 * sessions by accessible names; codes are shown once; nothing is made by an address alone; messages stay below dialogs.
 * Method: the built UI behind canned answers of the contract, one Chromium page whose device answers as the test says.
 */
import { expect, it } from 'vitest'
import { noFactors, sessionsWithMine } from './canned-account.ts'
import { operator } from './canned-operations.ts'
import { me } from './canned-practice.ts'
import { stageConsole } from './console-stage.ts'

const stage = stageConsole()
const { button, dialog } = stage
const problem = {
  type: 'about:blank',
  status: 422,
  code: 'invalid',
  title: 'Not valid',
  detail: 'Look again.',
}

const openAccount = async (account: object = operator, search = ''): Promise<void> => {
  stage.server().answer('GET /api/me', 200, account)
  stage.server().answer('GET /api/admin-sessions', 200, { sessions: sessionsWithMine })
  await stage.page().goto(`${stage.server().origin}/account${search}`)
  await stage.page().getByRole('heading', { level: 1, name: 'My account' }).waitFor()
  await stage.page().locator('.gh-loading').first().waitFor({ state: 'detached' })
}
const act = async (name: string): Promise<void> => {
  await dialog().getByRole('button', { name, exact: true }).click()
  await dialog().waitFor({ state: 'detached' })
}
const sent = () => stage.server().sent.map(({ what, body }) => [what, body])

it('is reached from the account menu and changes the password, whose refusals stand at its fields', async () => {
  const page = stage.page()
  stage.server().answer('GET /api/me', 200, operator)
  await stage.open('')
  await page.waitForURL('**/practices/maple/general')
  await button('Account: Nora Owner').click()
  await page.getByRole('menuitem', { name: 'My account' }).click()
  await page.waitForURL('**/account')
  await button('Change password').first().click()
  const wrong = { path: 'current', sentence: 'That is not your password now.' }
  stage.server().answer('POST /api/me/password', 422, { ...problem, problems: [wrong] })
  await dialog()
    .getByLabel(/^Password now/)
    .fill('the old one')
  await dialog()
    .getByLabel(/^New password/)
    .fill('four words of rain')
  await dialog().getByRole('button', { name: 'Change password' }).click()
  await dialog().getByText('That is not your password now.').waitFor()
  expect(await stage.findings('dialog')).toEqual([])
  stage.server().answer('POST /api/me/password', 200, { done: true })
  await act('Change password')
  await page.getByText('Your password is changed').waitFor()
  expect(sent().at(-1)).toEqual([
    'POST /api/me/password',
    { current: 'the old one', next: 'four words of rain' },
  ])
})

it('an app is set up by picture or key, its codes shown once; a second factor is asked for first', async () => {
  const page = stage.page()
  await openAccount(operator, '?open=app')
  // The address opens the question; only the button makes a secret.
  expect(sent()).toEqual([])
  const stepUp = { title: 'Confirm', status: 401, code: 'step-up-required', detail: '…', stepUp: '/step-up' }
  stage.server().answer('POST /api/me/factors/totp', 401, stepUp)
  await dialog().getByRole('button', { name: 'Show the picture' }).click()
  const again = dialog().getByRole('link', { name: 'Confirm that it is you' })
  expect(await again.getAttribute('href')).toBe('/step-up?return=%2Faccount%3Fopen%3Dapp')
  stage.server().forget()
  await openAccount(operator, '?open=app')
  await dialog().getByRole('button', { name: 'Show the picture' }).click()
  await dialog()
    .getByRole('img', { name: /QR code/ })
    .waitFor()
  await dialog().getByText('JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP').waitFor()
  expect(await stage.findings('dialog')).toEqual([])
  await dialog().getByRole('textbox', { name: 'Code' }).fill('123456')
  await dialog().getByRole('button', { name: 'Confirm' }).click()
  await dialog().getByText('shown-once-9').waitFor()
  await page.keyboard.press('Escape')
  await dialog().getByText('It is not shown again').waitFor()
  await dialog().getByRole('checkbox').check()
  await act('Done')
  expect(await page.content()).not.toContain('shown-once-9')
  await button('Make new ones for recovery').click()
  await dialog().getByText('Your 7 unused codes are void from then on').waitFor()
  expect(await stage.findings('dialog')).toEqual([])
  await dialog().getByRole('button', { name: 'Make ten new ones' }).click()
  await dialog().getByText('shown-once-9').waitFor()
  await dialog().getByRole('checkbox').check()
  await act('Done')
  await button('Remove the authenticator app').click()
  await dialog().getByText('Your other second factors and your recovery codes stay.').waitFor()
  await act('Remove')
  expect(sent().slice(-3)).toEqual([
    ['POST /api/me/factors/totp/confirm', { code: '123456' }],
    ['POST /api/me/factors/recovery-codes', null],
    ['DELETE /api/me/factors/totp', null],
  ])
})

/** The device: first it refuses, then it makes a passkey and keeps what it was asked. */
const device = `
  let isAsked = false
  navigator.credentials.create = async ({ publicKey }) => {
    if (!isAsked) { isAsked = true; throw new DOMException('no', 'NotAllowedError') }
    window.asked = [publicKey.challenge, publicKey.user.id, publicKey.excludeCredentials[0].id].map((one) => [...one])
    const bytes = new Uint8Array([251, 255]).buffer
    return { id: 'made', type: 'public-key', response: { clientDataJSON: bytes, attestationObject: bytes, getTransports: () => ['internal'] } }
  }`

it('passkeys are made by the device, named, renamed and removed; own sessions alone are listed and ended', async () => {
  const page = stage.page()
  await openAccount()
  await page.evaluate(device)
  expect(await stage.findings()).toEqual([])
  expect(await stage.widthOnPhone()).toBeLessThanOrEqual(360)
  expect(await page.getByText('Edge on Windows').count()).toBe(0)
  await button('Add a passkey').click()
  await dialog().getByRole('textbox', { name: 'Name' }).fill('Tablet')
  await dialog().getByRole('button', { name: 'Make the passkey' }).click()
  await dialog().getByText('Nothing was confirmed on your device.').waitFor()
  await act('Make the passkey')
  expect(await page.evaluate('window.asked')).toEqual([
    [1, 2, 3],
    [4, 5, 6],
    [7, 8],
  ])
  await button('Rename Phone').click()
  await dialog().getByRole('textbox', { name: 'Name' }).fill('Old phone')
  // Over the page, under the dialog: the message of before does not take its clicks.
  await page.getByText('The passkey Laptop at the office is set up').waitFor()
  const layer = (part: string) => page.evaluate<number>(`+getComputedStyle(${part}).zIndex`)
  expect(await layer(`document.querySelector('.mantine-Notifications-root')`)).toBeLessThan(
    await layer(`document.querySelector('.mantine-Modal-overlay')`),
  )
  await act('Rename')
  await button('Remove Phone').click()
  await act('Remove')
  await button('End the session of Safari on iPhone at 198.51.100.9').click()
  await act('End session')
  const response = { clientDataJSON: '-_8', attestationObject: '-_8', transports: ['internal'] }
  expect(sent().slice(-4)).toEqual([
    [
      'POST /api/me/factors/passkeys/confirm',
      { name: 'Tablet', credential: { id: 'made', type: 'public-key', response } },
    ],
    ['PATCH /api/me/factors/passkeys/pk_phone', { name: 'Old phone' }],
    ['DELETE /api/me/factors/passkeys/pk_phone', null],
    ['POST /api/admin-sessions/ads_3/end', {}],
  ])
})

it('who has no second factor is warned; who came from the application is led to where theirs are kept', async () => {
  const page = stage.page()
  stage.server().answer('GET /api/me/factors', 200, noFactors)
  await openAccount({ ...operator, operator: false })
  await page.getByText('Your password alone opens your account.').waitFor()
  await page.getByText('Passkeys cannot be made here').waitFor()
  expect(await button('Add a passkey').count()).toBe(0)
  expect(await page.getByRole('heading', { name: 'Where you are signed in' }).count()).toBe(0)
  await openAccount(me)
  await page.getByRole('heading', { name: 'Your sign-in is kept by your application' }).waitFor()
  expect(await button('Change password').count()).toBe(0)
  const link = page.getByRole('link', { name: 'Open “Your account”' })
  expect(await link.getAttribute('href')).toBe('https://desk.example.com/.gatehouse/account')
  expect(await stage.findings()).toEqual([])
  await openAccount({ ...me, accountPage: null })
  await page.getByText('go to /.gatehouse/account').waitFor()
  expect(await link.count()).toBe(0)
  expect(sent()).toEqual([])
})
