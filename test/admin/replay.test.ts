/**
 * Goal: behind a code stand all failing controls, the smallest change, and whether it would pass now; what cannot be
 * replayed, or does not agree with its record, is said. Method: rows of every kind on a real database, two practices.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Reader, type Replay, replayRefusal } from '../../admin/replay.ts'
import { replayLines } from '../../admin/replay-text.ts'
import { insertRevision } from '../../admin/store/practices.ts'
import type { PolicyDocument } from '../../policies/document.ts'
import { entry, hours, workdays } from '../../policies/examples/story.ts'
import { newDocument } from '../../policies/standard-roles.ts'
import type { RecordedQuestion } from '../../runtime/records.ts'
import { type Browser, createStage, type Stage } from './api/admin-stage.ts'

/** Friday evening in Chicago. */
const evening = Date.parse('2026-11-27T20:00-06:00')
/** The Monday after, within hours. */
const monday = Date.parse('2026-11-30T09:00-06:00')

let stage: Stage
let root: Browser

const documentOf = (practice: string, change: (document: PolicyDocument) => void): PolicyDocument => {
  const name = practice === 'lakeside' ? 'Lakeside Dental' : 'Hilltop Dental'
  const document = newDocument({ id: practice, name, zone: 'America/Chicago' }, 'standard')
  change(document)
  return document
}

const strict = (document: PolicyDocument): void => {
  document.controls.ip.mode = 'enforce'
  document.controls.time.mode = 'enforce'
  // Whoever looks at refusals in the evening is at work themselves.
  document.controls.time.scope.exempt.users = ['adm_root']
  document.controls.permission.mode = 'monitor'
  document.ipEntries = [entry('Office', '203.0.113.0/24')]
  document.timeWindows = [hours(workdays, '08:00', '17:00')]
}

const save = (practice: string, revision: number, document: PolicyDocument) =>
  stage.store.transaction((tx) =>
    insertRevision(tx, {
      ...{ practice, revision, document },
      ...{ authorId: 'adm_root', authorName: 'The root', savedAt: evening - 86_400_000 },
    }),
  )

const session: NonNullable<RecordedQuestion['session']> = {
  startedAt: evening - 60_000,
  lastSeenAt: evening - 1_000,
  held: false,
  ended: false,
  factor: null,
  boundTo: '198.51.100.7/32',
}
const inPractice = (practice: string, revision: number): RecordedQuestion['practices'][number] => ({
  practice,
  policy: { revision, compiledAt: evening - 3_600_000, tzdata: process.versions.tz ?? '' },
  epoch: 0,
  deviceTrustedUntil: null,
  member: { roles: ['front-desk'], suspended: false, epoch: 0, factors: [], enrolBy: null, grants: [] },
})
const asked = (change: Partial<RecordedQuestion> = {}): RecordedQuestion => ({
  at: evening,
  picking: false,
  resolved: true,
  routes: [
    {
      id: 'demo POST /payments/refunds',
      class: 'staff',
      stepUp: null,
      permissions: { all: ['manage-refunds'] },
      mapped: true,
      unmapped: null,
      paths: 'lenient',
    },
  ],
  session,
  practices: [inPractice('lakeside', 2)],
  ...change,
})

type Row = {
  readonly practice?: string | null
  readonly user?: string | null
  readonly reason?: string
  readonly failing?: string[]
}
const refused = (code: string, question: RecordedQuestion | null, row: Row = {}) =>
  stage.store.read((rows) =>
    rows
      .insertInto('decision_log')
      .values({
        code,
        monitored: false,
        ...{ at: evening, last_at: evening, minute: Math.floor(evening / 60_000), gateway: 'gateway-1' },
        practice: row.practice === undefined ? 'lakeside' : row.practice,
        user_id: row.user === undefined ? 'usr_fred' : row.user,
        ...{ session: 'ses_gone', address: '198.51.100.7', upstream: 'demo', method: 'POST' },
        ...{ route: 'demo POST /payments/refunds', verdict: 'deny', control: 'ip', revision: 2 },
        reason: row.reason ?? 'address-not-allowed',
        failing: row.failing ?? ['address-not-allowed', 'outside-time-window'],
        asked: question === null ? null : JSON.stringify(question),
      })
      .execute(),
  )

const replay = async (code: string, at = evening + 60_000, reader: Reader = 'operator'): Promise<Replay> => {
  const found = await stage.store.read((rows) => replayRefusal(rows, code, at, reader))
  if (found === null) throw new Error(`nothing under ${code}`)
  return found
}

