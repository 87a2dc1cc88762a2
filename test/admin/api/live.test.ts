/**
 * Goal: a browser that looks at a practice is told what changed there, and nothing of others, until its session ends.
 * Method: read the event stream of the app while changes are made through the API, looking when the test says so.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, createStage, type Stage } from './admin-stage.ts'

let stage: Stage
let root: Browser
beforeAll(async () => {
  stage = await createStage()
  root = await stage.signIn('root')
})
afterAll(() => stage.close())

/** Reads until the text is there; the stream's end is an error. */
const readUntil = async (
  reader: ReadableStreamDefaultReader<Uint8Array>,
  wanted: string,
): Promise<string> => {
  let text = ''
  while (!text.includes(wanted)) {
    const { value, done } = await reader.read()
    if (done) throw new Error(`the stream ended before ${wanted}: ${text}`)
    text += new TextDecoder().decode(value)
  }
  return text
}

const watch = async (practice: string) => {
  const response = await root.ask('GET', `/api/live?practice=${practice}`)
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  const reader = response.body!.getReader()
  await readUntil(reader, ': watching')
  return reader
}

describe('the event stream', () => {
  it('tells a saved policy with its spread, and only to those who look at that practice', async () => {
    const [lakeside, hilltop] = [await watch('lakeside'), await watch('hilltop')]
    await root.ask('POST', '/api/practices/lakeside/ip-entries', { json: { range: '192.0.2.1', label: 'A' } })
    await stage.live.look()
    const told = await readUntil(lakeside, 'event: published')
    expect(told).toContain('event: policy\ndata: {"practice":"lakeside","revision":2}')
    expect(told).toContain('event: events')
    expect(told).toContain('"state":"saved"')
    const other = await readUntil(hilltop, ': here')
    expect(other).not.toContain('event:')
    await Promise.all([lakeside.cancel(), hilltop.cancel()])
  })

  it('ends when the session does', async () => {
    const browser = await stage.signIn('viewer')
    const response = await browser.ask('GET', '/api/live?practice=lakeside')
    const reader = response.body!.getReader()
    await readUntil(reader, ': here')
    await browser.ask('POST', '/sign-out')
    for (let done = false; !done; ) done = (await reader.read()).done
    expect((await browser.ask('GET', '/api/me')).status).toBe(401)
  })

  it('ends when the plane closes', async () => {
    const reader = await watch('lakeside')
    stage.live.close()
    for (let done = false; !done; ) done = (await reader.read()).done
    await expect(reader.closed).resolves.toBeUndefined()
  })
})
