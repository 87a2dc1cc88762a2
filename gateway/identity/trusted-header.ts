/**
 * Whom an identity proxy in front of the gateway vouches for, on every request, in headers.
 *
 * It judges nobody and opens nothing. Invariant: the headers count only from a listed peer with the right secret or
 * certificate (`proxy-proof.ts`), each exactly once and in its own spelling; from anybody else they name nobody, and from nobody do they go on
 * (`vouchingNames`). The sign-in that the proxy tells of, person and time, is the credential: what was ended stays ended
 * though the proxy goes on to vouch. Taking the last of two values was refused: the proxy may have added the first.
 */
import { hash } from 'node:crypto'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { UpstreamConfig } from '../../runtime/config.ts'
import type { TrustedHeaderRules } from '../../runtime/config-trusted-header.ts'
import { type AppIdentity, appIdentitySchema, signInSkewMs } from '../../runtime/internal.ts'
import type { Exchange } from '../exchange.ts'
import { foldName } from '../headers.ts'
import { createProxyProof } from '../proxy-proof.ts'
import type { Credential, CredentialReading } from './credential.ts'
import { type AskOnce, type Introspected, indeterminate, keptMs } from './introspect.ts'

/** What a request's headers say of its person. `spoofed`: they name one and do not come from an identity proxy. */
export type Vouched = { readonly credential: CredentialReading; readonly spoofed: boolean }

/** Reads the headers of one upstream's identity proxies. */
export type Vouching = (exchange: Pick<Exchange, 'peer' | 'peerNames' | 'headers'>) => Vouched

type Told = 'user' | 'signedInAt' | 'email' | 'name' | 'practices' | 'roles'
const keys: readonly Told[] = ['user', 'signedInAt', 'email', 'name', 'practices', 'roles']

/** Lower case name → what it tells; the secret's is `secret`. */
const namesOf = (rules: TrustedHeaderRules): ReadonlyMap<string, Told | 'secret'> =>
  new Map<string, Told | 'secret'>([
    [rules.secretHeader.toLowerCase(), 'secret'],
    ...keys.flatMap((key) => {
      const name = rules[key]
      return name === null ? [] : [[name.toLowerCase(), key] as const]
    }),
  ])

const none: Vouched = { credential: 'none', spoofed: false }
const forged: Vouched = { credential: 'none', spoofed: true }
const mixed: Vouched = { credential: 'doubtful', spoofed: true }
const unreadable: Vouched = { credential: 'doubtful', spoofed: false }

type Found = {
  readonly values: ReadonlyMap<Told | 'secret', readonly string[]>
  /** A spelling that some reader might fold into one of these. */
  readonly odd: boolean
}

function find(names: ReadonlyMap<string, Told | 'secret'>, headers: Exchange['headers']): Found {
  const values = new Map<Told | 'secret', readonly string[]>()
  let odd = false
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const lower = (headers[i] ?? '').toLowerCase()
    const key = names.get(lower)
    if (key !== undefined) values.set(key, [...(values.get(key) ?? []), headers[i + 1] ?? ''])
    else if (names.has(foldName(lower))) odd = true
  }
  return { values, odd }
}

/** Header bytes as the UTF-8 that they are; `null`: they are none, or hold what cannot be printed. */
function textOf(raw: string): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(raw, 'latin1'))
    return /^[\x20-\x7e\u00a0-\u{10ffff}]*$/u.test(text) ? text : null
  } catch {
    return null
  }
}

/** Whole seconds since the epoch, ten digits until the year 2286; `null`: anything else. */
const instantOf = (seconds: string): Instant | null =>
  /^\d{10}$/.test(seconds) ? Number(seconds) * 1_000 : null