beforeAll(async () => {
  stage = await createStage()
  await save('lakeside', 2, documentOf('lakeside', strict))
  await save('hilltop', 2, documentOf('hilltop', strict))
  root = await stage.signIn('root')
})
afterAll(() => stage?.close())

describe('a refusal in two controls', () => {
  it('is told in plain English', async () => {
    await refused('GH-AAAA-0001', asked())
    expect(replayLines(await replay('GH-AAAA-0001'))).toEqual([
      'GH-AAAA-0001: refused, since the address is not on the allowlist.',
      '',
      'Who     Fred (usr_fred)',
      'From    198.51.100.7',
      'What    POST on the route “demo POST /payments/refunds”, through gateway-1',
      'When    Fri 27 Nov 2026, 20:00 (America/Chicago), 2026-11-28T02:00:00.000Z',
      'Policy  Lakeside Dental, revision 2 (saved by The root, Thu 26 Nov 2026, 20:00); still the current one',
      '',
      'What refused:',
      '  - IP allowlist: 198.51.100.7 is not in Office.',
      '  - Time windows: Fri 27 Nov 2026, 20:00 is outside the hours of Fred; hours begin again on Mon 30 Nov 2026, 08:00.',
      '  - Permissions (monitored only: it refused nothing): Fred lacks “Manage refunds”.',
      '',
      'The smallest change that would have allowed it, all of these together:',
      '  - by an admin: Approve 198.51.100.7/32 for Fred, or list it as an entry.',
      '  - by an admin: Let Fred stay for now, or wait until Mon 30 Nov 2026, 08:00.',
      '',
      'Replayed from the stored policy: the same answer as recorded (address-not-allowed).',
      'Now, Fri 27 Nov 2026, 20:01 (America/Chicago), under revision 2, the same request would still be refused:',
      '  - IP allowlist: 198.51.100.7 is not in Office.',
      '  - Time windows: Fri 27 Nov 2026, 20:01 is outside the hours of Fred; hours begin again on Mon 30 Nov 2026, 08:00.',
      '  - Permissions (monitored only: it refused nothing): Fred lacks “Manage refunds”.',
      'The smallest change that would allow it now, all of these together:',
      '  - by an admin: Approve 198.51.100.7/32 for Fred, or list it as an entry.',
      '  - by an admin: Let Fred stay for now, or wait until Mon 30 Nov 2026, 08:00.',
      'Repeats of the same refusal within a minute share this code; this is the first of them.',
    ])
  })

  it('comes to the same when the policy has moved on, and passes now', async () => {
    await refused('GH-AAAA-0002', asked())
    await save(
      'lakeside',
      3,
      documentOf('lakeside', (document) => {
        strict(document)
        document.ipEntries.push(entry('Branch', '198.51.100.0/24'))
      }),
    )
    const later = await replay('GH-AAAA-0002', monday)
    expect(later).toMatchObject({
      agreement: 'agrees',
      failing: [{ control: 'ip' }, { control: 'time' }, { control: 'permission', monitored: true }],
      policies: [{ revision: 2, newest: 3 }],
      now: { verdict: 'after-sign-in', policies: [{ practice: 'lakeside', revision: 3 }], cures: [] },
    })
    expect(replayLines(later).join('\n')).toContain('not the current one any more, which is 3')
    expect(await replay('GH-AAAA-0002', evening + 1)).toMatchObject({
      now: { verdict: 'refused', cures: [{ sentence: expect.stringContaining('stay for now') }] },
    })
  })

  it('comes with its replay in the API, for its practice alone, however the code is typed', async () => {
    await refused('GH-AAAA-0003', asked())
    const found = await root.ask('GET', '/api/practices/lakeside/decisions/gh-aaaa-ooo3')
    expect(found.status).toBe(200)
    expect(await found.json()).toMatchObject({
      code: 'GH-AAAA-0003',
      replay: {
        agreement: 'agrees',
        cures: [{ by: 'admin' }, { by: 'admin' }],
        lines: expect.arrayContaining(['From    198.51.100.7']),
      },
    })
    expect((await root.ask('GET', '/api/practices/hilltop/decisions/GH-AAAA-0003')).status).toBe(404)
  })
})

