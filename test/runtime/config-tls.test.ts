/**
 * Goal: what is configured of an application's certificate fits the rest, and nothing switches its check off.
 * Method: configurations with one thing wrong, each Problem by its path and sentence.
 */
import { expect, test } from 'vitest'
import { loadConfig } from '../../runtime/config-load.ts'

const problemsOf = (url: string, more: object) => {
  const upstreams = [{ id: 'desk', name: 'Desk', url, ...more }]
  const checked = loadConfig({ file: null, environment: {}, overrides: { upstreams } })
  return checked.ok ? [] : checked.problems.map(({ path, sentence }) => `${path}: ${sentence}`)
}

test.each([
  ['a CA file without TLS', 'http', { caFile: 'ca.pem' }, /^upstreams\[0\]\.tls\.caFile: is for .*https:/],
  ['a name without TLS', 'http', { serverName: 'desk' }, /^upstreams\[0\]\.tls\.serverName: is for .*https:/],
  ['an address for a name', 'https', { serverName: '10.0.0.1' }, /tls\.serverName: .*not an address/],
  ['a switch that skips the check', 'https', { insecure: true }, /tls\.insecure: is not a key/],
  ['another one', 'https', { rejectUnauthorized: false }, /tls\.rejectUnauthorized: is not a key/],
])('%s is a Problem', (_, scheme, tls, sentence) => {
  const problems = problemsOf(`${scheme}://10.0.0.9:8443`, { tls })
  expect(problems).toHaveLength(1)
  expect(problems[0]).toMatch(sentence)
})

test('what is right passes, and so does nothing at all', () => {
  expect(problemsOf('https://10.0.0.9', { tls: { caFile: 'ca.pem', serverName: 'desk.internal' } })).toEqual(
    [],
  )
  expect(problemsOf('https://desk.internal', {})).toEqual([])
  expect(problemsOf('http://desk.internal', { totalTimeoutMs: 60_000 })).toEqual([])
})

test('HTTP/2 is offered only where TLS is spoken, and by the engine that speaks it', () => {
  const files = { certificateFile: 'chain.pem', keyFile: 'key.pem' }
  const problemsWith = (gateway: object) => {
    const checked = loadConfig({ file: null, environment: {}, overrides: { gateway } })
    return checked.ok ? [] : checked.problems.map(({ path }) => path)
  }
  expect(problemsWith({ http2: true })).toEqual(['gateway.http2'])
  expect(problemsWith({ http2: true, tls: files, engine: 'node' })).toEqual(['gateway.http2'])
  expect(problemsWith({ http2: true, tls: files })).toEqual([])
})
