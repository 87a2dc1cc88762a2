/**
 * Goal: what contradicts itself is a Problem; a configured place is handed on whole, over TLS with the check on, and a CA file that is none is a Problem.
 * Method: one configuration of each kind; that connections heed it is hot-store-failover.test.ts.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { hotStoreSchema } from '../../runtime/config-hot-store.ts'
import { loadConfig } from '../../runtime/config-load.ts'
import { redisPlaceOf } from '../../runtime/redis-place.ts'
import { createAuthority } from '../support/certificates.ts'

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-place-'))
afterAll(() => rmSync(folder, { recursive: true }))
const fileOf = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const placeOf = (given: object) => redisPlaceOf(hotStoreSchema.parse(given))
const good = (given: object) => {
  const placed = placeOf(given)
  return placed.ok ? placed.value : placed.problems
}

test('each of the three ways, with its passwords and no more', () => {
  expect(good({})).toBeNull()
  expect(good({ url: 'redis://h:1' })).toEqual({ url: 'redis://h:1' })
  expect(good({ cluster: ['a:1', '[::1]:2'], password: 'p' })).toEqual({
    cluster: [
      { host: 'a', port: 1 },
      { host: '::1', port: 2 },
    ],
    password: 'p',
  })
  expect(good({ sentinels: ['a:1'], masterName: 'front', username: 'u', sentinelPassword: 's' })).toEqual({
    ...{ sentinels: [{ host: 'a', port: 1 }], masterName: 'front', username: 'u', sentinelPassword: 's' },
  })
})

test('over TLS the certificate is always checked, against the authorities of the file where one is given', () => {
  const { cert } = createAuthority()
  const caFile = fileOf('ca.pem', cert)
  expect(good({ cluster: ['a:1'], tls: { on: true, caFile, serverName: 'redis.example' } })).toMatchObject({
    tls: { rejectUnauthorized: true, ca: cert, servername: 'redis.example' },
  })
  expect(good({ url: 'rediss://h:1' })).toEqual({ url: 'rediss://h:1', tls: { rejectUnauthorized: true } })
})

test('a CA file that is not there, or holds none, is a Problem', () => {
  const of = (caFile: string) => placeOf({ url: 'rediss://h:1', tls: { caFile } })
  const path = 'hotStore.tls.caFile'
  expect(of(join(folder, 'none.pem'))).toMatchObject({
    ok: false,
    problems: [{ path, sentence: expect.stringMatching(/ENOENT/) }],
  })
  expect(of(fileOf('words.pem', 'words'))).toMatchObject({ ok: false, problems: [{ path }] })
})

const loaded = (hotStore: object, environment: Record<string, string> = {}) =>
  loadConfig({ file: null, environment, overrides: { hotStore } })

test.each([
  ['an address of another kind', { url: 'http://localhost:6379' }, 'hotStore.url', /redis:/],
  [
    'Sentinels elsewhere without a key',
    { sentinels: ['a.example:26379'], masterName: 'front' },
    'clusterKey',
    /hotStore.sentinels reaches/,
  ],
  ['Sentinels without a name', { sentinels: ['localhost:1'] }, 'hotStore.masterName', /must be given/],
  [
    'a name without Sentinels',
    { cluster: ['localhost:1'], masterName: 'front' },
    'hotStore.masterName',
    /for sent/,
  ],
  ['two at once', { url: 'redis://localhost:1', cluster: ['localhost:1'] }, 'hotStore.cluster', /one of url/],
  [
    'a password beside an address',
    { url: 'redis://localhost:1', password: 's' },
    'hotStore.password',
    /the url/,
  ],
  [
    'authorities without TLS',
    { url: 'redis://localhost:1', tls: { caFile: '/ca.pem' } },
    'hotStore.tls.caFile',
    /is off/,
  ],
  ['TLS beside an address', { url: 'redis://localhost:1', tls: { on: true } }, 'hotStore.tls.on', /rediss/],
  ['a node without a port', { cluster: ['localhost'] }, 'hotStore.cluster[0]', /host:port/],
])('%s is a Problem', (_name, hotStore, path, sentence) => {
  const checked = loaded(hotStore)
  const problems = checked.ok ? [] : checked.problems
  expect(problems.filter((one) => one.path === path)).toMatchObject([
    { sentence: expect.stringMatching(sentence) },
  ])
})

test('the environment names Sentinels as a list', () => {
  const environment = {
    GATEHOUSE_HOT_STORE_SENTINELS: '127.0.0.1:1,[::1]:2',
    GATEHOUSE_HOT_STORE_MASTER_NAME: 'front',
  }
  expect(loaded({}, environment)).toMatchObject({
    ok: true,
    value: { hotStore: { sentinels: ['127.0.0.1:1', '[::1]:2'], masterName: 'front' } },
  })
})
