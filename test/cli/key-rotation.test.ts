/**
 * Goal: keys are replaced while people sign in, the old one goes when it is for nothing, and no key shows anywhere.
 * Method: the command in this process, with keys in a file and configured, on a database with people and their apps.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { beginOwnTotp } from '../../admin/sign-in/own-factors.ts'
import { beginTotp } from '../../admin/two-factor/enrolment.ts'
import { openFactorKeyring } from '../../admin/two-factor/factor-keys.ts'
import { rotateSecrets } from '../../admin/two-factor/key-rotation.ts'
import { type CodeOutcome, verifyCode } from '../../admin/two-factor/verification.ts'
import { readCommandLine } from '../../cli/command-line.ts'
import { isStop } from '../../cli/exit-codes.ts'
import { rotateKeys } from '../../cli/key-rotation.ts'
import { codeAt, createFactorStage, type FactorStage, home } from '../admin/two-factor/factor-stage.ts'

let stage: FactorStage
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-keys-'))
const file = join(folder, 'factor-keys')
const key = (id: string) => `${id}:${randomBytes(32).toString('base64url')}`
beforeAll(async () => {
  stage = await createFactorStage()
  vi.stubEnv('DATABASE_URL', stage.plane.url)
  vi.stubEnv('GATEHOUSE_DATA_DIR', folder)
})
afterEach(() => vi.restoreAllMocks())
afterAll(async () => {
  vi.unstubAllEnvs()
  await stage?.close()
  rmSync(folder, { recursive: true, force: true })
})

const run = async (...words: readonly string[]) => {
  const printed: string[] = []
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0)
  try {
    const code = await rotateKeys(readCommandLine(['keys', 'rotate', ...words, '--json']), stage.now)
    return { code, told: JSON.parse(printed.join('')) as Record<string, unknown>, out: printed.join('') }
  } catch (error) {
    if (!isStop(error)) throw error
    return { code: error.exitCode, told: {}, out: error.lines.join('\n') }
  }
}

const good = <T>(checked: { ok: true; value: T } | { ok: false }): T => {
  if (!checked.ok) throw new Error('no keyring')
  return checked.value
}
const readTable = (table: 'factor' | 'admin_factor_pending') =>
  stage.plane.store.read((rows) => rows.selectFrom(table).select(['key_id', 'sealed']).execute())
const events = () =>
  stage.plane.store.read((rows) =>
    rows
      .selectFrom('security_event')
      .select('body')
      .where('action', 'like', 'keys.%')
      .orderBy('seq')
      .execute(),
  )

test('without keys on this host nothing is made up', async () => {
  expect((await run()).code).toBe(78)
  expect(() => statSync(file)).toThrow()
})

test('in a file: a new key seals everything while a running plane verifies, and the old one goes when it may', async () => {
  const parts = { ...stage.parts, keyring: good(openFactorKeyring(null, file)) }
  const before = readFileSync(file, 'utf8')
  const people = []
  for (const name of ['ada', 'ben', 'cy', 'dora', 'eve']) {
    const session = await stage.signIn(name)
    const { key: secret, codes } = await stage.enrol(await stage.visit(session), parts)
    people.push({ session, secret, codes })
  }
  const [first] = people
  if (first === undefined) throw new Error('nobody')
  const half = await stage.visit(await stage.signIn('fay'))
  const begun = await beginTotp(parts, half, stage.now())
  await stage.plane.store.read((rows) =>
    rows
      .insertInto('admin_account')
      .values({
        ...{ id: 'adm_own', login: 'own', name: 'Own', password_hash: null, every_practice: true },
        ...{ suspended: false, created_at: stage.now(), password_changed_at: stage.now() },
      })
      .execute(),
  )
  await beginOwnTotp(parts, { id: 'adm_own', login: 'own' }, stage.now())
  expect(new Set((await readTable('factor')).map(({ key_id }) => key_id))).toEqual(new Set(['k1']))

  const at = stage.now()
  const verifying = people.map(async ({ session, secret }): Promise<CodeOutcome> => {
    const visit = await stage.visit(session)
    return verifyCode(parts, visit, codeAt(secret, at), at, home)
  })
  const [rotated, ...outcomes] = await Promise.all([run(), ...verifying])
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(people.map(() => 'verified'))
  expect([0, 75]).toContain(rotated.code)
  const again = await run()
  expect(again).toMatchObject({ code: 0, told: { current: 'k2', unreadable: 0 } })
  for (const table of ['factor', 'admin_factor_pending'] as const)
    expect(new Set((await readTable(table)).map(({ key_id }) => key_id))).toEqual(new Set(['k2']))
  expect(await beginTotp(parts, half, at)).toEqual(begun)
  expect(parts.keyring.currentId).toBe('k2')
  expect(statSync(file).mode & 0o777).toBe(0o600)

  expect(await run()).toMatchObject({ code: 0, told: { resealed: 0 } })
  expect(await run('--drop-old')).toMatchObject({ code: 77, told: { left: { k1: { recoveryCodes: 50 } } } })
  const visit = await stage.visit(first.session)
  expect(await verifyCode(parts, visit, first.codes[0] ?? '', at, home)).toMatchObject({
    outcome: 'verified',
  })
  expect(await run('--drop-old', '--void-codes')).toMatchObject({
    ...{ code: 0, told: { dropped: ['k1'], recoveryCodesVoided: 49 } },
  })
  stage.plane.clock.advance(60_000)
  const later = stage.now()
  expect(await verifyCode(parts, visit, codeAt(first.secret, later), later, home)).toMatchObject({
    outcome: 'verified',
  })
  expect(await verifyCode(parts, visit, first.codes[1] ?? '', later, home)).toMatchObject({
    outcome: 'wrong',
  })

  const bodies = JSON.stringify(await events())
  expect(bodies).toContain('keys.rotated')
  expect(bodies).toContain('keys.dropped')
  const [old = ''] = before.trim().split('\n')
  for (const text of [bodies, rotated.out, again.out, readFileSync(file, 'utf8')])
    expect(text).not.toContain(old.split(':')[1])
})

test('configured keys: weak ones are refused, the first seals, and what no key opens stays as it is', async () => {
  const mine = key('a1')
  for (const wrong of ['a1:short', `a1:${'A'.repeat(43)}`]) {
    vi.stubEnv('GATEHOUSE_TWO_FACTOR_KEYS', wrong)
    const refused = await run()
    expect(refused.code).toBe(78)
    expect(refused.out).not.toContain(wrong)
  }
  const before = await readTable('factor')
  vi.stubEnv('GATEHOUSE_TWO_FACTOR_KEYS', mine)
  expect(await run()).toMatchObject({ code: 1, told: { ok: false, resealed: 0 } })
  expect(await readTable('factor')).toEqual(before)
  vi.stubEnv('GATEHOUSE_TWO_FACTOR_KEYS', `${mine},${readFileSync(file, 'utf8').trim()}`)
  expect(await run()).toMatchObject({ code: 0, told: { current: 'a1', unreadable: 0 } })
  expect(await run('--drop-old')).toMatchObject({ code: 0, told: { dropped: ['k2'] } })
})

test('a copy of the database is of no use without the keys, and a run that was stopped goes on', async () => {
  const strangers = good(openFactorKeyring(key('a1'), file))
  const deed = stage.plane.deed()
  const lost = await rotateSecrets(stage.plane.store, good(openFactorKeyring(key('b1'), file)), deed)
  expect(lost).toMatchObject({ resealed: 0, unreadable: 7 })
  for (const { sealed } of await readTable('factor'))
    expect(() => strangers.open('a1', sealed ?? '', 'anything')).toThrow()
})
