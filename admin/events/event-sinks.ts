/**
 * Where a stream of security events goes: a webhook or a syslog server, each behind the same question, "was it taken?".
 *
 * Sending in order, cursors and tries are `event-stream.ts`. Invariant: what a sink says was taken was read by the receiver
 * to the end; a sink never rejects. One message a connection and no queue here: whatever is not taken is sent anew.
 */
import type { Instant } from '../../policies/instant.ts'
import type { Checked } from '../../policies/problem.ts'
import type { Config } from '../../runtime/config.ts'
import {
  readSyslogTargets,
  type SyslogMessage,
  type SyslogTarget,
  sendSyslog,
} from '../notify/syslog-send.ts'
import {
  readWebhookTargets,
  sendWebhook,
  type WebhookOutcome,
  type WebhookTarget,
} from '../notify/webhook-send.ts'
import type { Checkpoint } from '../store/event-link.ts'
import type { ListedEvent } from '../store/events.ts'
import { isFailure, ocsfOf } from './event-ocsf.ts'

/** The next events of one chain, oldest first, and the newest checkpoint among them. `id`: the same at every try. */
export type EventBatch = {
  readonly id: string
  readonly practice: string
  readonly events: readonly ListedEvent[]
  readonly checkpoint: Checkpoint | null
}

/** A stream as the control plane sends on it. */
export type EventStream = {
  readonly name: string
  readonly practices: readonly string[] | 'all'
  /** Sends a batch once; never rejects. */
  readonly send: (batch: EventBatch, at: Instant) => Promise<WebhookOutcome>
}

type WebhookConfig = Config['audit']['streams'][number]
type SyslogConfig = Config['audit']['syslog'][number]

const written = (format: WebhookConfig['format'], event: ListedEvent): unknown =>
  format === 'ocsf' ? ocsfOf(event) : event

/** A stream to a webhook: one signed message a batch. */
export const webhookStream = (
  { name, practices, format }: WebhookConfig,
  target: WebhookTarget,
): EventStream => ({
  ...{ name, practices },
  send: ({ id, practice, events, checkpoint }, at) => {
    const body = {
      type: 'security-events',
      practice,
      events: events.map((event) => written(format, event)),
      checkpoint,
    }
    return sendWebhook(target, { id, text: JSON.stringify(body) }, at)
  },
})

/** A stream to a syslog server: one message an event, and one for the checkpoint. */
export const syslogStream = (
  { name, practices, format }: SyslogConfig,
  target: SyslogTarget,
): EventStream => ({
  ...{ name, practices },
  send: ({ practice, events, checkpoint }) => {
    const messages: SyslogMessage[] = events.map((event) => ({
      at: event.at,
      severity: isFailure(event.action) ? 'warning' : 'informational',
      id: event.action,
      data: { practice, seq: String(event.seq), hash: event.hash },
      text: JSON.stringify(written(format, event)),
    }))
    if (checkpoint !== null)
      messages.push({
        ...{ at: checkpoint.at, severity: 'informational', id: 'checkpoint' },
        data: { practice, seq: String(checkpoint.seq), hash: checkpoint.hash },
        text: JSON.stringify(checkpoint),
      })
    return sendSyslog(target, messages)
  },
})

/** Every configured stream. Problems: of the files with keys and authorities, all at once. */
export function readEventStreams({ streams, syslog }: Config['audit']): Checked<readonly EventStream[]> {
  const webhooks = readWebhookTargets(streams)
  const servers = readSyslogTargets(syslog)
  if (!webhooks.ok || !servers.ok)
    return {
      ok: false,
      problems: [...(webhooks.ok ? [] : webhooks.problems), ...(servers.ok ? [] : servers.problems)],
    }
  const made: EventStream[] = []
  for (const stream of streams) {
    const target = webhooks.value.get(stream.name)
    if (target !== undefined) made.push(webhookStream(stream, target))
  }
  for (const stream of syslog) {
    const target = servers.value.get(stream.name)
    if (target !== undefined) made.push(syslogStream(stream, target))
  }
  return { ok: true, value: made }
}
