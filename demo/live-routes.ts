// Long answers: the huddle's event stream, the long poll, and a page that is slow on purpose.
//
// Not the WebSocket (see live-socket).
// Invariant: each ends when the client leaves or the app closes, and then holds no timer and no listener.
// Refused: keeping streams of slow readers without limit; one that lags by 64 events is closed.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Context } from 'hono'
import { staffOnly } from './admission.ts'
import type { Desk, DeskApp, DeskEnv } from './desk.ts'
import type { Happening } from './happenings.ts'

const heartbeatMs = 15_000
const longPollMs = 25_000
const slowMsMax = 30_000
const laggingEventsMax = 64

function eventText(name: string, id: number, body: unknown): string {
  return `event: ${name}\nid: ${id}\ndata: ${JSON.stringify(body)}\n\n`
}

/** What a listener of the huddle is told of a happening. */
function told({ id, at, kind, text }: Happening) {
  return { id, at, kind, text }
}

function huddleStream(desk: Desk, practice: string): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let stop = (): void => {}
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const send = (text: string): void => {
          controller.enqueue(encoder.encode(text))
          if ((controller.desiredSize ?? 0) <= 0) end()
        }
        const unlisten = desk.happenings.listen(practice, (happening) =>
          send(eventText('huddle', happening.id, told(happening))),
        )
        const heartbeat = setInterval(() => send(': still here\n\n'), heartbeatMs)
        stop = () => {
          clearInterval(heartbeat)
          unlisten()
          desk.closing.removeEventListener('abort', end)
        }
        const end = (): void => {
          stop()
          controller.close()
        }
        desk.closing.addEventListener('abort', end, { once: true })
        const recent = desk.happenings.recent(practice)
        send(eventText('hello', recent[0]?.id ?? 0, { practice, recent: recent.map(told) }))
      },
      cancel: () => stop(),
    },
    { highWaterMark: laggingEventsMax },
  )
}

/** A signal that aborts when the client leaves, the app closes, or (if given) time is up. */
function leaving(desk: Desk, c: Context<DeskEnv>, timeoutMs?: number): AbortSignal {
  const timers = timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)]
  return AbortSignal.any([c.req.raw.signal, desk.closing, ...timers])
}

/** Adds /live/huddle, /api/longpoll and /slow. */
export function addLiveRoutes(app: DeskApp, desk: Desk): void {
  const guard = staffOnly(desk)

  app.get('/live/huddle', guard, (c) => {
    c.header('Content-Type', 'text/event-stream; charset=utf-8')
    c.header('X-Accel-Buffering', 'no')
    return c.body(huddleStream(desk, c.get('staff').practice.id))
  })

  app.get('/api/longpoll', guard, async (c) => {
    const happening = await desk.happenings.next(c.get('staff').practice.id, leaving(desk, c, longPollMs))
    return c.json({ event: happening ? told(happening) : null })
  })

  app.get('/slow', guard, async (c) => {
    const asked = Number(c.req.query('ms') ?? 1000)
    const ms = Number.isFinite(asked) ? Math.min(Math.max(asked, 0), slowMsMax) : 1000
    await sleep(ms, undefined, { signal: leaving(desk, c) }).catch(() => {})
    return c.json({ sleptMs: ms })
  })
}
