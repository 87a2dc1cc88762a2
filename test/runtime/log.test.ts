/**
 * Goal: one event is one JSON line whatever its fields hold, and names of secrets are censored.
 * Method: log into memory and parse what was written.
 */
import { expect, test } from 'vitest'
import { createLog, type LogLevel, shortHash, silentLog } from '../../runtime/log.ts'

const open = (level: LogLevel = 'debug') => {
  const written: string[] = []
  const stream = { write: (text: string) => void written.push(text) }
  const log = createLog({ level, plane: 'gateway', now: () => Date.UTC(2026, 2, 2, 10), stream })
  return { log, written, lines: () => written.map((text) => JSON.parse(text) as Record<string, unknown>) }
}

test('a line has its level, time, plane, fields and message', () => {
  const { log, lines } = open()
  log.with({ upstream: 'desk' }).warn({ reason: 'address-not-allowed', revision: 3 }, 'refused')
  expect(lines()).toEqual([
    {
      level: 'warn',
      at: '2026-03-02T10:00:00.000Z',
      plane: 'gateway',
      upstream: 'desk',
      reason: 'address-not-allowed',
      revision: 3,
      message: 'refused',
    },
  ])
})

test('line breaks and control characters in fields or messages forge no second event', () => {
  const { log, written } = open()
  const nasty = 'a\r\n{"level":"error","message":"forged"}\u2028\u0085\u001b[31m'
  log.info({ address: nasty, [nasty]: 1 }, nasty)
  expect(written).toHaveLength(1)
  expect(written[0]!.trimEnd().split(/[\r\n]/)).toHaveLength(1)
  expect(JSON.parse(written[0]!)).toMatchObject({ level: 'info', message: nasty })
})

test('secrets that were logged by their names after all are censored, at the top and one deeper', () => {
  const { log, written } = open()
  log.info(
    { token: 's3cret', cookie: 's3cret', headers: { authorization: 's3cret', 'set-cookie': 's3cret' } },
    'oops',
  )
  log.info({ config: { clusterKey: 's3cret', url: 'redis://u:s3cret@h' } }, 'oops')
  log.with({ password: 's3cret' }).info({}, 'oops')
  expect(written.join('')).not.toContain('s3cret')
  expect(written.join('')).toContain('[secret]')
})

test('an error is written with its causes and stack, cut to a bound', () => {
  const { log, lines } = open()
  const cause = new Error('x'.repeat(10_000))
  log.error({ error: new Error('could not publish', { cause }) }, 'publisher stopped')
  const { error } = lines()[0] as { error: { message: string; stack: string } }
  expect(error.message).toMatch(/^could not publish ← x+…$/)
  expect(error.stack).toContain('log.test.ts')
  expect(JSON.stringify(lines()[0]).length).toBeLessThan(6_000)
  log.error({ error: 'only words' }, 'odd')
  expect(lines()[1]).toMatchObject({ error: { message: 'only words' } })
})

test('what is below the level is not written; silent writes nothing', () => {
  const { log, written } = open('warn')
  log.debug({}, 'a')
  log.info({}, 'b')
  log.warn({}, 'c')
  expect(written).toHaveLength(1)
  const silent = open('silent')
  silent.log.error({}, 'd')
  silentLog.with({ a: 1 }).error({}, 'e')
  expect(silent.written).toEqual([])
})

test('a session is named by a short hash that does not give it away', () => {
  const token = 'abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq'
  expect(shortHash(token)).toMatch(/^[\w-]{8}$/)
  expect(token).not.toContain(shortHash(token))
  expect(shortHash(token)).toBe(shortHash(token))
})
