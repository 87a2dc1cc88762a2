/**
 * Goal: workers whose metrics would meet another listener are a Problem before anything starts.
 * Method: configurations as a file would give them, next to ones that just pass.
 */
import { expect, test } from 'vitest'
import { loadConfig } from '../../runtime/config-load.ts'

const problemsOf = (overrides: Readonly<Record<string, unknown>>): readonly string[] => {
  const loaded = loadConfig({ file: null, environment: {}, overrides })
  return loaded.ok ? [] : loaded.problems.map(({ path, sentence }) => `${path} ${sentence}`)
}

test.each([
  [
    'the control plane’s metrics',
    { gateway: { workers: 2 } },
    /^gateway.workers .*8084 to 8085.*listen.adminMetrics is/,
  ],
  [
    'two listeners at once',
    { listen: { gatewayMetrics: '127.0.0.1:8079' }, gateway: { workers: 3 } },
    /8079 to 8081.*listen.application and listen.portal/,
  ],
  [
    'where proxies ask',
    {
      listen: { gatewayMetrics: '127.0.0.1:9100' },
      gateway: {
        workers: 64,
        forwardAuth: { listen: '127.0.0.1:9163', peers: ['127.0.0.1'], secret: 'x'.repeat(32) },
      },
    },
    /9100 to 9163.*gateway.forwardAuth.listen/,
  ],
  [
    'the last port',
    { listen: { gatewayMetrics: '127.0.0.1:65535' }, gateway: { workers: 2 } },
    /above 65535/,
  ],
  ['more than 64', { gateway: { workers: 65 } }, /^gateway.workers /],
])('%s', (_name, overrides, problem) => {
  expect(problemsOf(overrides)).toEqual([expect.stringMatching(problem)])
})

test.each([
  ['one worker', {}],
  ['any free ports', { listen: { gatewayMetrics: '127.0.0.1:0' }, gateway: { workers: 64 } }],
  ['as many as there is room for', { listen: { gatewayMetrics: '127.0.0.1:8078' }, gateway: { workers: 2 } }],
])('%s: no problem', (_name, overrides) => {
  expect(problemsOf(overrides)).toEqual([])
})
