/**
 * Goal: a tunnel that is held takes nothing more from either end, and is then cut at a frame border like any other.
 * Method: two pairs of streams in memory with the tunnel between them; a scheduler that never runs by itself.
 */
import { duplexPair } from 'node:stream'
import { expect, test } from 'vitest'
import { joinTunnel } from '../../gateway/tunnel.ts'

/** A frame from the application, unmasked. */
const text = (words: string): Buffer => Buffer.concat([Buffer.from([0x81, words.length]), Buffer.from(words)])
const goodbye = Buffer.concat([Buffer.from([0x88, 7, 0x03, 0xf5]), Buffer.from('stale')])

const stand = () => {
  const [browser, client] = duplexPair()
  const [upstream, application] = duplexPair()
  const tasks: (() => void)[] = []
  let isOver = false
  const tunnel = joinTunnel({
    ...{ client, upstream },
    schedule: (task) => {
      tasks.push(task)
      return () => {}
    },
    onEnd: () => {
      isOver = true
    },
  })
  const got = { browser: '', application: '' }
  browser.on('data', (chunk: Buffer) => {
    got.browser += chunk.toString('latin1')
  })
  application.on('data', (chunk: Buffer) => {
    got.application += chunk.toString('latin1')
  })
  for (const end of [browser, application]) end.on('error', () => {})
  return {
    ...{ tunnel, browser, application, client, upstream, got },
    isOver: () => isOver,
    /** What should happen later happens now. */
    elapse: () => {
      for (const task of tasks.splice(0)) task()
    },
  }
}
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

test('between frames: nothing passes once held, and the cut says goodbye for the first reason', async () => {
  const { tunnel, browser, application, got, isOver, elapse } = stand()
  browser.write('early')
  application.write(text('hello'))
  await settled()
  tunnel.hold(1013, 'stale')
  tunnel.hold(1001, 'later')
  browser.write('late')
  await settled()
  expect(got).toEqual({ browser: text('hello').toString('latin1'), application: 'early' })
  tunnel.cut(1001, 'later')
  tunnel.cut(1001, 'later')
  await settled()
  expect(got.browser).toBe(Buffer.concat([text('hello'), goodbye]).toString('latin1'))
  expect(got.application).toBe('early')
  elapse()
  await settled()
  expect(isOver()).toBe(true)
})

test('what the application says once held is replaced by the goodbye', async () => {
  const { tunnel, application, got } = stand()
  tunnel.hold(1013, 'stale')
  application.write(text('never'))
  await settled()
  expect(got.browser).toBe(goodbye.toString('latin1'))
})

test('inside a small frame its rest passes, and nothing behind it', async () => {
  const { tunnel, application, got } = stand()
  application.write(text('half and half').subarray(0, 6))
  await settled()
  tunnel.hold(1013, 'stale')
  application.write(Buffer.concat([text('half and half').subarray(6), text('never')]))
  await settled()
  expect(got.browser).toBe(Buffer.concat([text('half and half'), goodbye]).toString('latin1'))
})

test.each([
  ['inside a large frame', Buffer.from([0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3])],
  ['inside the head of a frame', Buffer.from([0x82, 126, 0])],
])('%s nothing of the rest passes, and the cut breaks it off', async (_, bytes) => {
  const { tunnel, application, client, upstream, got } = stand()
  application.write(bytes)
  await settled()
  tunnel.hold(1013, 'stale')
  application.write(Buffer.alloc(1_000, 7))
  await settled()
  expect(got.browser).toBe(bytes.toString('latin1'))
  tunnel.cut(1013, 'stale')
  expect([client.destroyed, upstream.destroyed]).toEqual([true, true])
})