function credentialOf(upstream: string, rules: TrustedHeaderRules, { values }: Found): CredentialReading {
  const pairs: (readonly [string, string])[] = []
  for (const key of keys) {
    const raw = values.get(key)?.[0]
    const text = raw === undefined ? '' : textOf(raw)
    if (text === null) return 'doubtful'
    if (text !== '') pairs.push([key, text])
  }
  const told = new Map(pairs)
  const user = told.get('user')
  if (user === undefined) return 'none'
  const signedInAt = instantOf(told.get('signedInAt') ?? '')
  // A proxy that says so always, and not now, is not to be understood.
  if (rules.signedInAt !== null && signedInAt === null) return 'doubtful'
  const own = {
    hash: hash('sha256', `${upstream}\0vouched\0${user}\0${signedInAt ?? ''}`, 'base64url'),
    pairs,
  }
  return signedInAt === null ? own : { ...own, signedInAt }
}

/** The reader of `upstream`; `null`: no identity proxy vouches for its people. Throws on peers that are no ranges. */
export function createVouching({ id, identity }: UpstreamConfig): Vouching | null {
  const rules = identity?.trustedHeader ?? null
  if (rules === null) return null
  const isProxy = createProxyProof(rules, `identity.trustedHeader.peers of ${id}`)
  const names = namesOf(rules)
  return ({ peer, peerNames, headers }) => {
    const found = find(names, headers)
    const { values, odd } = found
    if (values.size === 0 && !odd) return none
    const [given = null, ...others] = values.get('secret') ?? []
    if (!isProxy({ peer, names: peerNames, secret: others.length === 0 ? given : null })) return forged
    // A header of the client's went past the proxy, beside its own or in the place of one that it left out.
    if (odd || [...values.values()].some(({ length }) => length > 1)) return mixed
    const credential = credentialOf(id, rules, found)
    return credential === 'doubtful' ? unreadable : { credential, spoofed: false }
  }
}

const noNames: ReadonlySet<string> = new Set()
const namesByUpstream = new WeakMap<UpstreamConfig, ReadonlySet<string>>()

/** Folded names of the headers that are an identity proxy's alone, its secret's too; they go on to no application. */
export function vouchingNames(upstream: UpstreamConfig): ReadonlySet<string> {
  const rules = upstream.identity?.trustedHeader ?? null
  if (rules === null) return noNames
  const known = namesByUpstream.get(upstream) ?? new Set([...namesOf(rules).keys()].map(foldName))
  namesByUpstream.set(upstream, known)
  return known
}

const listOf = (text: string | undefined): readonly string[] =>
  (text ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')

/** Whom the headers name; `null`: something in them is too long or too much. */
function identityOf({ practice, identity }: UpstreamConfig, { pairs }: Credential): AppIdentity | null {
  const told = new Map(pairs)
  const roles = listOf(told.get('roles'))
  const isFixed = (identity?.trustedHeader?.practices ?? null) === null
  const ids = isFixed ? [practice.fixed ?? ''].filter(Boolean) : [...new Set(listOf(told.get('practices')))]
  const parsed = appIdentitySchema.safeParse({
    appUser: told.get('user'),
    kind: 'staff',
    name: told.get('name') ?? null,
    email: told.get('email') ?? null,
    practices: ids.map((id) => ({ id, roles })),
    amr: [],
  })
  return parsed.success ? parsed.data : null
}

/** As with an application's answer: what the headers say of a person may seed the directory for so long. */
const positiveMs: DurationMs = 30_000
const negativeMs: DurationMs = 1_000

/** Reads identities off the credentials of `createVouching`, in place of asking the application. Never rejects. */
export const createVouchedReader =
  (upstream: UpstreamConfig, { now }: Pick<Clock, 'now'>): AskOnce =>
  async (credential) => {
    const identity = identityOf(upstream, credential)
    const isAhead = (credential.signedInAt ?? 0) > now() + signInSkewMs
    const answer: Introspected =
      identity === null
        ? indeterminate('headers name nobody clearly')
        : isAhead
          ? indeterminate('a sign-in ahead of our clock')
          : { kind: 'known', identity, renewed: [] }
    return { answer, keptMs: keptMs(answer, positiveMs, negativeMs) }
  }
