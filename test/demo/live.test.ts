// Goal: bookings and ticks reach open schedules, huddles and long polls of the same practice, and of no other.
// Method: real WebSockets and event streams; each step waits for the message itself.

import { once } from 'node:events'
import http from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import type { Demo } from '../../demo/app.ts'
import type { Client } from '../support/client.ts'
import { openDemo, signedIn } from './desk-visits.ts'

type Message = { readonly type: string; readonly cause?: string; readonly appointments?: readonly unknown[] }

/** An open live schedule; `next()` is the next message not yet read. */
async function openSchedule(demo: Demo, client: Client) {
  const socket = new WebSocket(`${demo.url.replace('http', 'ws')}/live/schedule`, {
    headers: { cookie: client.cookieHeader() },
  })
  const waiting: Message[] = []
  let wake: (() => void) | undefined
  socket.on('message', (raw) => {
    waiting.push(JSON.parse(String(raw)) as Message)
    wake?.()
  })
  onTestFinished(() => socket.terminate())
  await once(socket, 'open')
  const next = async (): Promise<Message> => {
    while (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve))
    return waiting.shift()!
  }
  return { socket, next, waiting }
}

/** An open huddle stream; `next()` is the next event as it was written. */
async function openHuddle(demo: Demo, client: Client) {
  const request = http.get(`${demo.url}/live/huddle`, {
    headers: { cookie: client.cookieHeader() },
    agent: false,
  })
  onTestFinished(() => void request.destroy())
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  const chunks = response.setEncoding('utf8')[Symbol.asyncIterator]()
  let text = ''
  const next = async (): Promise<string> => {
    while (!text.includes('\n\n')) {
      const { value, done } = await chunks.next()
      if (done) return 'end'
      text += value
    }
    const [event = '', ...rest] = text.split('\n\n')
    text = rest.join('\n\n')
    return event
  }
  return { response, next }
}

async function refusedUpgrade(demo: Demo, path: string, cookie: string): Promise<number> {
  const socket = new WebSocket(`${demo.url.replace('http', 'ws')}${path}`, { headers: { cookie } })
  socket.on('error', () => {})
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, http.IncomingMessage]
  socket.terminate()
  return response.statusCode ?? 0
}

test('the live schedule says hello, answers a ping, and tells bookings and ticks', async () => {
  const demo = await openDemo()
  const fiona = await signedIn(demo, 'fiona')
  const live = await openSchedule(demo, fiona)
  expect(await live.next()).toMatchObject({ type: 'hello', practice: 'riverside' })
  live.socket.send('{"type":"ping"}')
  expect(await live.next()).toEqual({ type: 'pong' })
  live.socket.send('not json')

  const booked = await fiona.post('/api/appointments', { json: { patientId: 'p-1002' } })
  expect(booked.status).toBe(201)
  const update = await live.next()
  expect(update).toMatchObject({ type: 'update', cause: 'appointment' })
  expect(update.appointments).toEqual([(booked.json() as { appointment: unknown }).appointment])
  demo.tick()
  const ticked = await live.next()
  expect(ticked.cause).toBe('tick')
  expect(ticked.appointments?.length).toBeGreaterThan(10)
})

test('another practice hears nothing of it', async () => {
  const demo = await openDemo()
  const luke = await openSchedule(demo, await signedIn(demo, 'luke'))
  await luke.next()
  const fiona = await signedIn(demo, 'fiona')
  await fiona.post('/api/appointments', { json: { patientId: 'p-1002' } })
  luke.socket.send('{"type":"ping"}')
  expect(await luke.next()).toEqual({ type: 'pong' })
})

test('the live schedule is refused without a session, practice or address', async () => {
  const demo = await openDemo()
  const olivia = await signedIn(demo, 'olivia')
  expect(await refusedUpgrade(demo, '/live/schedule', '')).toBe(401)
  expect(await refusedUpgrade(demo, '/live/schedule', olivia.cookieHeader())).toBe(403)
  expect(await refusedUpgrade(demo, '/live/other', olivia.cookieHeader())).toBe(404)
})

test('the huddle starts at once and tells what happens', async () => {
  const demo = await openDemo()
  const fiona = await signedIn(demo, 'fiona')
  const huddle = await openHuddle(demo, fiona)
  expect(huddle.response.headers['content-type']).toBe('text/event-stream; charset=utf-8')
  expect(await huddle.next()).toMatch(/^event: hello\nid: \d+\ndata: \{"practice":"riverside"/)
  await fiona.post('/api/appointments', { json: { patientId: 'p-1003', date: '2026-03-11' } })
  expect(await huddle.next()).toMatch(
    /^event: huddle\nid: \d+\ndata: .*"kind":"appointment".*Fiona Walsh booked/,
  )
})

test('a long poll holds until something happens', async () => {
  const demo = await openDemo()
  const fiona = await signedIn(demo, 'fiona')
  const huddle = await openHuddle(demo, fiona)
  await huddle.next()
  let answered = false
  const poll = fiona.get('/api/longpoll').then((answer) => {
    answered = true
    return answer
  })
  while (!demo.requests().some(({ path }) => path === '/api/longpoll')) await fiona.get('/healthz')
  expect(answered).toBe(false)
  await fiona.send('/api/settings', { method: 'PUT', json: { reminderHours: 24 } })
  expect((await poll).json()).toMatchObject({ event: { kind: 'settings' } })
})

test('closing ends every stream', async () => {
  const demo = await openDemo()
  const fiona = await signedIn(demo, 'fiona')
  const live = await openSchedule(demo, fiona)
  const huddle = await openHuddle(demo, fiona)
  await huddle.next()
  const closed = once(live.socket, 'close')
  const slow = fiona.get('/slow?ms=30000').catch(() => 'cut')
  while (!demo.requests().some(({ path }) => path.startsWith('/slow'))) await fiona.get('/healthz')
  await demo.close()
  await closed
  await slow
})
