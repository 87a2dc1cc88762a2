/**
 * Goal: the JSON of each command has `ok` and the members that docs/command-line.md names, no more and no fewer.
 * Method: the commands in this process, on a database with people; the planes' own are held where they are started.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { applyRefusals } from '../../admin/store/reports.ts'
import { openFactorKeyring } from '../../admin/two-factor/factor-keys.ts'
import { exportAudit } from '../../cli/audit-export.ts'
import { reportAccess } from '../../cli/audit-report.ts'
import { verifyAudit } from '../../cli/audit-verify.ts'
import { endObserving, observe, showOverride } from '../../cli/break-glass.ts'
import { type CommandLine, readCommandLine } from '../../cli/command-line.ts'
import { type CommandName, commands } from '../../cli/commands.ts'
import { checkConfig } from '../../cli/config-check.ts'
import { examine } from '../../cli/doctor.ts'
import { isStop } from '../../cli/exit-codes.ts'
import { explainCode } from '../../cli/explain.ts'
import { rotateKeys } from '../../cli/key-rotation.ts'
import { exportPolicy } from '../../cli/policy-export.ts'
import { proposeTable } from '../../cli/routes-propose.ts'
import { printCodes } from '../../cli/sealed-codes.ts'
import { createToken, endToken, showTokens } from '../../cli/token-commands.ts'
import { addUser } from '../../cli/user-add.ts'
import { changeUser, showUsers } from '../../cli/user-commands.ts'
import { createStage, type Stage } from '../admin/api/admin-stage.ts'
import { documentedJson, membersOf } from '../support/documented-json.ts'

/** Held where they are run: `test/e2e/start.test.ts`, and `test/cli/policy.test.ts` by docs/policy-as-code.md. */
const elsewhere: readonly CommandName[] = [
  ...(['start', 'gateway', 'admin', 'policy plan', 'policy apply', 'policy test'] as const),
]

let stage: Stage
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-json-'))
const code = 'GH-7K2M-94QX'
beforeAll(async () => {
  stage = await createStage()
  vi.stubEnv('DATABASE_URL', stage.databaseUrl)
  vi.stubEnv('GATEHOUSE_DATA_DIR', folder)
  expect(openFactorKeyring(null, join(folder, 'factor-keys')).ok).toBe(true)
  await stage.store.transaction((tx) =>
    applyRefusals(tx, [
      {
        ...{ kind: 'refusal', code, monitored: false, at: stage.clock.now(), gateway: 'g1', method: 'GET' },
        ...{
          practice: 'lakeside',
          user: 'usr_fred',
          session: 'ses_1',
          address: '203.0.113.9',
          upstream: 'app',
        },
        ...{ route: 'app GET /schedule', verdict: 'deny', reason: 'address-not-allowed', control: 'ip' },
        ...{ revision: 1, failing: ['address-not-allowed'] },
      },
    ]),
  )
})
afterEach(() => vi.restoreAllMocks())
afterAll(async () => {
  vi.unstubAllEnvs()
  await stage.close()
  rmSync(folder, { recursive: true, force: true })
})

type Run = (line: CommandLine) => Promise<number>
const now = () => stage.clock.now()
const changed: Run = (line) => changeUser(line, line.command as Parameters<typeof changeUser>[1], now)
const runs: Readonly<Partial<Record<CommandName, Run>>> = {
  'config check': checkConfig,
  'audit verify': verifyAudit,
  'audit export': (line) => exportAudit(line, now),
  'audit report': (line) => reportAccess(line, now),
  'policy export': exportPolicy,
  'routes propose': proposeTable,
  'token create': (line) => createToken(line, now),
  'token list': (line) => showTokens(line, now),
  'token revoke': (line) => endToken(line, now),
  'user list': (line) => showUsers(line, now),
  'user add': (line) => addUser(line, now),
  ...{ 'user roles': changed, 'user suspend': changed, 'user rejoin': changed, 'user revoke': changed },
  ...{ 'user reset': changed, 'user remove': changed },
  'break-glass observe': (line) => observe(line, 0, now),
  'break-glass status': (line) => showOverride(line, now),
  'break-glass end': (line) => endObserving(line, 0, now),
  'break-glass codes': (line) => printCodes(line, now),
  'keys rotate': (line) => rotateKeys(line, now),
  doctor: (line) => examine(line, now),
  explain: (line) => explainCode(line, now),
}

const run = async (...words: readonly string[]): Promise<{ code: number; told: Record<string, unknown> }> => {
  const printed: string[] = []
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0)
  const line = readCommandLine([...words, '--json'])
  let said = ''
  const ended = await runs[line.command as CommandName]!(line).catch((error: unknown) => {
    if (!isStop(error)) throw error
    said = error.message
    return error.exitCode
  })
  expect([words, printed.length, said]).toEqual([words, 1, expect.any(String)])
  return { code: ended, told: JSON.parse(printed.join('')) as Record<string, unknown> }
}

