/**
 * Goal: what is typed is understood or refused with the usage line; Problems of a configuration are all named.
 * Method: the parser by table; the settings on small files, good and bad.
 */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readCommandLine, usage } from '../../cli/command-line.ts'
import { isStop } from '../../cli/exit-codes.ts'
import { readSettings } from '../../cli/settings.ts'
import { createStopping } from '../../cli/stopping.ts'

const stopOf = async (run: () => unknown): Promise<{ exitCode: number; text: string }> => {
  try {
    await run()
  } catch (error) {
    if (isStop(error)) return { exitCode: error.exitCode, text: error.lines.join('\n') }
    throw error
  }
  throw new Error('it did not stop')
}

test('commands of one and two words, with their options', () => {
  expect(readCommandLine(['start', '--json', '--ports', 'auto'])).toMatchObject({
    command: 'start',
    json: true,
    ports: 'auto',
    config: null,
  })
  expect(readCommandLine(['admin', '--first-account', 'password']).firstAccount).toBe('password')
  expect(readCommandLine(['admin']).firstAccount).toBe('link')
  expect(readCommandLine(['gateway', '--config', 'x.yaml'])).toMatchObject({
    command: 'gateway',
    config: 'x.yaml',
  })
  expect(readCommandLine(['audit', 'verify', '--practice', 'riverside'])).toMatchObject({
    command: 'audit verify',
    practice: 'riverside',
  })
  expect(readCommandLine(['explain', 'gh-7k2m-94qx', '--json'])).toMatchObject({
    command: 'explain',
    code: 'GH-7K2M-94QX',
    json: true,
  })
  expect(
    readCommandLine(['policy', 'apply', 'a.yaml', '--revision', '7', '--override', 'Riverside Dental']),
  ).toMatchObject({
    ...{ command: 'policy apply', file: 'a.yaml', revision: 7, override: 'Riverside Dental' },
    ...{ reason: null, waitMs: 30_000, config: null, code: null },
  })
  expect(readCommandLine(['policy', 'apply', 'a.yaml', '--wait', '0']).waitMs).toBe(0)
  expect(readCommandLine(['audit', 'verify'])).toMatchObject({ code: null, file: null })
  expect(readCommandLine([]).command).toBe('help')
})

test.each([
  [['fly'], /no command "fly"/],
  [['audit'], /no command "audit"/],
  [['start', '--colour'], /--colour/],
  [['start', '--ports', '80'], /--ports takes "auto"/],
  [['admin', '--first-account', 'mail'], /--first-account takes "link" or "password"/],
  [['gateway', 'extra'], /extra/],
  [['explain'], /name the reference code/],
  [['explain', 'GH-7K2M'], /"GH-7K2M" is no reference code/],
  [['explain', 'GH-7K2M-94QX', '--practice', 'x'], /--practice/],
  [['policy'], /no command "policy"/],
  [['policy', 'export'], /--practice ID/],
  [['policy', 'plan'], /name the policy file/],
  [['policy', 'plan', 'a.yaml', 'b.yaml'], /"b.yaml" is too much/],
  [['policy', 'plan', 'a.yaml', '--override', 'x'], /--override/],
  [['policy', 'apply', 'a.yaml', '--revision', 'newest'], /--revision takes a whole number/],
  [['policy', 'apply', 'a.yaml', '--wait', '4000'], /--wait takes a whole number up to 3600/],
])('%j is refused with exit 64', async (words, sentence) => {
  const { exitCode, text } = await stopOf(() => readCommandLine(words))
  expect(exitCode).toBe(64)
  expect(text).toMatch(sentence)
  expect(text).toContain('Usage:')
})

test('the usage names every command', () => {
  for (const command of [
    ...['start', 'gateway', 'admin', 'config check', 'audit verify', 'explain'],
    ...['policy export', 'policy plan', 'policy apply', 'policy test'],
  ])
    expect(usage()).toContain(`gatehouse ${command}`)
})

test('a configuration with several mistakes is refused with all of them and exit 78', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'gatehouse-settings-')), 'bad.yaml')
  writeFileSync(
    file,
    'listenn: {}\nlisten: { application: nowhere }\nupstreams: [{ id: A, name: x, url: "http://127.0.0.1:1" }]\n',
  )
  const { exitCode, text } = await stopOf(() =>
    readSettings(readCommandLine(['config', 'check', '--config', file])),
  )
  expect(exitCode).toBe(78)
  for (const path of ['listenn', 'listen.application', 'upstreams[0].id']) expect(text).toContain(path)
})

test('what was started last is stopped first, once, and one failure does not keep the rest', async () => {
  const order: string[] = []
  const lines: string[] = []
  const stopping = createStopping((line) => lines.push(line))
  stopping.add('one', async () => void order.push('one'))
  stopping.add('two', async () => Promise.reject(new Error('stuck')))
  stopping.add('three', async () => void order.push('three'))
  await Promise.all([stopping.stop(), stopping.stop()])
  expect(order).toEqual(['three', 'one'])
  expect(lines).toEqual(['two did not stop cleanly: stuck'])
})
