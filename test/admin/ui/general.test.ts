/**
 * Goal: General Settings tells who would be refused, by name, before anything is saved; each section is saved by itself,
 * conflicts are told setting by setting, and what was saved can be undone.
 * Method: the built UI behind canned answers of the contract, driven in a real Chromium; axe in light and dark.
 */
import { describe, expect, it } from 'vitest'
import { forecast, harmless, planned, refusedStart } from './canned-general.ts'
import { at, general, me } from './canned-practice.ts'
import { stageConsole } from './console-stage.ts'

const { server, page, open, opened, button, dialog, findings, widthOnPhone } = stageConsole()
const practice = '/api/practices/maple'
const openGeneral = async (): Promise<void> => {
  await open('general')
  await opened('General settings')
}
const region = (name: string) => page().getByRole('region', { name, exact: true })
const apply = async (act: string): Promise<void> => {
  await dialog().getByRole('button', { name: act, exact: true }).click()
  await dialog().waitFor({ state: 'detached' })
}
const answerImpact = (answer: object): void => server().answer(`POST ${practice}/impact`, 200, answer)

describe('the page', () => {
  it('tells whom each control concerns and who would be refused now, with an anchor for each section', async () => {
    await open('general#emergency')
    await opened('General settings')
    await expect.poll(() => page().evaluate('scrollY')).toBeGreaterThan(300)
    const row = page().getByRole('row', { name: /^IP allowlist Monitor/ })
    expect(await row.innerText()).toMatch(
      /Everyone[\s\S]*4 people[\s\S]*Hugo Hygienist \(198\.51\.100\.23\)[\s\S]*signed in now, would be refused/,
    )
    await page()
      .getByRole('row', { name: /Two-factor Off The role Owner .*would have to set one up/ })
      .waitFor()
    const nav = page().getByRole('navigation', { name: 'Sections' })
    for (const link of await nav.getByRole('link').all()) {
      const target = await link.getAttribute('href')
      expect(await page().locator(`section${target}`).count(), `${target}`).toBe(1)
    }
    await nav.getByRole('link', { name: 'Sessions 2 hours' }).waitFor()
  })

  it('shows settings and the permission that is missing to who may not edit them', async () => {
    const [maple] = me.practices
    const practices = [{ ...maple, permissions: ['gw.security.view'] }]
    server().answer('GET /api/me', 200, { ...me, practices })
    await openGeneral()
    expect(await region('Sessions').getByRole('checkbox').isDisabled()).toBe(true)
    await region('Sessions').getByText('needs the permission gw.security.settings.edit').waitFor()
    expect(await button('Plan a start').isDisabled()).toBe(true)
  })
})

describe('a review', () => {
  const put = `PUT ${practice}/controls/ip`

  it('names who would be refused and from where, lists a network, and passes the lockout check', async () => {
    await openGeneral()
    const modes = page().getByRole('radiogroup', { name: 'IP allowlist mode' })
    await modes.getByRole('radio', { name: 'Enforce' }).click()
    await dialog().getByText('2 people would be refused.').waitFor()
    const lines = dialog().getByRole('listitem')
    await lines.filter({ hasText: 'Hugo Hygienist signed in now' }).getByText('38 times').waitFor()
    await lines.filter({ hasText: 'Ada Dentist' }).getByText('192.0.2.9/32').waitFor()
    await dialog().getByText('Lockout check passed').waitFor()
    expect(server().asked[0]?.body).toMatchObject({ controls: { ip: { mode: 'enforce' } } })
    expect(await findings('dialog')).toEqual([])
    await button('Add this network: 192.0.2.9/32 of Ada Dentist').click()
    await dialog().getByText('listed', { exact: true }).waitFor()
    await dialog().getByRole('checkbox', { name: 'Sign-in only from listed networks' }).check()
    await apply('Apply')
    expect(server().sent).toMatchObject([
      {
        what: `POST ${practice}/ip-entries`,
        body: { range: '192.0.2.9/32', label: 'Network of Ada Dentist' },
      },
      { what: put, ifMatch: '"17"', body: { mode: 'enforce', signInOnlyFromListed: true } },
    ])
    // What waits to be confirmed is taken back by its banner.
    expect(await page().getByRole('button', { name: /^Undo/ }).count()).toBe(0)
  })

  it('asks for the practice’s name only where somebody would be locked out, and names them', async () => {
    const sentence = 'From there you could no longer get in.'
    answerImpact({ ...forecast, lockedOut: [{ name: 'Nora Owner', address: '198.51.100.9', sentence }] })
    await openGeneral()
    const modes = page().getByRole('radiogroup', { name: 'IP allowlist mode' })
    await modes.getByRole('radio', { name: 'Enforce' }).click()
    await dialog().getByText(sentence).waitFor()
    expect(await button('Apply').isDisabled()).toBe(true)
    await dialog().getByLabel('Practice name').fill('Maple')
    expect(await button('Apply').isDisabled()).toBe(true)
    await dialog().getByLabel('Practice name').fill('Maple Dental')
    expect(await findings('dialog')).toEqual([])
    await apply('Apply')
    expect(server().sent[0]?.body).toMatchObject({ confirmPracticeName: 'Maple Dental' })
  })

  it('cannot be applied while an earlier change waits, or where nothing differs', async () => {
    answerImpact({ ...forecast, waitsUntil: at + 300_000 })
    await openGeneral()
    await button('Scope of Time windows').click()
    await dialog().getByText('An earlier change waits to be confirmed until').waitFor()
    expect(await button('Apply').isDisabled()).toBe(true)
    await page().keyboard.press('Escape')
    answerImpact(harmless())
    await button('Requirement of Two-factor').click()
    await dialog().getByText('Nothing differs from what is saved.').waitFor()
    expect(await button('Apply').isDisabled()).toBe(true)
    server().answer(`POST ${practice}/impact`, 422, {
      ...{ type: 'urn:gatehouse:problem:invalid', title: 'Some of this cannot be saved', status: 422 },
      ...{ code: 'invalid', detail: 'No.', problems: [{ path: 'ipEntries', sentence: 'List one first.' }] },
    })
    await dialog()
      .getByRole('checkbox', { name: /Codes by text message/ })
      .check()
    await dialog().getByText('List one first.', { exact: true }).waitFor()
    expect(await button('Apply').isDisabled()).toBe(true)
  })
})

