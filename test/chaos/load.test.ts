/**
 * Goal: the load of a rehearsal sees what it is there to see: somebody let in who must not be, a body that is falsely whole, one cut
 * off, a refusal; and the table of faults has every fault of the code, once. Method: a server that does each of these; the page.
 */
import { readFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { projectRoot } from '../support/cache-folder.ts'
import { blobOf } from './application.ts'
import { families, proofs } from './catalogue.ts'
import { type Outcome, startLoad } from './load.ts'
import { rehearse } from './rehearsal.ts'
import type { Stage } from './stage.ts'

type Answers = 'well' | 'short' | 'cut' | 'refused' | 'denied'

let answer: Answers = 'well'
let server: http.Server
let base: string
beforeAll(async () => {
  server = http.createServer((request, response) => {
    const size = Number(request.url?.split('/').at(-1))
    const body = answer === 'short' ? blobOf(size).subarray(1) : blobOf(size)
    if (answer === 'refused') response.writeHead(503).end('{"reason":"knowledge-stale"}')
    else if (answer === 'denied') response.writeHead(401).end('{"reason":"session-revoked"}')
    else if (answer === 'cut') {
      response.writeHead(200, { 'content-length': size })
      response.write(body.subarray(0, 3), () => response.socket?.resetAndDestroy())
    } else response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const struck = async (how: Answers, may: boolean) => {
  answer = 'well'
  const load = startLoad([base], [{ who: 'mark', cookie: 'a=b', may: true }], 1)
  if (!may) load.put({ who: 'helen', cookie: 'a=b', may: false })
  const figures = await rehearse({} as Stage, load, {
    ...{ id: 'made-up', what: '', sees: '', allows: 'refused meanwhile', lastsMs: 60 },
    strike: async () => {
      answer = how
      return undefined
    },
    heal: async () => {
      answer = 'well'
    },
  })
  await load.stop()
  return figures
}

test.each<readonly [Answers, boolean, Outcome, boolean]>([
  ['well', true, 'right', true],
  ['refused', true, 'refused', true],
  ['cut', true, 'cut', true],
  ['short', true, 'truncated', false],
  ['denied', true, 'wrongly refused', false],
  ['well', false, 'wrongly let in', false],
])('an application that answers %s, asked by somebody who may (%s): %s', async (how, may, outcome, held) => {
  const { counts, broken } = await struck(how, may)
  expect(counts[outcome]).toBeGreaterThan(0)
  expect(broken.length === 0, broken.join()).toBe(held)
})

test('the table in bench/results/chaos.md has every fault of the code, once, and was made by all of them', () => {
  const known = [...families.flatMap(({ faults }) => faults), ...proofs].map(({ id }) => id)
  expect(new Set(known).size).toBe(known.length)
  const page = readFileSync(join(projectRoot, 'bench/results/chaos.md'), 'utf8')
  const rows = page.split('\n').flatMap((line) => /^\| `([a-z-]+)` \|/.exec(line)?.[1] ?? [])
  expect(rows).toEqual(known)
  expect(page).not.toContain('not struck')
  // What was not held is told in the table, and explained where operators read.
  const reliability = readFileSync(join(projectRoot, 'docs/reliability.md'), 'utf8')
  for (const line of page.split('\n').filter((one) => one.includes('**not held**')))
    expect(reliability).toContain(/^\| (`[a-z-]+`) \|/.exec(line)?.[1])
})