test('every command stands in the table, once', () => {
  expect([...documentedJson.keys()].toSorted()).toEqual(Object.keys(commands).toSorted())
  expect([...Object.keys(runs), ...elsewhere].toSorted()).toEqual(Object.keys(commands).toSorted())
})

const at = ['--practice', 'lakeside', '--wait', '0']
const typed: readonly (readonly string[])[] = [
  ['config', 'check'],
  ['user', 'add', 'Nora@Lakeside.Example', ...at, '--name', 'Nora', '--role', 'front-desk'],
  ['user', 'list', '--practice', 'lakeside'],
  ['user', 'roles', 'nora@lakeside.example', ...at, '--role', 'dentist'],
  ['user', 'suspend', 'nora@lakeside.example', ...at],
  ['user', 'rejoin', 'nora@lakeside.example', ...at],
  ['user', 'revoke', 'nora@lakeside.example', ...at],
  ['user', 'reset', 'nora@lakeside.example', ...at, '--reason', 'lost telephone'],
  ['user', 'remove', 'nora@lakeside.example', ...at],
  [
    ...['token', 'create', ...at, '--name', 'Sync', '--owner', 'fred', '--route', 'anything'],
    ...['--method', 'anything', '--from', 'anywhere', '--days', '9'],
  ],
  ['token', 'list', '--practice', 'lakeside'],
  ['audit', 'verify'],
  ['audit', 'export', '--practice', 'lakeside', '--out', join(folder, 'events.ndjson')],
  ['audit', 'report', '--practice', 'lakeside', '--month', '2026-03'],
  ['policy', 'export', '--practice', 'lakeside'],
  ['routes', 'propose', '--practice', 'lakeside'],
  ['break-glass', 'observe', '--every', '--for', '1h', '--reason', 'a test'],
  ['break-glass', 'status'],
  ['break-glass', 'end'],
  ['break-glass', 'codes', 'root'],
  ['keys', 'rotate'],
  ['doctor'],
  ['explain', code],
]

test('each says what the table says', async () => {
  const seen = new Map<string, readonly string[]>()
  for (const words of typed) {
    const { command } = readCommandLine(words)
    const { told } = await run(...words)
    expect([command, typeof told['ok']]).toEqual([command, 'boolean'])
    seen.set(command, membersOf(told))
    if (command === 'token create') {
      const revoked = await run('token', 'revoke', String(told['id']), ...at)
      seen.set('token revoke', membersOf(revoked.told))
    }
  }
  const held = [...documentedJson].filter(([command]) => !(elsewhere as readonly string[]).includes(command))
  expect(Object.fromEntries(seen)).toEqual(Object.fromEntries(held))
})

test('somebody new signs in as who they are to the application, and is taken in once', async () => {
  const wish = ['--name', 'Otto', '--role', 'dentist', '--reason', 'starts Monday'] as const
  const made = await run('user', 'add', 'OTTO', ...at, ...wish)
  expect([made.code, made.told['outcome']]).toEqual([75, 'saved'])
  const identity = await stage.store.read((rows) =>
    rows
      .selectFrom('app_identity')
      .select(['upstream', 'folded'])
      .where('user_id', '=', String(made.told['user']))
      .execute(),
  )
  expect(identity).toEqual([{ upstream: 'desk', folded: 'otto' }])
  const again = await run('user', 'add', 'otto', ...at, ...wish)
  expect([again.code, again.told['ok'], again.told['problems']]).toEqual([
    78,
    false,
    [{ path: 'login', sentence: 'They are a member already.' }],
  ])
  const elsewhereToo = await run('user', 'add', 'otto', '--practice', 'hilltop', '--wait', '0', ...wish)
  expect(elsewhereToo.told['user']).toBe(made.told['user'])
})

test('what is wrong with somebody new is refused before anything is saved', async () => {
  const stop = async (...words: readonly string[]): Promise<number> => {
    const line = readCommandLine(['user', 'add', 'pia', '--practice', 'lakeside', ...words])
    return addUser(line, now).catch((error: unknown) => (isStop(error) ? error.exitCode : -1))
  }
  const good = ['--name', 'Pia', '--role', 'dentist']
  expect(await stop('--role', 'dentist')).toBe(64)
  expect(await stop('--name', 'Pia')).toBe(64)
  expect(await stop(...good, '--email', 'nowhere')).toBe(64)
  expect(await stop(...good, '--upstream', 'nobody')).toBe(64)
  vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  expect(await stop('--name', 'Pia', '--role', 'emperor')).toBe(78)
  const line = readCommandLine(['user', 'add', 'pia', '--practice', 'nowhere', ...good])
  await expect(addUser(line, now)).rejects.toMatchObject({ exitCode: 1 })
})

test('a configuration with problems tells them in JSON too', async () => {
  const file = join(folder, 'bad.yaml')
  writeFileSync(file, 'listenn: {}\n')
  const { code: ended, told } = await run('config', 'check', '--config', file)
  expect([ended, told['ok']]).toEqual([78, false])
  expect(told['problems']).toEqual(
    expect.arrayContaining([expect.objectContaining({ path: expect.stringContaining('listenn') })]),
  )
})
