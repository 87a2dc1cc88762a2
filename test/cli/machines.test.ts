/**
 * Goal: tokens and members are looked after at the command line by the functions of the API, with the exit codes and one
 * JSON object that scripts rely on. Method: the commands in this process on a database with people, no gateway running.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { listEvents } from '../../admin/store/events.ts'
import { readCommandLine } from '../../cli/command-line.ts'
import { isStop } from '../../cli/exit-codes.ts'
import { createToken, endToken, showTokens } from '../../cli/token-commands.ts'
import { changeUser, showUsers } from '../../cli/user-commands.ts'
import { createStage, type Stage } from '../admin/api/admin-stage.ts'

let stage: Stage
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-machines-'))
beforeAll(async () => {
  stage = await createStage()
  vi.stubEnv('DATABASE_URL', stage.databaseUrl)
  vi.stubEnv('GATEHOUSE_DATA_DIR', folder)
})
afterEach(() => vi.restoreAllMocks())
afterAll(async () => {
  vi.unstubAllEnvs()
  await stage.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Runs a command; what it printed, and its exit code. */
const run = async (...words: readonly string[]) => {
  const printed: string[] = []
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed.push(String(text))
    return true
  })
  const line = readCommandLine(words)
  const now = stage.clock.now
  const ended = async (): Promise<number> => {
    switch (line.command) {
      case 'token create':
        return createToken(line, now)
      case 'token list':
        return showTokens(line, now)
      case 'token revoke':
        return endToken(line, now)
      case 'user list':
        return showUsers(line, now)
      case 'user roles':
      case 'user suspend':
      case 'user rejoin':
      case 'user revoke':
        return changeUser(line, line.command, now)
      default:
        throw new Error(line.command)
    }
  }
  try {
    return { code: await ended(), out: printed.join(''), said: '' }
  } catch (error) {
    if (!isStop(error)) throw error
    return { code: error.exitCode, out: printed.join(''), said: error.lines.join('\n') }
  } finally {
    spy.mockRestore()
  }
}
const at = ['--practice', 'lakeside'] as const
const told = ({ out }: { readonly out: string }) => JSON.parse(out) as Record<string, unknown>
const newest = async () => {
  const [event] = await stage.store.read((rows) =>
    listEvents(rows, { practice: 'lakeside' }, { countMax: 1, before: null }),
  )
  return event
}

const wish = [
  ...['--name', 'Nightly sync', '--owner', 'FRED', '--route', 'anything', '--method', 'POST'],
  ...['--from', '203.0.113.50', '--days', '90', '--wait', '0'],
] as const

test('a token is made, printed once, listed and revoked; the account of the system stands in the event', async () => {
  const made = await run('token', 'create', ...at, ...wish, '--json')
  // Saved, and nobody publishes it here.
  expect(made.code).toBe(75)
  const { token, id } = told(made) as { token: string; id: string }
  expect(token).toMatch(/^ght_/)
  expect(await newest()).toMatchObject({ origin: 'cli', action: 'token.created', actor: { kind: 'cli' } })
  const listed = await run('token', 'list', ...at)
  expect(listed).toMatchObject({ code: 0, said: '' })
  expect(listed.out).toContain(`${id}  ${token.slice(0, 10)}…  active`)
  expect(listed.out).not.toContain(token)
  const revoked = await run('token', 'revoke', id, ...at, '--wait', '0', '--reason', 'lost')
  expect([revoked.code, revoked.out]).toEqual([75, expect.stringContaining('Revoked: Nightly sync.')])
  expect(await newest()).toMatchObject({ action: 'token.revoked', reason: 'lost' })
  const again = await run('token', 'revoke', id, ...at, '--json')
  expect([again.code, told(again)]).toEqual([0, { ok: true, outcome: 'unchanged', id, state: null }])
})

test('what is wrong with a token is said, and nothing is made', async () => {
  const bad = await run('token', 'create', ...at, ...wish, '--permission', 'view-nothing', '--days', '366')
  expect([bad.code, bad.said]).toEqual([78, expect.stringContaining('permissions[0]')])
  const unscoped = await run(
    'token',
    'create',
    ...at,
    ...wish.filter((word) => word !== '--from' && word !== '203.0.113.50'),
  )
  expect([unscoped.code, unscoped.said]).toEqual([64, expect.stringContaining('--from anywhere')])
  const nobody = await run('token', 'create', ...at, ...wish, '--owner', 'nobody')
  expect([nobody.code, nobody.said]).toEqual([1, expect.stringContaining('no member')])
  const lost = await run('token', 'revoke', 'tok_x', ...at)
  expect([lost.code, lost.said]).toEqual([1, expect.stringContaining('tok_x')])
})

test('members are listed, given roles, suspended, taken back and revoked', async () => {
  const users = told(await run('user', 'list', ...at, '--json')) as { users: { login: string }[] }
  expect(users.users.map(({ login }) => login)).toEqual(['fred', 'olga'])
  const change = (verb: string, ...more: readonly string[]) =>
    run('user', verb, 'Fred', ...at, '--wait', '0', ...more)
  expect((await change('roles', '--role', 'dentist')).code).toBe(75)
  expect(await newest()).toMatchObject({ action: 'user.roles-changed', origin: 'cli' })
  expect((await change('suspend')).code).toBe(75)
  expect((await run('user', 'list', ...at)).out).toContain('suspended')
  expect((await change('suspend')).code).toBe(0)
  expect((await change('rejoin')).code).toBe(75)
  expect((await change('revoke')).code).toBe(75)
  expect(await newest()).toMatchObject({ action: 'user.revoked', target: { id: 'usr_fred' } })
  expect(await change('roles')).toMatchObject({ code: 64 })
  expect(await run('user', 'suspend', 'olga', ...at, '--wait', '0')).toMatchObject({ code: 77 })
  expect(await run('user', 'suspend', 'fred', '--practice', 'nowhere')).toMatchObject({ code: 1 })
})
