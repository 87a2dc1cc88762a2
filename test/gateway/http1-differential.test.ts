/**
 * Goal: whatever our own parser accepts, an independent one reads identically: method, target, headers, body, borders.
 * Method: llhttp as the oracle; attackers' tricks, alone and mixed with noise (seeded), cut at every byte; no sockets.
 */
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { type OwnRead, openOwn } from '../support/own-parser.ts'
import { type ReadRequest, readByLlhttp } from '../support/request-oracle.ts'
import { plainRequests, trickyRequests } from '../support/smuggling-corpus.ts'

const tally = { cases: 0, accepted: 0, refused: 0 }

const turned = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const sameHead = (one: ReadRequest, other: ReadRequest): boolean =>
  one.method === other.method &&
  one.target === other.target &&
  one.version === other.version &&
  one.headers.length === other.headers.length &&
  one.headers.every((text, i) => text === other.headers[i])

/** What is wrong with our reading; `null`: the oracle agrees with all we accepted. */
const disagreement = (bytes: Buffer, own: OwnRead): string | null => {
  const oracle = readByLlhttp(bytes).requests
  for (const [i, request] of own.requests.entries()) {
    const other = oracle[i]
    if (other === undefined) return 'we read a request where the oracle reads none'
    if (!sameHead(request, other)) return `the oracle reads ${JSON.stringify(other)}`
    if (
      request.complete ? !other.complete || other.body !== request.body : !isPrefix(request.body, other.body)
    )
      return `the oracle reads a body ${JSON.stringify(other)}`
  }
  // One final answer for each request that was whole, one for what was refused, and no other.
  const answers = own.written().match(/HTTP\/1\.1 (?!100)\d/g)?.length ?? 0
  const due = own.requests.filter(({ complete }) => complete).length + own.refused
  return answers === due ? null : `${answers} answers for ${due} requests`
}

const isPrefix = (one: string, other: string): boolean => one.startsWith(other) || other.startsWith(one)

type Case = { readonly bytes: Buffer; readonly pieces: readonly Buffer[] }

/** Reads all cases and compares those that are not like the one before, which mostly is the same stream cut elsewhere. */
const compare = async (cases: readonly Case[]): Promise<void> => {
  const reads = cases.map(({ pieces }) => {
    const { read, give } = openOwn()
    for (const piece of pieces) give(piece)
    return read
  })
  await turned()
  let known: Case | null = null
  let knownRead = ''
  for (const [i, one] of cases.entries()) {
    const own = reads[i]!
    tally.cases += 1
    tally.accepted += own.requests.length
    tally.refused += own.refused
    const text = JSON.stringify([own.requests, own.refused])
    if (known?.bytes === one.bytes && knownRead === text) continue
    const wrong = disagreement(one.bytes, own)
    if (wrong !== null)
      expect.fail(
        `${wrong}\nwe read ${text}\nof ${JSON.stringify(one.pieces.map((piece) => piece.toString('latin1')))}`,
      )
    // A cut changes nothing.
    if (known?.bytes === one.bytes) expect.fail(`cut otherwise it was read as ${knownRead}, now as ${text}`)
    known = one
    knownRead = text
  }
}

const whole = (text: string): Case => {
  const bytes = Buffer.from(text, 'latin1')
  return { bytes, pieces: [bytes] }
}

const cutEverywhere = (text: string): readonly Case[] => {
  const { bytes } = whole(text)
  const cuts = Array.from({ length: bytes.length }, (_, at) => ({
    bytes,
    pieces: [bytes.subarray(0, at), bytes.subarray(at)].filter(({ length }) => length > 0),
  }))
  return [...cuts, { bytes, pieces: Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)) }]
}

const behind = 'GET /behind HTTP/1.1\r\nHost: a\r\n\r\n'

const byte = fc.oneof(
  fc.constantFrom('\r', '\n', '\r\n', ' ', '\t', '\0', ':', ';', ',', '0', '\x0b', '\x7f', '\xff', '"'),
  fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
)
const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
const change = fc.tuple(fc.constantFrom('insert', 'replace', 'remove', 'double'), place, byte)
type Change = readonly ['insert' | 'replace' | 'remove' | 'double', number, string]

const changed = (text: string, [how, where, dirt]: Change): string => {
  const at = Math.floor(where * text.length)
  const [before, after] = [text.slice(0, at), text.slice(at)]
  if (how === 'insert') return before + dirt + after
  if (how === 'replace') return before + dirt + after.slice(1)
  if (how === 'remove') return before + after.slice(1)
  return before + after.slice(0, 3) + after
}

const request = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...plainRequests) },
  { weight: 2, arbitrary: fc.constantFrom(...trickyRequests) },
)
const stream = fc
  .tuple(fc.array(request, { minLength: 1, maxLength: 3 }), fc.array(change, { maxLength: 2 }))
  .map(([requests, changes]) => changes.reduce(changed, requests.join('')))

describe('what our parser accepts, llhttp reads identically', () => {
  afterAll(() => {
    // A parser that refused everything would agree with everybody.
    expect(tally.accepted).toBeGreaterThan(tally.cases / 2)
    expect(tally.refused).toBeGreaterThan(tally.cases / 10)
    expect(tally.cases).toBeGreaterThanOrEqual(200_000)
  })

  it('of every trick, alone and before another request, cut at every byte', async () => {
    for (const text of [...plainRequests, ...trickyRequests]) await compare(cutEverywhere(text + behind))
  })

  it('of every plain request before every trick', async () => {
    for (const first of plainRequests)
      await compare(trickyRequests.map((trick) => whole(first + trick + behind)))
  })

  it('of mixed and damaged streams, whole', async () => {
    const texts = fc.sample(stream, { numRuns: 60_000, seed: 2_026 })
    for (let i = 0; i < texts.length; i += 1_000) await compare(texts.slice(i, i + 1_000).map(whole))
  })

  it('of mixed and damaged streams, cut at every byte', async () => {
    for (const text of fc.sample(stream, { numRuns: 1_000, seed: 9 })) await compare(cutEverywhere(text))
  })
})
