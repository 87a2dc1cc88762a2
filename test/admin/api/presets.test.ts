/**
 * Goal: a preset shows what it changes, changes just that as one event, and is taken back unless somebody went on since.
 * Method: the API asked as a browser would, on a real database.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Browser, confirmWaiting, createStage, type Stage } from './admin-stage.ts'

let stage: Stage
let root: Browser
beforeAll(async () => {
  stage = await createStage()
  root = await stage.signIn('root')
})
afterAll(() => stage.close())

const practice = '/api/practices/lakeside'
type Shown = { id: string; problems: { path: string }[]; changes: string[] }
type List = {
  revision: number
  presets: Shown[]
  last: { id: string; name: string; by: string; undo: string[] } | null
}
const json = async <T>(response: Response): Promise<T> => (await response.json()) as T
const list = async () => json<List>(await root.ask('GET', `${practice}/presets`))
const revision = async () => (await list()).revision
const called = async (id: string) => (await list()).presets.find((preset) => preset.id === id)
const events = async () =>
  (
    await json<{ events: { type: string; target: string; after: unknown }[] }>(
      await root.ask('GET', `${practice}/security-events`),
    )
  ).events
const apply = async (id: string, json_ = {}) =>
  root.ask('POST', `${practice}/presets/${id}/apply`, { json: json_, revision: await revision() })

it('says what has to be done first, and changes nothing', async () => {
  expect((await list()).presets.map(({ id }) => id)).toContain('strict')
  expect(await called('office-only')).toMatchObject({ problems: [{ path: 'ipEntries' }], changes: [] })
  const before = await list()
  const refused = await apply('office-only')
  expect([refused.status, (await json<{ problems: Shown['problems'] }>(refused)).problems]).toMatchObject([
    422,
    [{ path: 'ipEntries' }],
  ])
  expect(await list()).toEqual(before)
  expect((await apply('party')).status).toBe(404)
  expect((await root.ask('GET', `${practice}/presets/party`)).status).toBe(404)
})

it('shows the difference, applies it as one event from the revision that was seen', async () => {
  await root.ask('POST', `${practice}/ip-entries`, { json: { range: '203.0.113.0/24', label: 'Office' } })
  const shown = await root.ask('GET', `${practice}/presets/office-only`)
  const diff = await json<Shown & { revision: number }>(shown)
  expect(shown.headers.get('etag')).toBe(`"${diff.revision}"`)
  expect(diff).toMatchObject({
    problems: [],
    changes: ['IP restrictions: off → enforce'],
  })
  const count = (await events()).length
  const path = `${practice}/presets/office-only/apply`
  expect((await root.ask('POST', path, { json: {} })).status).toBe(428)
  expect((await root.ask('POST', path, { json: {}, revision: diff.revision - 1 })).status).toBe(412)
  expect((await root.ask('POST', path, { json: {}, revision: diff.revision })).status).toBe(200)
  const recorded = await events()
  expect(recorded).toHaveLength(count + 1)
  expect(recorded[0]).toMatchObject({
    type: 'preset.applied',
    target: 'Office only',
    after: { 'controls.ip.mode': 'enforce' },
  })
  expect(await called('office-only')).toMatchObject({ problems: [], changes: [] })
  expect(await confirmWaiting(root, 'lakeside')).toBe(200)
})

it('is taken back, entries stay, and nothing is left to take back', async () => {
  expect((await list()).last).toMatchObject({
    id: 'office-only',
    by: 'The root',
    undo: ['IP restrictions: enforce → off'],
  })
  const undo = async () =>
    root.ask('POST', `${practice}/presets/undo`, { json: {}, revision: await revision() })
  expect((await undo()).status).toBe(200)
  expect((await events())[0]).toMatchObject({ type: 'preset.undone', target: 'Office only' })
  expect(await list()).toMatchObject({ last: null })
  expect(await called('office-only')).toMatchObject({ changes: ['IP restrictions: off → enforce'] })
  expect((await undo()).status).toBe(422)
})

it('is not taken back over what somebody has set since', async () => {
  expect((await apply('office-only')).status).toBe(200)
  expect(await confirmWaiting(root, 'lakeside')).toBe(200)
  const scope = { include: 'everyone', exempt: { roles: [], users: [] } }
  await root.ask('PUT', `${practice}/controls/ip`, {
    json: { mode: 'monitor', scope, signInOnlyFromListed: false },
    revision: await revision(),
  })
  const before = await list()
  expect(before.last).toMatchObject({ undo: [] })
  const refused = await root.ask('POST', `${practice}/presets/undo`, { json: {}, revision: before.revision })
  expect(refused.status).toBe(422)
  expect(await list()).toEqual(before)
})

it('does not lock the acting admin out', async () => {
  const far = await stage.signIn('root', '198.51.100.9')
  const refused = await far.ask('POST', `${practice}/presets/office-only/apply`, {
    json: {},
    revision: await revision(),
  })
  expect([refused.status, (await json<{ code: string }>(refused)).code]).toEqual([409, 'lockout-risk'])
})