describe('a section', () => {
  const put = `PUT ${practice}/controls/sessions`

  it('is saved by itself after a review, and undone from the revision that the save made', async () => {
    answerImpact(harmless('Sessions end without traffic after: 2 h → 1 h'))
    await openGeneral()
    const sessions = region('Sessions')
    expect(await sessions.getByRole('button').count()).toBe(0)
    await sessions.getByLabel('End without traffic after').selectOption('1 hour')
    await sessions.getByLabel('Sessions at once').selectOption('3 a person')
    await sessions.getByText('Not saved yet').waitFor()
    expect(await findings()).toEqual([])
    expect(await widthOnPhone()).toBe(360)
    await button('Review and save Sessions').click()
    await dialog().getByText('Nobody who came in the last 30 days, or is in now, would be refused.').waitFor()
    await apply('Apply')
    await button('Undo Session limits are saved').click()
    await page().getByText('Undone. Session limits are saved').waitFor()
    const saved = general.sessions
    expect(server().sent).toMatchObject([
      { what: put, ifMatch: '"17"', body: { ...saved, idleMs: 3_600_000, concurrentMax: 3 } },
      { what: put, ifMatch: '"18"', body: saved },
    ])
    expect(await sessions.getByText('Not saved yet').count()).toBe(0)
  })

  it('is discarded without a trace', async () => {
    await openGeneral()
    await region('Emergency access').getByRole('checkbox').check()
    await button('Discard changes of Emergency access').click()
    expect(await region('Emergency access').getByRole('checkbox').isChecked()).toBe(false)
    expect(server().asked).toEqual([])
  })

  it('tells what another admin changed, setting by setting, and keeps mine or takes theirs', async () => {
    answerImpact(harmless('Sessions at once: none → 3'))
    await openGeneral()
    const sessions = region('Sessions')
    await sessions.getByLabel('Sessions at once').selectOption('3 a person')
    await button('Review and save Sessions').click()
    await dialog().getByText('Lockout check passed').waitFor()
    const theirs = { ...general.sessions, idleMs: 1_800_000, concurrentMax: 5 }
    server().answer(`GET ${practice}/general`, 200, { ...general, revision: 18, sessions: theirs })
    const event = { before: null, after: null, target: null, decisions: null, reason: null, origin: 'ui' }
    const by = { number: 13, at: at - 60_000, type: 'control.sessions.changed', revision: 18 }
    const actor = { id: 'otto', name: 'Otto Owner' }
    server().answer(`GET ${practice}/security-events`, 200, {
      events: [{ ...event, ...by, actor, requestId: 'r', address: null, hash: 'aa' }],
      nextCursor: null,
    })
    server().answer(put, 412, {
      ...{ type: 'urn:gatehouse:problem:revision-conflict', title: 'Saved in between', status: 412 },
      ...{ code: 'revision-conflict', detail: 'Load the newest.', current: 18 },
    })
    await dialog().getByRole('button', { name: 'Apply', exact: true }).click()
    await dialog().getByText('Otto Owner saved these settings on 24 Nov 2026, 10:04').waitFor()
    const row = (name: string) => dialog().getByRole('row', { name })
    await row('End without traffic after 2 hours 30 minutes not changed by you').waitFor()
    await row('At once As many as they like 5 a person 3 a person').waitFor()
    expect(await button('Apply').isDisabled()).toBe(true)
    expect(await findings('dialog')).toEqual([])
    await button('Keep mine').click()
    await dialog().getByText('Lockout check passed').waitFor()
    server().answer(put, 200, { revision: 19, sequence: 42 })
    await apply('Apply')
    expect(server().sent[1]).toMatchObject({
      ifMatch: '"18"',
      body: { ...theirs, concurrentMax: 3 },
    })
    await sessions.getByLabel('Sessions at once').selectOption('1 a person')
    server().answer(`GET ${practice}/general`, 200, {
      ...{ ...general, revision: 20 },
      sessions: { ...theirs, concurrentMax: 10 },
    })
    server().tell('policy', { practice: 'maple', revision: 20 })
    await button('Take theirs').click()
    expect(await sessions.getByLabel('Sessions at once').inputValue()).toBe('10')
  })

  it('goes on over a new revision where only others were changed', async () => {
    answerImpact(harmless('Signing in here with Google or another provider: on → off'))
    await openGeneral()
    await region('Ways to sign in')
      .getByRole('checkbox', { name: /Google/ })
      .uncheck()
    server().answer(`GET ${practice}/general`, 200, { ...general, revision: 18 })
    server().tell('policy', { practice: 'maple', revision: 18 })
    await region('Who is in scope').getByText('Revision 18').waitFor()
    await button('Review and save Ways to sign in').click()
    await dialog().getByText('Lockout check passed').waitFor()
    await apply('Apply')
    expect(server().asked.at(-1)?.body).toMatchObject({ signIn: { provider: false } })
    expect(server().sent).toMatchObject([
      { ifMatch: '"18"', body: { signIn: { password: true, passkey: true, provider: false } } },
    ])
  })
})

