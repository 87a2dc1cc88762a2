/**
 * Goal: what waits to be confirmed is seen on every tab, with the time left, and settled by keyboard; a reversion is told.
 * Method: the built UI over canned answers of the contract, in a real Chromium, light and dark, looked at by axe.
 */
import { expect, it } from 'vitest'
import { at, general } from './canned-practice.ts'
import { stageConsole } from './console-stage.ts'

const { server, page, open, opened, button, dialog, findings } = stageConsole()

const sentence = 'Office only is switched off again at 10:15 unless it is confirmed.'
const waiting = {
  ...{ state: 'waiting', revision: 17, name: 'Office only', by: 'Nora Owner', sentence },
  ...{ changes: ['IP restrictions: monitor → enforce'], confirmBy: at + 600_000, leftMs: 581_000 },
  ...{ mine: true, refused: null as string | null },
}
const reverted = {
  ...{ state: 'reverted', revision: 16, name: 'Office only', at: at - 60_000 },
  ...{ sentence: 'Office only was switched off at 10:04 because nobody confirmed it.' },
  ...{ changes: ['IP restrictions: monitor → enforce'] },
}
const answer = (confirmation: unknown): void =>
  server().answer('GET /api/practices/maple/general', 200, { ...general, confirmation })
const banner = () => page().getByRole('region', { name: 'Waiting for confirmation' })

it.each([
  ['general', 'General settings'],
  ['ip-allowlist', 'IP allowlist'],
  ['security-events', 'Security events'],
] as const)('stands above %s, with the time left', async (tab, title) => {
  answer(waiting)
  await open(tab)
  await banner().getByRole('status').getByText(sentence).waitFor()
  expect(await banner().getByRole('timer').textContent()).toMatch(/^9:4\d$/)
  if (tab !== 'general') return
  await banner().getByText('What it changes').click()
  await banner().getByText('IP restrictions: monitor → enforce').waitFor()
  await opened(title)
  expect(await findings()).toEqual([])
})

it('counts down, and is confirmed by keyboard from the revision that is shown', async () => {
  answer(waiting)
  await open('ip-allowlist')
  const timer = banner().getByRole('timer')
  const first = await timer.textContent()
  await expect.poll(() => timer.textContent(), { timeout: 5_000 }).not.toBe(first)
  await banner().getByRole('button', { name: 'Confirm' }).focus()
  answer(null)
  await page().keyboard.press('Enter')
  await page().getByText('Office only is confirmed').waitFor()
  await banner().waitFor({ state: 'detached' })
  expect(server().sent).toMatchObject([
    { what: 'POST /api/practices/maple/confirmation/confirm', ifMatch: '"17"', body: {} },
  ])
})

it('says why it cannot be confirmed from here, and can be reverted from here', async () => {
  answer({ ...waiting, refused: '198.51.100.9 is not on the allowlist' })
  await open('general')
  await banner().getByText('198.51.100.9 is not on the allowlist').waitFor()
  expect(await banner().getByRole('button', { name: 'Confirm' }).isDisabled()).toBe(true)
  await banner().getByRole('button', { name: 'Revert now' }).click()
  await expect
    .poll(() => server().sent.map(({ what }) => what))
    .toContain('POST /api/practices/maple/confirmation/revert')
})

it('offers nothing to who may not settle it', async () => {
  answer({ ...waiting, mine: false })
  await open('general')
  await banner().getByText('Whoever saved it, or a security admin, can confirm it.').waitFor()
  expect(await banner().getByRole('button').count()).toBe(0)
})

it('explains to an edit why it has to wait', async () => {
  answer(waiting)
  server().answer('PUT /api/practices/maple/controls/ip', 409, {
    ...{ type: 'urn:gatehouse:problem:confirmation-pending', status: 409, code: 'confirmation-pending' },
    title: 'An earlier change waits to be confirmed',
    detail: 'What Nora Owner saved waits to be confirmed until 10:15. Confirm it or take it back first.',
  })
  await open('ip-allowlist')
  await page().getByRole('radio', { name: 'Enforce' }).click()
  await button('Apply').click()
  await dialog().getByText('waits to be confirmed until 10:15').waitFor()
})

it('tells a reversion, and turns it on again by the same review', async () => {
  answer(reverted)
  await open('time-windows')
  const notice = page().getByRole('region', { name: 'Taken back' })
  await notice.getByText(reverted.sentence).waitFor()
  await notice.getByRole('button', { name: 'Turn on again' }).click()
  const review = page().getByRole('dialog', { name: 'Review: Office only' })
  await review.getByText('IP restrictions: monitor → enforce').waitFor()
  expect(server().sent).toEqual([])
  expect(await findings()).toEqual([])
  await review.getByRole('button', { name: 'Apply' }).click()
  await page().getByText('Office only is on again').waitFor()
  expect(server().sent).toMatchObject([
    { what: 'POST /api/practices/maple/confirmation/again', ifMatch: '"17"', body: {} },
  ])
})
