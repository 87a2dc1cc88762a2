/**
 * Goal: behind a refusal an admin reads what refused, the smallest change and whether it would pass now.
 * Method: the built UI behind its real headers and canned answers of the contract, driven in a real Chromium.
 */
import { expect, it } from 'vitest'
import { axeFindings } from '../../support/axe.ts'
import { at, decisions } from './canned-practice.ts'
import { stageConsole } from './console-stage.ts'

const { server, page, open } = stageConsole()

const where = 'GET /api/practices/maple/decisions/GH-7QK2-M9XA'
const failing = [
  { control: 'ip', monitored: false, sentence: '203.0.113.7 is not in Office.' },
  { control: 'permission', monitored: true, sentence: 'Hugo Hygienist lacks “Manage refunds”.' },
].map((one) => ({ practice: 'maple', reason: `${one.control}-no`, ...one }))
const cures = [{ practice: 'maple', by: 'admin', sentence: 'Approve 203.0.113.7/32 for Hugo Hygienist.' }]
const replay = {
  agreement: 'agrees',
  note: null,
  policies: [{ practice: 'maple', revision: 16, savedAt: at, savedBy: 'Nora Owner', newest: 17 }],
  failing,
  cures,
  elsewhere: false,
  now: { at, verdict: 'passes', policies: [{ practice: 'maple', revision: 17 }], failing: [], cures: [] },
  lines: [],
}

const openReplay = async (of: object): Promise<void> => {
  server().answer(where, 200, { ...decisions[0], replay: of })
  await open('security-events?view=refusals')
  await page().getByText('Why, and what would help').click()
}

it('opens to what refused, what would help and what would be now', async () => {
  await openReplay(replay)
  for (const words of [
    'What refused (revision 16; now it is 17):',
    '203.0.113.7 is not in Office.',
    'Permissions, monitored only',
    'Approve 203.0.113.7/32 for Hugo Hygienist.',
    'Now the same request would pass.',
  ])
    await page().getByText(words).waitFor()
  expect(await page().getByText('Why, and what would help').count()).toBe(1)
  expect(await axeFindings(page())).toEqual([])
})

it('says first that a replay does not agree, and shows the failure of the question as such', async () => {
  await openReplay({ ...replay, agreement: 'differs', note: 'The replay does not agree.', now: null })
  await page().getByText('The replay does not agree.').waitFor()
  server().answer(where, 404, {
    title: 'Not found',
    status: 404,
    code: 'not-found',
    detail: 'There is no such refusal.',
  })
  // What is open is in the address: it is open again, and asks again.
  await page().reload()
  await page().getByText('There is no such refusal.').waitFor()
})
