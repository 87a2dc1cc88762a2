/**
 * Goal: the bench of HTTP/2 never shows a figure that is not one. Method: what h2load writes, whole and in every way short.
 */
import { expect, test } from 'vitest'
import { readH2load } from '../../bench/h2load.ts'

const said = [
  'finished in 4.00s, 506.00 req/s, 31.17MB/s',
  'requests: 1518 total, 1518 started, 1518 done, 1518 succeeded, 0 failed, 0 errored, 0 timeout',
  'status codes: 1494 2xx, 0 3xx, 0 4xx, 0 5xx',
  'traffic: 93.51MB (98053419) total, 49.66KB (50848) headers (space savings 84.22%), 110.63MB (115998720) data',
].join('\n')

test('a whole run is read', () => {
  expect(readH2load(said, 65_536)).toEqual({ requests: 1_518, perSecond: 506 })
})

test.each([
  ['nothing', said, ''],
  ['no request', /1518/g, '0'],
  ['a failed one', '0 failed', '1 failed'],
  ['a refused one', '0 4xx', '1 4xx'],
  ['statuses that are missing', '1494 2xx', '1400 2xx'],
  ['smaller pages', '115998720', '90000000'],
])('%s is an error', (_, from, to) => {
  expect(() => readH2load(said.replace(from, to), 65_536)).toThrow('h2load')
})
