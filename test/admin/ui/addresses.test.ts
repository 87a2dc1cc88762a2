/**
 * Goal: what is open, ticked or asked stands in the address of every room: a link shows it, reloading keeps it, Back closes it.
 * Method: the built UI behind canned answers, driven in a real Chromium; in each room one dialog by its button, then by address.
 */
import { expect, it } from 'vitest'
import { stageConsole } from './console-stage.ts'

const { page, show, opened, button, dialog } = stageConsole()

/** Room, what is pressed there, how the dialog is called, what the address then says. */
const rooms = [
  ['general', 'Scope of IP allowlist', /IP allowlist/, 'open=control.ip.monitor'],
  ['general', 'Review Office only', /Office only/, 'open=preset.office-only'],
  ['general', 'Plan a start', /start/, 'open=plan'],
  ['ip-allowlist', 'Add entry', /entry/, 'open=add'],
  ['ip-allowlist?chosen=ipe-office,ipe-lab', 'Turn off', /^Turn 2 entries off/, 'open=chosen.off'],
  ['time-windows', 'Add closure or opening', /closure/, 'open=exception'],
  ['time-windows', 'Let somebody stay late', /stay late/, 'open=stay'],
  ['active-users', 'Revoke Fiona Front', /^Revoke Fiona Front/, 'open=person.u-fiona'],
  ['active-users?user=u-fiona', 'Sign out and block', /^Revoke Fiona Front/, 'open=block.u-fiona'],
  ['two-factor', 'Reset 2FA of Nora Owner', /Nora Owner/, 'open=reset.u-nora'],
  ['access-requests', 'Deny with a note: Hugo Hygienist', /^Deny the request/, 'open=deny.'],
  ['users', 'Change roles of Fiona Front', /Fiona Front/, 'open=roles.u-fiona'],
  ['roles', 'Remove Hygienist', /Hygienist/, 'dialog=remove.hygienist'],
] as const

it.each(rooms)('keeps what is open in the address (%s, %s)', async (path, pressed, name, told) => {
  await show(path)
  await button(pressed).first().click()
  await dialog(name as never).waitFor()
  expect(decodeURIComponent(page().url())).toContain(told)
  await page().reload()
  await opened()
  await dialog(name as never).waitFor()
  await page().goBack()
  await dialog(name as never).waitFor({ state: 'detached' })
  expect(page().url()).not.toContain(told.slice(0, told.indexOf('=') + 1))
})

it('keeps ticks of requests in the address, and a dialog about them', async () => {
  await show('access-requests')
  await page().getByRole('checkbox', { name: 'Select all' }).check()
  await page().reload()
  await opened()
  await page()
    .getByRole('button', { name: /^Other time: \d+ selected$/ })
    .click()
  await dialog(/^Approve \d+ requests/ as never).waitFor()
  expect(page().url()).toContain('open=approve-all.picked')
  await page().goBack()
  await page()
    .getByRole('checkbox', { name: /selected$/ })
    .waitFor()
})
