/**
 * One text message to one number: by Twilio's API, by a signed webhook to a service of the operator's, or into the log.
 *
 * It knows no person and counts nothing (`two-factor/text-codes.ts` does). Invariant: where messages go is configuration;
 * redirects are not followed; a number or a text is in no log and no error but that of `console`, which is for
 * development. A queue was refused: a code that comes ten minutes late is of no use, and people ask for another.
 */
import { Buffer } from 'node:buffer'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { Checked } from '../../policies/problem.ts'
import type { Config } from '../../runtime/config.ts'
import type { Log } from '../../runtime/log.ts'
import { readSecret } from '../../runtime/secret-file.ts'
import { readWebhookTargets, sendWebhook } from './webhook-send.ts'

/** A message. `id`: the same if it is sent again; `to`: E.164. */
export type TextMessage = { readonly id: string; readonly to: string; readonly text: string }

/** Sends one message once, within 10 s; whether it was taken. Never rejects. `practiceDayMax`: the cap of a practice. */
export type TextSender = {
  readonly practiceDayMax: number
  send(message: TextMessage, at: Instant): Promise<boolean>
}

const sendMs: DurationMs = 10_000

type Send = TextSender['send']

function twilioSend(
  account: {
    readonly baseUrl: string
    readonly sid: string
    readonly token: string
    readonly from: string
  },
  log: Log,
): Send {
  const url = `${account.baseUrl.replace(/\/+$/, '')}/2010-04-01/Accounts/${account.sid}/Messages.json`
  const authorization = `Basic ${Buffer.from(`${account.sid}:${account.token}`).toString('base64')}`
  return async ({ to, text }) => {
    try {
      const response = await fetch(url, {
        method: 'POST',
        redirect: 'manual',
        signal: AbortSignal.timeout(sendMs),
        headers: { authorization, 'user-agent': 'Gatehouse' },
        body: new URLSearchParams({ To: to, From: account.from, Body: text }),
      })
      await response.body?.cancel()
      if (!response.ok) log.warn({ status: response.status }, 'a text message was not taken')
      return response.ok
    } catch {
      // Its message could name the number.
      log.warn({}, 'the text message service was not reached')
      return false
    }
  }
}

const webhookSend =
  (target: Parameters<typeof sendWebhook>[0], log: Log): Send =>
  async ({ id, to, text }, at) => {
    const message = { id, text: JSON.stringify({ type: 'text-message', to, text }) }
    const { outcome, answer } = await sendWebhook(target, message, at)
    if (outcome !== 'delivered') log.warn({ answer }, 'a text message was not taken')
    return outcome === 'delivered'
  }

const consoleSend =
  (log: Log): Send =>
  async ({ to, text }) => {
    log.info({ to, text }, 'text message (twoFactor.sms.sender is console)')
    return true
  }

/** The configured sender; `null`: nobody sends. Problems: of the files with its secrets. */
export function createTextSender(sms: Config['twoFactor']['sms'], log: Log): Checked<TextSender | null> {
  const { sender, practiceDayMax, twilio, webhook } = sms
  const sending = (send: Send) => ({ ok: true, value: { practiceDayMax, send } }) as const
  if (sender === 'console') return sending(consoleSend(log))
  if (sender === 'webhook') {
    const { url, secretFile } = webhook
    if (url === null || secretFile === null) return { ok: true, value: null }
    const read = readWebhookTargets([{ name: 'text-messages', url, secretFile }])
    if (!read.ok) return read
    const target = read.value.get('text-messages')
    return target === undefined ? { ok: true, value: null } : sending(webhookSend(target, log))
  }
  const { accountSid, authTokenFile, from, baseUrl } = twilio
  if (sender === 'off' || accountSid === null || authTokenFile === null || from === null)
    return { ok: true, value: null }
  const token = readSecret(authTokenFile)
  if (token === null)
    return {
      ok: false,
      problems: [{ path: authTokenFile, sentence: 'is not there: Twilio’s auth token belongs in it' }],
    }
  if (!token.ok) return token
  return sending(twilioSend({ baseUrl, sid: accountSid, token: token.value, from }, log))
}
