/**
 * Goal: the record is exported, reported on, and checked, with a database and without, and each way to damage it is named.
 * Method: the commands themselves in this process, on a real database and on files that somebody altered.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { appendCheckpoints } from '../../admin/events/checkpoint-file.ts'
import { writeCheckpoints } from '../../admin/store/event-checkpoints.ts'
import { appendEvent } from '../../admin/store/events.ts'
import { exportAudit } from '../../cli/audit-export.ts'
import { reportAccess } from '../../cli/audit-report.ts'
import { verifyAudit } from '../../cli/audit-verify.ts'
import { readCommandLine } from '../../cli/command-line.ts'
import { isStop } from '../../cli/exit-codes.ts'
import { createPracticeStore, north, type PracticeStore, south } from '../admin/practice-store.ts'

let plane: PracticeStore
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-audit-'))
const at = (name: string): string => join(folder, name)
const checkpoints = at('checkpoints.ndjson')

beforeAll(async () => {
  plane = await createPracticeStore()
  vi.stubEnv('DATABASE_URL', plane.url)
  vi.stubEnv('GATEHOUSE_DATA_DIR', folder)
  writeFileSync(at('gatehouse.yaml'), '{}')
  await plane.signIn('ada')
  await plane.store.transaction((tx) =>
    appendEvent(tx, {
      ...plane.deed(),
      ...{ practice: north, action: 'policy.edited', target: null, before: null, after: { label: '=1+1' } },
      reason: '=cmd()',
    }),
  )
  await writeCheckpoints(plane.store, plane.signer, plane.clock.now())
  await appendCheckpoints(plane.store, checkpoints)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await plane?.close()
  rmSync(folder, { recursive: true, force: true })
})

type Ran = { readonly exitCode: number; readonly out: string; readonly said: string }

const audit = async (...words: readonly string[]): Promise<Ran> => {
  let out = ''
  const written = vi.spyOn(process.stdout, 'write').mockImplementation((chunk, ...more) => {
    out += String(chunk)
    for (const one of more) if (typeof one === 'function') one()
    return true
  })
  try {
    const line = readCommandLine(['audit', ...words, '--config', at('gatehouse.yaml')])
    const run = { verify: verifyAudit, export: exportAudit, report: reportAccess }[words[0] ?? '']
    if (run === undefined) throw new Error(`no command ${words[0]}`)
    return { exitCode: await run(line, plane.clock.now), out, said: '' }
  } catch (error) {
    if (isStop(error)) return { exitCode: error.exitCode, out, said: error.lines.join('\n') }
    throw error
  } finally {
    written.mockRestore()
  }
}

const exported = async (name: string): Promise<string[]> => {
  await audit('export', '--practice', north, '--out', at(name))
  return readFileSync(at(name), 'utf8').trim().split('\n')
}
const checkFile = async (lines: readonly string[]) => {
  writeFileSync(at('altered.ndjson'), `${lines.join('\n')}\n`)
  const key = plane.signer.publicKey
  return audit(
    ...['verify', '--events', at('altered.ndjson'), '--checkpoints', checkpoints, '--public-key', key],
  )
}

test('an export holds every event once, is an event itself, and cannot run in a spreadsheet', async () => {
  const lines = (await exported('events.ndjson')).map(
    (line) => JSON.parse(line) as { seq: number; action: string },
  )
  expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, nth) => nth + 1))
  expect(lines.at(-1)).toMatchObject({ action: 'events.exported', actor: { kind: 'cli' }, origin: 'cli' })
  const { exitCode, out } = await audit('export', '--practice', north, '--format', 'csv', '--type', 'policy')
  expect(exitCode).toBe(0)
  expect(out.trim().split('\r\n')).toHaveLength(2)
  expect(out).toContain(`"'=cmd()"`)
  const told = await audit('export', '--practice', north, '--out', at('told.ndjson'), '--json')
  const kept = readFileSync(at('told.ndjson'), 'utf8').trim().split('\n').length
  expect(JSON.parse(told.out)).toMatchObject({ practice: north, format: 'ndjson', events: kept, last: kept })
})

test('what is asked for wrongly is refused before anything is read', async () => {
  expect(() => readCommandLine(['audit', 'export'])).toThrow(/--practice/)
  for (const [words, sentence] of [
    [['--format', 'xml'], /ndjson or csv/],
    [['--from', 'yesterday'], /a date such as/],
    [['--json'], /--out FILE/],
  ] as const) {
    const ran = await audit('export', '--practice', north, ...words)
    expect([ran.exitCode, sentence.test(ran.said)]).toEqual([64, true])
  }
  expect(await audit('export', '--practice', 'nowhere')).toMatchObject({ exitCode: 1 })
  expect(await audit('report', '--practice', north, '--month', '2026-13')).toMatchObject({ exitCode: 64 })
})

test('a whole file is vouched for by checkpoints and the public key alone', async () => {
  const lines = await exported('whole.ndjson')
  const { exitCode, out } = await checkFile(lines)
  expect([exitCode, out]).toEqual([0, expect.stringMatching(/whole.*checkpoints vouch for all up to \d+/)])
})

test.each([
  [
    'altered',
    (lines: string[]) =>
      lines.with(
        1,
        (lines[1] ?? '').replace('Front Desk', 'Dentist').replace('"ui"', '"x"').replace('"auto"', '"x"'),
      ),
    /event 2 was altered/,
  ],
  ['deleted', (lines: string[]) => lines.toSpliced(1, 1), /event 2 is missing: it was deleted/],
  ['re-ordered', (lines: string[]) => [lines[0], lines[2], lines[1]].map(String), /event 2 is missing/],
  [
    'cut short',
    (lines: string[]) => lines.slice(0, 1),
    /a checkpoint kept elsewhere names event \d+: the file was cut short/,
  ],
  ['no event at all', (lines: string[]) => lines.with(1, 'rubbish'), /event 2 was altered: it is no event/],
] as const)('of an exported file it is said that it is %s', async (_what, damage, sentence) => {
  const { exitCode, out } = await checkFile(damage(await exported('damaged.ndjson')))
  expect([exitCode, out]).toEqual([1, expect.stringMatching(sentence)])
})

test('checkpoints of somebody else, and a file of something else, are not believed', async () => {
  const lines = await exported('foreign.ndjson')
  writeFileSync(at('altered.ndjson'), `${lines.join('\n')}\n`)
  const forged = readFileSync(checkpoints, 'utf8').replaceAll(/"at":(\d+)/g, '"at":1')
  writeFileSync(at('forged.ndjson'), forged)
  writeFileSync(at('rubbish.ndjson'), 'a\nb\n')
  const key = plane.signer.publicKey
  const events = ['verify', '--events', at('altered.ndjson'), '--public-key', key, '--checkpoints']
  expect((await audit(...events, at('forged.ndjson'))).out).toMatch(/not signed by us/)
  expect((await audit(...events, at('rubbish.ndjson'))).said).toMatch(/no file of checkpoints/)
  expect((await audit(...events, at('nothing.ndjson'))).exitCode).toBe(64)
  expect((await audit('verify', '--public-key', 'x')).exitCode).toBe(64)
})

test('the database is held against checkpoints kept elsewhere: a chain that is gone whole is named', async () => {
  const key = ['--public-key', plane.signer.publicKey, '--checkpoints', checkpoints, '--json']
  expect(JSON.parse((await audit('verify', ...key)).out)).toMatchObject({ ok: true })
  await plane.store.transaction(async (tx) => {
    const { sql } = await import('kysely')
    await sql`set local session_replication_role = replica`.execute(tx)
    for (const table of ['security_event', 'event_head', 'event_checkpoint'] as const)
      await tx.deleteFrom(table).where('practice', '=', south).execute()
  })
  expect((await audit('verify', '--public-key', plane.signer.publicKey)).exitCode).toBe(0)
  const found = await audit('verify', ...key)
  expect(found.exitCode).toBe(1)
  expect(found.out).toMatch(/"practice":"south","ok":false.*cut short/)
})

test('the access report counts a month of each person', async () => {
  const { exitCode, out } = await audit('report', '--practice', north, '--month', '2026-03')
  expect(exitCode).toBe(0)
  const [head, ...people] = out.trim().split('\r\n')
  expect(head).toContain('"person","id","sign-ins"')
  expect(people.find((line) => line.includes('"ADA"'))).toContain('"1","2026-03-02T10:00:00.000Z"')
  const none = await audit('report', '--practice', north, '--month', '2025-01', '--json')
  expect(JSON.parse(none.out)).toMatchObject({ people: [], zone: 'Europe/Berlin' })
})
