/**
 * One signed message to one configured address: signing, sending, and what the answer means.
 *
 * It keeps no queue (`webhook-delivery.ts` does) and takes no address from anybody but configuration. The form is that of
 * Standard Webhooks (https://www.standardwebhooks.com): `webhook-id` stays the same at every try, `webhook-timestamp` is
 * of this try, `webhook-signature` is HMAC-SHA-256 over `id.timestamp.body`. Invariant: redirects are not followed and
 * nothing of an answer but its status is used. An own form was refused: receivers would have to write their own check.
 */
import { createHmac } from 'node:crypto'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { Checked, Problem } from '../../policies/problem.ts'
import type { Config } from '../../runtime/config.ts'
import { readSecret } from '../../runtime/secret-file.ts'

/** Where to, and what to sign with (24 to 64 bytes). */
export type WebhookTarget = { readonly url: string; readonly key: Buffer }
/** What is sent. `id`: the same at every try, so that a receiver can tell repeats; `text`: JSON. */
export type WebhookMessage = { readonly id: string; readonly text: string }
/** What became of a try. `gone` (410): never again. `answer`: a status, or how the connection failed. */
export type WebhookOutcome = {
  readonly outcome: 'delivered' | 'later' | 'gone'
  readonly answer: string
}

/** The configured addresses by name. */
export type WebhookTargets = ReadonlyMap<string, WebhookTarget>

const sendMs: DurationMs = 10_000

/** The value of `webhook-signature` for a message sent at `seconds` since the epoch. */
export const signWebhook = (key: Buffer, { id, text }: WebhookMessage, seconds: number): string =>
  `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${text}`).digest('base64')}`

const causeOf = (error: unknown): string => {
  const cause = error instanceof Error ? (error.cause ?? error) : null
  if (cause instanceof Error && cause.name === 'TimeoutError') return 'no answer in 10 s'
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'not reached'
  return code.slice(0, 100)
}

/** Sends one message once, within 10 s; `at` is this try's time. Never rejects. */
export async function sendWebhook(
  { url, key }: WebhookTarget,
  message: WebhookMessage,
  at: Instant,
): Promise<WebhookOutcome> {
  const seconds = Math.floor(at / 1_000)
  try {
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      signal: AbortSignal.timeout(sendMs),
      headers: {
        'content-type': 'application/json',
        'user-agent': 'Gatehouse',
        'webhook-id': message.id,
        'webhook-timestamp': String(seconds),
        'webhook-signature': signWebhook(key, message, seconds),
      },
      body: message.text,
    })
    await response.body?.cancel()
    const answer = String(response.status)
    if (response.ok) return { outcome: 'delivered', answer }
    return { outcome: response.status === 410 ? 'gone' : 'later', answer }
  } catch (error) {
    return { outcome: 'later', answer: causeOf(error) }
  }
}

const keyForm = /^whsec_([A-Za-z0-9+/]{32,88}={0,2})$/

/** The configured addresses with their keys read. Problems: of the keys' files, all at once. */
export function readWebhookTargets(webhooks: Config['notifications']['webhooks']): Checked<WebhookTargets> {
  const targets = new Map<string, WebhookTarget>()
  const problems: Problem[] = []
  for (const { name, url, secretFile } of webhooks) {
    const read = readSecret(secretFile)
    if (read === null)
      problems.push({ path: secretFile, sentence: 'is not there: a webhook’s key belongs in it' })
    else if (!read.ok) problems.push(...read.problems)
    else {
      const key = Buffer.from(keyForm.exec(read.value)?.[1] ?? '', 'base64')
      if (key.length < 24 || key.length > 64)
        problems.push({
          path: secretFile,
          sentence: 'expected whsec_ and 24 to 64 random bytes in base64 (openssl rand -base64 32)',
        })
      else targets.set(name, { url, key })
    }
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: targets }
}