describe('presets', () => {
  it('show the difference and who would be refused, and are applied and undone', async () => {
    answerImpact({ ...forecast, toBeConfirmed: false })
    await openGeneral()
    await page().getByText('As it is now').waitFor()
    expect(await button('Review Office hours').isDisabled()).toBe(true)
    await page().getByText('Add the office hours first, on Time Windows.').waitFor()
    await button('Review Office only').click()
    await dialog().getByText('IP restrictions: monitor → enforce').waitFor()
    await dialog().getByText('Hugo Hygienist').waitFor()
    await apply('Apply')
    await button('Undo “Office only” is applied').click()
    await page().getByText('“Office only” is taken back').waitFor()
    expect(server().asked[0]?.body).toEqual({ preset: 'office-only' })
    expect(server().sent).toMatchObject([
      { what: `POST ${practice}/presets/office-only/apply`, ifMatch: '"17"' },
      { what: `POST ${practice}/presets/undo`, ifMatch: '"18"' },
    ])
  })

  it('are taken back after a question', async () => {
    await openGeneral()
    await button('Take back').click()
    await dialog().getByText('IP restrictions: monitor → off').waitFor()
    await apply('Take back')
    expect(server().sent).toMatchObject([{ what: `POST ${practice}/presets/undo`, ifMatch: '"17"' }])
  })
})

describe('planned starts', () => {
  it('are made for a time of the practice’s wall after the same review', async () => {
    await openGeneral()
    await region('Planned starts').getByText('Nothing waits.').waitFor()
    await button('Plan a start').click()
    expect(await dialog().getByLabel('Starts').inputValue()).toBe('2026-11-30T06:00')
    await dialog().getByText('2 people would be refused.').waitFor()
    await dialog().getByLabel('Notice').fill('From Monday on, from the office only.')
    expect(await findings('dialog')).toEqual([])
    await apply('Plan')
    await page().getByText('The start is planned').waitFor()
    expect(server().sent).toMatchObject([
      {
        what: `POST ${practice}/scheduled-changes`,
        ifMatch: '"17"',
        // Six o'clock in Denver.
        body: {
          startsAt: Date.UTC(2026, 10, 30, 13),
          draft: { controls: { ip: { mode: 'enforce' } } },
          notice: 'From Monday on, from the office only.',
        },
      },
    ])
  })

  it('are listed with what becomes of them, and withdrawn after a question', async () => {
    server().answer(`GET ${practice}/scheduled-changes`, 200, { waiting: [planned], settled: [refusedStart] })
    await openGeneral()
    const starts = region('Planned starts')
    await starts.getByText('Mon 30 Nov 2026, 06:00', { exact: true }).waitFor()
    await starts.getByText('What became of earlier ones').click()
    await starts.getByText('It would have locked out Nora Owner.').waitFor()
    await button('Withdraw what starts Mon 30 Nov 2026, 06:00').click()
    await apply('Withdraw')
    await page().getByText('The start is withdrawn').waitFor()
    expect(server().sent[0]?.what).toBe(`POST ${practice}/scheduled-changes/sch_1/cancel`)
  })
})
