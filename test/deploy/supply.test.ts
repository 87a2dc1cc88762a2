/**
 * Goal: what a plane is made of is known: every package with its licence, in the list that goes into the image; an audit
 * that was not made is not called clean; units of systemd are as closed as they are said to be.
 * Method: the commands themselves; their judges on made-up answers; systemd's own analysis where it is installed.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { judgeAudit } from '../../tools/audit.mjs'
import { readLicences } from '../../tools/licences.mjs'
import { billOf } from '../../tools/sbom.mjs'
import { projectRoot } from '../support/cache-folder.ts'

const read = (path: string): string => readFileSync(join(projectRoot, path), 'utf8')
const lock = JSON.parse(read('package-lock.json'))
const { dependencies, optionalDependencies } = JSON.parse(read('package.json'))

test('every package that a plane runs with has a licence that was accepted', () => {
  const { all, refused } = readLicences(lock)
  expect(refused).toEqual([])
  const names = new Set(all.map(({ name }) => name))
  expect(
    [...Object.keys(dependencies), ...Object.keys(optionalDependencies)].filter((one) => !names.has(one)),
  ).toEqual([])
  expect(names.has('vitest')).toBe(false)
  const doubtful = {
    packages: {
      'node_modules/a': { version: '1.0.0' },
      'node_modules/b': { version: '1', license: 'GPL-3.0' },
    },
  }
  expect(readLicences(doubtful).refused.map(({ licence }) => licence)).toEqual(['none named', 'GPL-3.0'])
})

test('the list of packages has each of them, none of development, and says so where npm leaves one out', () => {
  const done = spawnSync(process.execPath, ['tools/sbom.mjs'], {
    cwd: projectRoot,
    encoding: 'utf8',
    timeout: 60_000,
  })
  expect([done.status, done.stderr]).toEqual([0, ''])
  const bill = JSON.parse(read('dist/sbom.cdx.json'))
  expect(bill).toMatchObject({
    bomFormat: 'CycloneDX',
    metadata: { component: { name: 'gatehouse', type: 'application' } },
  })
  const listed = bill.components.map(({ purl }: { readonly purl: string }) =>
    decodeURIComponent(purl).replace('pkg:npm/', ''),
  )
  const { all } = readLicences(lock)
  const wanted = new Set(all.map(({ name, version }) => `${name}@${version}`))
  expect(listed.toSorted()).toEqual([...wanted].toSorted())
  expect(billOf(bill, [...all, { name: 'lost', version: '1.0.0' }]).missing).toEqual(['lost@1.0.0'])
  expect(read('Dockerfile')).toContain('node tools/sbom.mjs')
})

test('an audit is clean only where the registry said so', () => {
  const answer = (counts: object) => JSON.stringify({ metadata: { vulnerabilities: counts } })
  const none = { info: 0, low: 0, moderate: 0, high: 0, critical: 0 }
  expect(judgeAudit(answer(none))).toEqual({
    exitCode: 0,
    sentence: 'audited: 0 critical, 0 high, 0 moderate, 0 low',
  })
  expect(judgeAudit(answer({ ...none, low: 3 })).exitCode).toBe(0)
  expect(judgeAudit(answer({ ...none, high: 1 })).exitCode).toBe(1)
  for (const text of [
    '',
    'x',
    '{}',
    '{"metadata":{"vulnerabilities":{}}}',
    '{"message":"405 Method Not Allowed - POST x"}',
  ]) {
    const { exitCode, sentence } = judgeAudit(text)
    expect([exitCode, sentence.startsWith('not audited')], text).toEqual([69, true])
  }
  expect(judgeAudit('{"message":"405 Method Not Allowed - POST https://x"}').sentence).not.toContain('https')
})

test('systemd finds nothing wrong with the units, and nothing left open that need not be', () => {
  if (spawnSync('systemd-analyze', ['--version']).error !== undefined) {
    console.info('systemd-analyze is not here: the units were not analysed')
    return
  }
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-units-'))
  for (const name of ['gatehouse-gateway.service', 'gatehouse-admin.service']) {
    const file = join(folder, name)
    writeFileSync(
      file,
      read(`deploy/systemd/${name}`).replace('/opt/gatehouse/node/bin/node', process.execPath),
    )
    const verified = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' })
    expect(
      verified.stderr.split('\n').filter((line) => line.includes(name)),
      name,
    ).toEqual([])
    // 0 (closed) to 10.0 (open); 2.0 and above fails.
    const judged = spawnSync(
      'systemd-analyze',
      ['security', '--offline=true', '--threshold=20', '--no-pager', file],
      { encoding: 'utf8' },
    )
    expect([judged.status, judged.stdout.match(/Overall.*/)?.[0]], name).toEqual([
      0,
      expect.stringMatching(/: [01]\.\d OK/),
    ])
  }
  rmSync(folder, { recursive: true })
})
