/**
 * What made-up cookies and companions cost a gateway: living memory, and questions to the application.
 *
 * Straight into introspection and the mirror of sessions, without sockets: those have limits of their own. Invariant: every
 * credential is another, and nothing answers for any of them. Time is the bench's: 10,000 arrive each second of it, from
 * 200 addresses, so that the limits per address and in flight are met as they are by an attacker.
 */
import { randomBytes } from 'node:crypto'
import { createIntrospector } from '../gateway/identity/introspect.ts'
import { createSessions } from '../gateway/sessions.ts'
import { createMemoryHotStore } from '../runtime/hot-store-memory.ts'
import { createSigner, createVerifier, generateSigningKey } from '../runtime/signing.ts'
import { standConfig } from '../test/support/gateway-stand.ts'
import { describeMachine, livingBytes, type Machine } from './machine.ts'

/** What came of `count` strangers. `asked`: questions to the application; `askedMax`: as many as the limits let through. */
export type StrangersResults = {
  readonly count: number
  readonly bytes: number
  readonly asked: number
  readonly askedMax: number
  readonly mirrored: number
  readonly remembered: number
}

const addresses = 200
const perSecond = 10_000

const createMirror = (clock: { now(): number; monotonic(): number }, sessionsMax: number) => {
  const verifier = createVerifier(createSigner(generateSigningKey()).publicKey)
  if (verifier === null) throw new Error('invariant: a key of our own')
  return createSessions({
    ...{ store: createMemoryHotStore({ now: clock.now }), controlPlane: null, verifier, clock, sessionsMax },
    trusts: () => true,
    onChange: () => {},
    onBad: () => {},
  })
}

/** Lets `count` strangers come by, each once; about 25 µs each. */
export const measureStrangers = async (count: number): Promise<StrangersResults> => {
  let elapsed = 0
  const clock = { now: () => elapsed, monotonic: () => elapsed }
  const { gateway, upstreams } = standConfig('http://127.0.0.1:1', '/nowhere')
  const limits = { ...gateway.limits, introspectionsPerAddressPerSecond: 10 }
  const [upstream] = upstreams
  if (upstream === undefined) throw new Error('invariant: there is one')
  let asked = 0
  const introspector = createIntrospector({
    ...{ upstream, limits, clock, onAnswer: () => {} },
    ask: async () => {
      asked += 1
      return { answer: { kind: 'anonymous', renewed: [] }, keptMs: 1_000 }
    },
  })
  const sessions = createMirror(clock, limits.sessionsMirroredMax)
  const before = livingBytes()
  for (let n = 0; n < count; n += 1) {
    if (n % perSecond === 0) elapsed += 1_000
    const hash = randomBytes(32).toString('base64url')
    const word = await introspector.ask({ hash, pairs: [['sid', hash]] }, `10.0.0.${n % addresses}`)
    if (word.kind === 'known') throw new Error('invariant: nobody is known')
    await sessions.load(hash)
  }
  return {
    count,
    bytes: livingBytes() - before,
    asked,
    askedMax: Math.ceil(count / perSecond) * addresses * limits.introspectionsPerAddressPerSecond,
    mirrored: sessions.size,
    remembered: introspector.size().remembered,
  }
}

/** A million of them, as a page to read; half a minute. */
export const strangersPage = async (date: string): Promise<string> => {
  const machine: Machine = describeMachine()
  const results = await measureStrangers(1_000_000)
  const { count, bytes, asked, askedMax, mirrored, remembered } = results
  const text = (value: number): string => value.toLocaleString('en-US')
  return [
    '# What made-up cookies cost a gateway',
    '',
    `Measured on ${date} by \`npm run bench strangers\`: ${machine.cpu}, ${machine.platform}, Node ${machine.node}.`,
    '',
    `${text(count)} cookies, each with a companion, all of them made up, ${text(perSecond)} a second from ${addresses} addresses. Target: 20 MB,`,
    'and no more questions to the application than the limits per address let through.',
    '',
    '| | |',
    '| --- | ---: |',
    `| memory still held afterwards, MB | ${(bytes / 1e6).toFixed(1)} |`,
    `| questions to the application | ${text(asked)} |`,
    `| questions that the limits let through | ${text(askedMax)} |`,
    `| answers remembered | ${text(remembered)} |`,
    `| sessions mirrored | ${text(mirrored)} |`,
    '',
    '## As JSON',
    '',
    '```json',
    JSON.stringify({ date, machine, ...results }, null, 2),
    '```',
    '',
  ].join('\n')
}
