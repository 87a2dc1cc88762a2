/**
 * Goal: a PROXY protocol that everybody could speak, or that nobody would read, is a Problem before anything starts.
 * Method: configurations as a file and as the environment would give them, next to ones that just pass.
 */
import { expect, test } from 'vitest'
import { loadConfig } from '../../runtime/config-load.ts'

const read = (gateway: Readonly<Record<string, unknown>>, environment: Record<string, string> = {}) => {
  const loaded = loadConfig({ file: null, environment, overrides: { gateway } })
  return loaded.ok
    ? loaded.value.gateway.proxyProtocol
    : loaded.problems.map(({ path, sentence }) => `${path} ${sentence}`)
}

test('is off unless peers are listed, and then has a deadline', () => {
  expect(read({})).toEqual({ from: [], deadlineMs: 3_000 })
  expect(read({ engine: 'node' })).toEqual({ from: [], deadlineMs: 3_000 })
  const from = ['10.0.0.1', '10.1.0.0/16', '2001:db8::1']
  expect(read({ proxyProtocol: { from } })).toEqual({ from, deadlineMs: 3_000 })
  expect(read({}, { GATEHOUSE_GATEWAY_PROXY_PROTOCOL_FROM: '10.0.0.1,10.1.0.0/16' })).toMatchObject({
    from: ['10.0.0.1', '10.1.0.0/16'],
  })
})

test.each([
  [
    'everybody',
    { proxyProtocol: { from: ['10.0.0.1', '0.0.0.0/0'] } },
    /^gateway.proxyProtocol.from\[1\] .*everybody/,
  ],
  [
    'everybody in IPv6',
    { proxyProtocol: { from: ['::/0'] } },
    /^gateway.proxyProtocol.from\[0\] .*everybody/,
  ],
  ['a name', { proxyProtocol: { from: ['lb.internal'] } }, /^gateway.proxyProtocol.from\[0\] .*no address/],
  [
    'the engine "node"',
    { engine: 'node', proxyProtocol: { from: ['10.0.0.1'] } },
    /^gateway.proxyProtocol.from .*engine: own/,
  ],
  ['no time at all', { proxyProtocol: { from: [], deadlineMs: 0 } }, /^gateway.proxyProtocol.deadlineMs /],
  ['a switch', { proxyProtocol: true }, /^gateway.proxyProtocol /],
] as const)('%s is a Problem', (_, gateway, expected) => {
  const problems = read(gateway)
  expect(problems).toHaveLength(1)
  expect(Array.isArray(problems) ? problems[0] : '').toMatch(expected)
})
