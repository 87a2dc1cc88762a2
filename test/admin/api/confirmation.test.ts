/**
 * Goal: the API tells what waits, lets only who may settle it, from where the new policy lets them, and explains every no.
 * Method: the API asked as browsers at listed and other addresses would, on a real database under a clock that steps.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { revertOverdue } from '../../../admin/commit-confirm.ts'
import { type Browser, createStage, type Stage } from './admin-stage.ts'

let stage: Stage
let root: Browser
beforeAll(async () => {
  stage = await createStage()
  root = await stage.signIn('root')
  const json = { range: '203.0.113.0/24', label: 'Office' }
  await root.ask('POST', `${practice}/ip-entries`, { json })
})
afterAll(() => stage.close())

const practice = '/api/practices/lakeside'
type General = { readonly revision: number; readonly confirmation: Record<string, unknown> | null }
type Problem = { readonly code: string; readonly detail: string; readonly retryAfterMs?: number }

const general = async (browser = root): Promise<General> =>
  (await (await browser.ask('GET', `${practice}/general`)).json()) as General
const settle = async (way: string, browser = root, json: object = {}) => {
  const { revision } = await general()
  return browser.ask('POST', `${practice}/confirmation/${way}`, { json, revision })
}
const problemOf = async (response: Response) => (await response.json()) as Problem
const apply = async () =>
  root.ask('POST', `${practice}/presets/office-only/apply`, {
    ...{ json: {}, revision: (await general()).revision },
  })
const ago = 600_000

it('tells what waits, to everyone who may look, each with what they may do', async () => {
  expect(await general()).toMatchObject({ confirmation: null })
  expect((await settle('confirm')).status).toBe(409)
  expect((await apply()).status).toBe(200)
  const { revision, confirmation } = await general()
  expect(confirmation).toMatchObject({
    ...{ state: 'waiting', revision, name: 'Office only', by: 'The root', leftMs: ago, mine: true },
    ...{ refused: null, changes: ['IP restrictions: off → enforce'] },
    sentence: expect.stringMatching(
      /^Office only is switched off again at \d\d:\d\d unless it is confirmed\.$/,
    ),
  })
  const viewer = await stage.signIn('viewer')
  expect((await general(viewer)).confirmation).toMatchObject({ mine: false })
  expect((await settle('confirm', viewer)).status).toBe(403)
  expect((await settle('revert', viewer)).status).toBe(403)
})

it('refuses other edits meanwhile, saying whose and until when; not those of people', async () => {
  const json = { range: '198.51.100.0/24', label: 'Home' }
  const refused = await root.ask('POST', `${practice}/ip-entries`, { json })
  expect(refused.status).toBe(409)
  expect(await problemOf(refused)).toMatchObject({
    ...{ code: 'confirmation-pending', retryAfterMs: ago },
    detail: expect.stringMatching(/^What The root saved waits to be confirmed until \d\d:\d\d\./),
  })
  const users = (await (await root.ask('GET', `${practice}/users`)).json()) as { version: number }
  const path = `${practice}/users/usr_fred/suspend`
  expect((await root.ask('POST', path, { json: {}, revision: users.version })).status).toBe(200)
})

it('is not confirmed from an address that it refuses, nor from another revision; reverted from there it is', async () => {
  const far = await stage.signIn('root', '198.51.100.9')
  expect((await general(far)).confirmation).toMatchObject({
    refused: '198.51.100.9 is not on the allowlist',
  })
  const refused = await settle('confirm', far)
  expect([refused.status, (await problemOf(refused)).code]).toEqual([409, 'confirm-elsewhere'])
  const { revision } = await general()
  const old = { json: {}, revision: revision - 1 }
  expect((await root.ask('POST', `${practice}/confirmation/confirm`, old)).status).toBe(409)
  expect((await settle('revert', far)).status).toBe(200)
  expect(await general()).toMatchObject({
    ...{ revision: revision + 1, controls: { ip: { mode: 'off' } } },
    confirmation: { state: 'reverted', changes: ['IP restrictions: off → enforce'] },
  })
})

it('is turned on again as the same preset, taken back when nobody confirms, and holds once somebody does', async () => {
  // The lockout guard knows the other address by now, and is asked like at any edit.
  expect((await problemOf(await settle('again'))).code).toBe('lockout-risk')
  const named = { confirmPracticeName: 'Lakeside Dental' }
  expect((await settle('again', root, named)).status).toBe(200)
  expect((await general()).confirmation).toMatchObject({ state: 'waiting', name: 'Office only' })
  stage.clock.advance(ago)
  const late = await settle('confirm')
  expect([late.status, (await problemOf(late)).code]).toEqual([409, 'already-decided'])
  expect(await revertOverdue(stage.store, stage.clock.now())).toEqual(['lakeside'])
  expect((await general()).confirmation).toMatchObject({
    sentence: expect.stringMatching(/ was switched off at \d\d:\d\d because nobody confirmed it\.$/),
  })
  expect((await settle('again', root, named)).status).toBe(200)
  const kept = await settle('confirm', root, { reason: 'we looked' })
  expect(kept.status).toBe(200)
  expect(kept.headers.get('etag')).toBe(`"${(await general()).revision}"`)
  expect(await general()).toMatchObject({ confirmation: null, controls: { ip: { mode: 'enforce' } } })
  const presets = await root.ask('GET', `${practice}/presets`)
  expect(await presets.json()).toMatchObject({
    last: { id: 'office-only', undo: ['IP restrictions: enforce → off'] },
  })
})
