/**
 * Goal: a preset does what its name says, tells it readably, and can be taken back exactly (SPEC §10).
 * Method: properties over small documents; the sentences of the commonest ones by example.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compile } from '../../policies/compile.ts'
import { describeChanges, undoChanges } from '../../policies/document-changes.ts'
import { entry, hours, practice, workdays } from '../../policies/examples/story.ts'
import { applyPreset, presets } from '../../policies/presets.ts'
import { base, documents } from '../support/policy-cases.ts'

const applied = (document: Parameters<typeof applyPreset>[0], id: Parameters<typeof applyPreset>[1]) => {
  const result = applyPreset(document, id)
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result.value
}
const oak = practice({ id: 'oak', name: 'Oak Dental', zone: 'America/Denver' }, (document) => {
  document.controls.permission.mode = 'off'
})

describe('a preset', () => {
  it('is idempotent, touches no list, and is undone to the very text', () => {
    let undone = 0
    fc.assert(
      fc.property(documents, fc.constantFrom(...presets), (document, { id }) => {
        const result = applyPreset(document, id)
        if (!result.ok) return
        const { document: made, changes, sentences } = result.value
        expect(applied(made, id)).toEqual({ document: made, sentences: [], changes: [] })
        for (const list of ['ipEntries', 'timeWindows', 'exceptions', 'roles'] as const) {
          expect(made[list]).toBe(document[list])
        }
        const effective = changes.filter(({ path }) => path[0] !== 'presets')
        expect(sentences.length).toBe(effective.length)
        expect(made.presets).toEqual(effective.length > 0 ? { [id]: true } : {})
        expect(JSON.stringify(undoChanges(made, changes))).toBe(JSON.stringify(document))
        if (changes.length > 0) undone += 1
      }),
      { numRuns: 200, seed: 2 },
    )
    expect(undone).toBeGreaterThan(100)
  })

  it('keeps exemptions, which are decisions about people', () => {
    const ready = structuredClone(oak)
    ready.ipEntries.push(entry('Office', '203.0.113.0/24'))
    ready.timeWindows.push(hours(workdays, '08:00', '17:00'))
    for (const control of ['ip', 'time', 'twoFactor'] as const) {
      ready.controls[control].scope.exempt.users.push(`spared-${control}`)
    }
    const { ip, time, twoFactor } = applied(ready, 'strict').document.controls
    expect([ip, time, twoFactor].map(({ scope }) => scope.exempt.users)).toEqual([
      ['spared-ip'],
      ['spared-time'],
      ['spared-twoFactor'],
    ])
  })

  it('is written down until it is taken back, whatever others were applied since', () => {
    const ready = { ...oak, ipEntries: [entry('Office', '203.0.113.0/24')] }
    const office = applied(ready, 'office-only')
    const both = applied(office.document, 'two-factor-everyone')
    expect(both.document.presets).toEqual({ 'office-only': true, 'two-factor-everyone': true })
    expect(undoChanges(both.document, office.changes)?.presets).toEqual({ 'two-factor-everyone': true })
    expect(compile({ ...both.document, presets: { unheard: true } }, base).ok).toBe(false)
  })

  it('leaves documents alone that were stored before presets were written down', () => {
    const { presets: _, ...stored } = oak
    const read = compile(stored, base)
    expect(read.ok && read.value.document).toEqual({ ...oak, presets: {} })
    const { document, changes } = applied(stored as typeof oak, 'two-factor-everyone')
    expect(document.presets).toEqual({ 'two-factor-everyone': true })
    expect(JSON.stringify(undoChanges(document, changes))).toBe(JSON.stringify(stored))
  })

  it('is not undone over what somebody has changed since', () => {
    const { document, changes } = applied(
      { ...oak, ipEntries: [entry('Office', '203.0.113.0/24')] },
      'office-only',
    )
    const since = structuredClone(document)
    since.controls.ip.mode = 'monitor'
    expect(undoChanges(since, changes)).toBeNull()
    const unrelated = structuredClone(document)
    unrelated.sessions.idleMs = 3_600_000
    expect(undoChanges(unrelated, changes)).toMatchObject({
      controls: { ip: { mode: 'off' } },
      sessions: { idleMs: 3_600_000 },
    })
  })

  it.each([
    ['office-only', 'ipEntries', 'List the office network first'],
    ['office-hours', 'timeWindows', 'Add the office hours first'],
    ['strict', 'ipEntries', 'List the office network first'],
    ['remote-friendly', 'ipEntries', 'List the office network first'],
  ] as const)('%s says what has to be done first', (id, path, sentence) => {
    const result = applyPreset(oak, id)
    expect(result.ok ? [] : result.problems.map((problem) => problem.path)).toContain(path)
    expect(JSON.stringify(result)).toContain(sentence)
  })

  it('reads as people speak', () => {
    const ready = {
      ...oak,
      ipEntries: [entry('Office', '203.0.113.0/24')],
      timeWindows: [hours(workdays, '08:00', '17:00')],
    }
    expect(applied(ready, 'office-only').sentences).toEqual(['IP restrictions: off → enforce'])
    expect(applied(ready, 'two-factor-admins').sentences).toEqual([
      'Two-factor: off → enforce',
      'Two-factor concerns: everyone → owner, office-manager',
    ])
    expect(applied(ready, 'strict').sentences).toEqual([
      'IP restrictions: off → enforce',
      'Time windows: off → enforce',
      'Two-factor: off → enforce',
      'Route permissions: off → enforce',
    ])
    for (const { id } of presets) expect(compile(applied(ready, id).document, base).ok).toBe(true)
  })
})

describe('differences of documents', () => {
  it('name entries, windows, roles and permissions', () => {
    const next = structuredClone(oak)
    next.ipEntries.push(entry('Office', '203.0.113.0/24'))
    next.timeWindows.push(hours(workdays, '08:00', '17:00', { audience: { role: 'dentist' } }))
    next.roles[4]!.permissions = next.roles[4]!.permissions.filter((id) => id !== 'see-schedule-page').concat(
      'manage-refunds',
    )
    next.sessions.idleMs = 45 * 60_000
    next.controls.twoFactor.scope.exempt.users.push('riley')
    expect(describeChanges(oak, next)).toEqual([
      'Two-factor concerns: everyone → everyone except riley',
      'Sessions end without traffic after: 12 h → 45 min',
      'Entry added: Office (203.0.113.0/24) for everyone',
      'Window added: mon tue wed thu fri 08:00–17:00 for role dentist',
      'Hygienist gains “Manage refunds”',
      'Hygienist loses “See schedule page”',
    ])
    expect(describeChanges(next, oak)).toContain('Entry removed: Office (203.0.113.0/24) for everyone')
    expect(describeChanges(oak, oak)).toEqual([])
  })
})
