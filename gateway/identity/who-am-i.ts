/**
 * Asks the application whose credential this is: one GET with nothing but that credential (SPEC §2).
 *
 * It remembers nothing (`introspect.ts` does), opens no session and judges nobody. Invariant: whatever is not a clear answer
 * (5xx, a timeout, too long, no JSON, a wrong type) is `indeterminate`, never "nobody" and never somebody. Believing
 * the typed name of a sign-in instead was refused: parsers differ, the application's answer doesn't.
 */
import { type Dispatcher, request } from 'undici'
import type { Clock } from '../../runtime/clock.ts'
import type { UpstreamConfig } from '../../runtime/config.ts'
import { readSetCookie } from '../cookies.ts'
import { type Credential, credentialHeaders } from './credential.ts'
import { type AskOnce, type Introspected, indeterminate, keptMs } from './introspect.ts'
import { fieldAt, type Json, parseStrictJson, readIdentity } from './json-claims.ts'
import { plainBytes } from './plain-body.ts'

const bodyBytesMax = 65_536

async function readBounded(body: AsyncIterable<Uint8Array>): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.byteLength
    if (length > bodyBytesMax) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const listed = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value

/** What asking needs. `dispatcher`: undici's, shared per gateway. */
export type WhoAmIParts = {
  readonly upstream: UpstreamConfig
  readonly dispatcher: Dispatcher
  readonly clock: Clock
  /** Sent with every question: what the application needs to recognise its own host and scheme. */
  readonly headers: Readonly<Record<string, string>>
}

type IntrospectionRules = NonNullable<NonNullable<UpstreamConfig['identity']>['introspection']>

/** Whether this 200 is the application's way to say 401. */
const saysNobody = (body: Json, { nobody }: IntrospectionRules): boolean => {
  const said = nobody === null ? undefined : fieldAt(body, nobody.field)
  return nobody?.values.some((value) => value === said) ?? false
}

/** One question to the application, with a deadline over all of it. */
async function askOnce(
  parts: WhoAmIParts,
  rules: IntrospectionRules,
  credential: Credential,
): Promise<Introspected> {
  const { upstream, dispatcher } = parts
  const { now } = parts.clock
  const { cookies = [], bearer = null } = upstream.identity ?? {}
  const ending = new AbortController()
  const timer = setTimeout(() => ending.abort(), rules.timeoutMs)
  try {
    const response = await request(new URL(rules.path, upstream.url), {
      method: 'GET',
      dispatcher,
      signal: ending.signal,
      headersTimeout: rules.timeoutMs,
      bodyTimeout: rules.timeoutMs,
      headers: {
        ...parts.headers,
        ...credentialHeaders({ bearer }, credential),
        accept: 'application/json',
        'accept-encoding': 'identity',
      },
    })
    const bytes = await readBounded(response.body)
    const renewed = listed(response.headers['set-cookie']).filter((line) => {
      const change = readSetCookie(line, now())
      return change !== null && cookies.includes(change.name)
    })
    const { statusCode } = response
    if (statusCode === 401 || statusCode === 403) return { kind: 'anonymous', renewed }
    if (statusCode !== 200) return indeterminate(`status ${statusCode}`)
    if (bytes === null) return indeterminate('answer too long')
    const type = String(response.headers['content-type'] ?? '')
    if (!/^application\/([a-z0-9.+-]*\+)?json\s*(;|$)/i.test(type)) return indeterminate('answer is no JSON')
    const plain = plainBytes(listed(response.headers['content-encoding']).join(','), bytes)
    if (plain === null) return indeterminate('answer is compressed beyond reading')
    const body = parseStrictJson(plain)
    if (body === undefined) return indeterminate('answer is no strict JSON')
    if (saysNobody(body, rules)) return { kind: 'anonymous', renewed }
    const found = readIdentity(body, rules, upstream.practice.fixed)
    return found === null ? indeterminate('answer names nobody') : { kind: 'known', identity: found, renewed }
  } catch (error) {
    return indeterminate(ending.signal.aborted ? 'timeout' : String(error))
  } finally {
    clearTimeout(timer)
    ending.abort()
  }
}

/** Asks by the upstream's `identity.introspection`. */
export const createWhoAmI =
  (parts: WhoAmIParts, rules: IntrospectionRules): AskOnce =>
  async (credential) => {
    const answer = await askOnce(parts, rules, credential)
    return { answer, keptMs: keptMs(answer, rules.positiveMs, rules.negativeMs) }
  }