describe('a question to several practices', () => {
  const both = asked({
    resolved: false,
    practices: [inPractice('lakeside', 2), inPractice('hilltop', 2)],
  })

  it('names each practice to an operator, and to an admin only theirs', async () => {
    await refused('GH-BBBB-0001', both)
    const all = replayLines(await replay('GH-BBBB-0001')).join('\n')
    expect(all).toContain('IP allowlist at Lakeside Dental')
    expect(all).toContain('by an admin at Hilltop Dental')
    const own = await replay('GH-BBBB-0001', evening, { practice: 'lakeside' })
    expect(own).toMatchObject({ elsewhere: true, now: null, policies: [{ practice: 'lakeside' }] })
    expect(JSON.stringify([own, replayLines(own)])).not.toMatch(/hilltop/i)
  })

  it('where one suffices, asks for the least of either', async () => {
    const listed = (document: PolicyDocument): void => {
      strict(document)
      document.ipEntries.push(entry('Branch', '198.51.100.0/24'))
    }
    await save('hilltop', 3, documentOf('hilltop', listed))
    const practices = [inPractice('lakeside', 2), inPractice('hilltop', 3)]
    await refused('GH-BBBB-0002', asked({ picking: true, resolved: false, practices }), {
      reason: 'outside-time-window',
    })
    expect(await replay('GH-BBBB-0002')).toMatchObject({
      agreement: 'agrees',
      cures: [{ practice: 'hilltop', sentence: expect.stringContaining('stay for now') }],
    })
  })
})

describe('honesty', () => {
  it('a record of before there were questions is told as recorded', async () => {
    await refused('GH-CCCC-0001', null)
    const old = await replay('GH-CCCC-0001')
    expect(old).toMatchObject({
      agreement: 'unrecorded',
      failing: [{ control: 'ip' }, { control: 'time' }],
      cures: [],
      now: null,
    })
    expect(replayLines(old)[1]).toContain('cannot be replayed')
  })

  it('a question of a form that is not known counts as none', async () => {
    await refused('GH-CCCC-0002', { ...asked(), more: 1 } as unknown as RecordedQuestion)
    expect(await replay('GH-CCCC-0002')).toMatchObject({ agreement: 'unrecorded' })
  })

  it('an answer that differs from the record is said to, on the second line', async () => {
    await refused('GH-CCCC-0003', asked(), { reason: 'session-idle' })
    const differs = await replay('GH-CCCC-0003')
    expect(differs.agreement).toBe('differs')
    expect(replayLines(differs)[1]).toContain('does not agree with the record')
    expect(replayLines(differs).join('\n')).not.toContain('the same answer as recorded')
  })

  it('a revision that is gone, or that this build cannot compile, is named', async () => {
    await refused('GH-CCCC-0004', asked({ practices: [inPractice('lakeside', 77)] }))
    expect(await replay('GH-CCCC-0004')).toMatchObject({
      agreement: 'unavailable',
      note: expect.stringContaining('revision 77 of lakeside is not kept'),
    })
    const other = await replay('GH-CCCC-0004', evening, { practice: 'lakeside' })
    expect(other.note).toContain('cannot be had any more')
    await stage.store.read((rows) =>
      rows
        .insertInto('policy_revision')
        .values({
          ...{ practice: 'lakeside', revision: 50, document: '{"schema":1}' },
          ...{ author_id: 'x', author_name: 'X', saved_at: 0 },
        })
        .execute(),
    )
    await refused('GH-CCCC-0005', asked({ practices: [inPractice('lakeside', 50)] }))
    expect(await replay('GH-CCCC-0005')).toMatchObject({
      agreement: 'unavailable',
      note: expect.stringContaining('cannot compile revision 50'),
    })
  })

  it('a code given to somebody unknown is found in any practice; a person only where they belong', async () => {
    const nobody = asked({ session: null, routes: [], practices: [] })
    await refused('GH-DDDD-0001', nobody, { practice: null, user: null, reason: 'not-a-member', failing: [] })
    const nowhere = asked({ resolved: false, practices: [] })
    await refused('GH-DDDD-0002', nowhere, { practice: null, reason: 'not-a-member', failing: [] })
    expect(await replay('GH-DDDD-0001')).toMatchObject({
      agreement: 'no-policy',
      user: null,
      cures: [{ by: 'admin' }],
    })
    expect(await replay('GH-DDDD-0002')).toMatchObject({ agreement: 'no-policy', user: { name: 'Fred' } })
    for (const [practice, user] of [
      ['lakeside', { id: 'usr_fred', name: 'Fred' }],
      ['hilltop', null],
    ] as const) {
      const found = await root.ask('GET', `/api/practices/${practice}/decisions/GH-DDDD-0002`)
      expect(await found.json()).toMatchObject({ code: 'GH-DDDD-0002', user })
    }
  })

  it('nothing is kept under another code', async () => {
    expect(
      await stage.store.read((rows) => replayRefusal(rows, 'GH-0000-0000', evening, 'operator')),
    ).toBeNull()
  })
})
