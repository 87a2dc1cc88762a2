/**
 * The office heartbeat over HTTP: `POST /heartbeat` with the token as `Authorization: Bearer`, no body, no cookie.
 *
 * On the portal, because an office reaches that listener. What a beat does is `ip-list/heartbeats.ts`. Invariant: every
 * beat counts against its network before a token is looked for, and no answer tells a wrong token from a revoked one.
 * Answers are short JSON with statuses that make `curl -f` in a cron line complain.
 */
import type { Context } from 'hono'
import { type Range, rangeContains } from '../../policies/address.ts'
import { isHeartbeatToken } from '../ip-list/heartbeat-tokens.ts'
import { type Beat, takeBeat } from '../ip-list/heartbeats.ts'
import type { Portal, PortalEnv } from './visitor.ts'

const sentences: Readonly<Record<'unchanged' | 'moved', string>> = {
  unchanged: 'The entry is where you are.',
  moved: 'The entry has followed you.',
}

const said = (status: number, body: object, retryAfterMs: number | null = null): Response =>
  new Response(`${JSON.stringify(body)}\n`, {
    status,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
      ...(retryAfterMs === null
        ? {}
        : { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) }),
    },
  })

function answerOf(beat: Beat): Response {
  switch (beat.outcome) {
    case 'unknown-token':
      return said(401, { outcome: 'unknown-token', sentence: 'This token is not known, or no longer.' })
    case 'unchanged':
    case 'moved':
      return said(200, { ...beat, sentence: sentences[beat.outcome] })
    case 'too-many':
      return said(
        429,
        { outcome: beat.outcome, sentence: 'The entry was moved too often today.' },
        beat.retryAfterMs,
      )
    case 'refused':
      return said(409, beat)
  }
}

const stranger: Beat = { outcome: 'unknown-token' }

/** Answers beats. Beats that come from a trusted proxy itself are refused: it did not say for whom it speaks. */
export const takeHeartbeat =
  (portal: Portal, trustedProxies: readonly Range[]) =>
  async (c: Context<PortalEnv>): Promise<Response> => {
    const { client, malformed } = c.get('hop')
    const waitMs = await portal.knocks.knock(client)
    if (waitMs !== null) return said(429, { outcome: 'too-many', sentence: 'Come less often.' }, waitMs)
    const [, token = ''] = /^Bearer (\S{1,100})$/i.exec(c.req.header('authorization') ?? '') ?? []
    if (!isHeartbeatToken(token)) return answerOf(stranger)
    if (malformed || trustedProxies.some((range) => rangeContains(range, client)))
      return answerOf({
        outcome: 'refused',
        sentence: 'The proxy in front does not say where you come from.',
      })
    const { store, changed } = portal.parts
    const beat = await takeBeat(store, token, client, portal.now())
    if (beat.outcome === 'moved') changed()
    return answerOf(beat)
  }
