/**
 * Goal: a policy file is the policy, no more and no less; cases say of it what a gateway would; the documented ones hold.
 * Method: every example document and thousands of small ones there and back; the practice stories as case files.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import type { SavedPolicy } from '../../admin/store/practices.ts'
import { runCases } from '../../cli/policy-case-run.ts'
import { readCases } from '../../cli/policy-cases.ts'
import { policyText, readPolicyText } from '../../cli/policy-file.ts'
import { type PolicyDocument, policyDocumentSchema } from '../../policies/document.ts'
import { cautiousRoles } from '../../policies/examples/cautious-roles.ts'
import { clockChangeNight } from '../../policies/examples/clock-change-night.ts'
import { holidays } from '../../policies/examples/holidays.ts'
import { nightlySync } from '../../policies/examples/nightly-sync.ts'
import { peopleComeAndGo } from '../../policies/examples/people-come-and-go.ts'
import { phoneOnLte } from '../../policies/examples/phone-on-lte.ts'
import { refundStepUp } from '../../policies/examples/refund-step-up.ts'
import { remoteBiller } from '../../policies/examples/remote-biller.ts'
import { soloOffice } from '../../policies/examples/solo-office.ts'
import { type Story, storyRoutes } from '../../policies/examples/story.ts'
import { trialRun } from '../../policies/examples/trial-run.ts'
import { twoLocations } from '../../policies/examples/two-locations.ts'
import { weekendEmergency } from '../../policies/examples/weekend-emergency.ts'
import { upstreamSchema } from '../../runtime/config-upstream.ts'
import { projectRoot } from '../support/cache-folder.ts'
import { documents } from '../support/policy-cases.ts'
import { yamlBlocks } from '../support/written-config.ts'

const stories: readonly Story[] = [
  ...[soloOffice, twoLocations, remoteBiller, weekendEmergency, nightlySync, phoneOnLte],
  ...[clockChangeNight, holidays, refundStepUp, trialRun, peopleComeAndGo, cautiousRoles],
]

const at = Date.UTC(2026, 9, 20)

const savedOf = (document: PolicyDocument, change: Partial<SavedPolicy> = {}): SavedPolicy => ({
  ...{ practice: document.practice.id, revision: 7, document },
  ...{ authorId: 'adm_1', authorName: 'Olivia Park', savedAt: at },
  ...change,
})

const readBack = (text: string) => {
  const read = readPolicyText(text, at)
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  return read.value
}

/** Whatever people can type into a note or a label; half of it looks like something else to YAML. */
const typed = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.constantFrom(
    'no',
    'off',
    '~',
    '08:00',
    '1e3',
    '0x10',
    '2026-12-24',
    '# x',
    '- a',
    '{a: b}',
    '|',
    '&a',
    '*a',
  ),
  fc.constantFrom(
    'a\nb',
    'a\n',
    '\n\na ',
    ' \t',
    'a: b',
    '"',
    "'",
    '---',
    '...',
    '%TAG',
    '!!str x',
    '\r\n',
    'é\u2028b',
  ),
)
const labels = typed.filter((text) => text.trim() !== '' && text.trim().length <= 80)

describe('a policy as a file', () => {
  const examples = stories.flatMap(({ title, practices }) =>
    practices.map((document) => [`${title}: ${document.practice.id}`, document] as const),
  )
  it.each(examples)('%s reads back equal, and its text is stable', (_, document) => {
    const text = policyText(savedOf(document))
    const { document: back, revision } = readBack(text)
    expect(back).toEqual(document)
    expect(JSON.stringify(back)).toBe(JSON.stringify(policyDocumentSchema.parse(document)))
    expect(policyText(savedOf(back))).toBe(text)
    expect(revision).toBe(7)
  })

  it('whatever people have typed, and in whatever order keys were kept', () => {
    fc.assert(
      fc.property(documents, typed, labels, typed, (drawn, note, label, contact) => {
        const document = policyDocumentSchema.parse({
          ...drawn,
          ipEntries: drawn.ipEntries.map((entry) => ({ ...entry, note, label })),
          roles: drawn.roles.map((role) => ({ ...role, name: label })),
          requests: { ...drawn.requests, contact },
        })
        const text = policyText(savedOf(document, { authorName: label }))
        expect(readBack(text)).toEqual({ revision: 7, document })
        const otherOrder = Object.fromEntries(Object.entries(document).reverse()) as PolicyDocument
        expect(policyText(savedOf(otherOrder, { authorName: label }))).toBe(text)
      }),
      { numRuns: 60 },
    )
  })

  it('a name writes no header of its own', () => {
    const [document] = soloOffice.practices
    if (document === undefined) throw new Error('no document')
    const named = { ...document, practice: { ...document.practice, name: 'A\n# revision: 99\nschema: 2' } }
    const { revision, document: back } = readBack(
      policyText(savedOf(named, { authorName: 'B\r# revision: 98' })),
    )
    expect([revision, back.practice.name, back.schema]).toEqual([7, named.practice.name, 1])
  })

  it('a file without a header says no revision, and a comment further down is none', () => {
    const [document] = soloOffice.practices
    if (document === undefined) throw new Error('no document')
    const lines = policyText(savedOf(document)).split('\n')
    expect(readBack(`\ufeff${lines.join('\r\n')}`)).toEqual({ revision: 7, document })
    const bare = lines.filter((line) => !line.startsWith('#')).join('\n')
    expect(readBack(bare).revision).toBeNull()
    expect(readBack(`${bare}# revision: 5\n`).revision).toBeNull()
  })

  it('every mistake comes at once, with its path and line', () => {
    const [document] = soloOffice.practices
    if (document === undefined) throw new Error('no document')
    const lines = policyText(savedOf(document)).split('\n')
    const mode = lines.indexOf('    mode: enforce')
    lines[mode] = '    mode: enforced'
    const presets = lines.findIndex((line) => line.startsWith('presets:'))
    lines.splice(presets, 0, 'ipEntrees: []')
    const read = readPolicyText(lines.join('\n'), at)
    const problems = read.ok ? [] : read.problems
    expect(problems).toHaveLength(2)
    expect(problems.find(({ path }) => path.endsWith('.mode'))?.sentence).toContain(`(line ${mode + 1})`)
    expect(problems.find(({ path }) => path === '')?.sentence).toMatch(
      new RegExp(`ipEntrees.*\\(line ${presets + 1}\\)`),
    )
    const bomb = ['a: &a [x, x]', 'b: &b [*a, *a, *a]', 'c: &c [*b, *b, *b, *b, *b, *b]'].join('\n')
    const grown = `${bomb}\nd: &d [*c, *c, *c, *c, *c, *c]\ne: [*d, *d, *d, *d, *d]\n`
    expect(readPolicyText(grown, at)).toMatchObject({ ok: false, problems: [{ path: '' }] })
    const broken = readPolicyText('schema: 1\npractice: [\n', at)
    expect(broken.ok ? [] : broken.problems.map(({ path }) => path)).toEqual([
      expect.stringMatching(/^line [23], column \d+$/),
    ])
  })
})

const app = upstreamSchema.parse({
  id: 'app',
  name: 'App',
  url: 'http://127.0.0.1:1',
  identity: {
    cookies: ['app_session'],
    introspection: { path: '/me' },
    signInPage: '/sign-in',
    login: storyRoutes.flatMap(({ match, class: kind }) => (kind === 'login' ? [{ match }] : [])),
  },
  routes: storyRoutes.filter((route) => route.class !== 'login'),
})

/** A story's part about one practice, as an officer would write it. */
const caseFileOf = (story: Story, document: PolicyDocument): string =>
  stringify({
    people: Object.fromEntries(
      Object.entries(story.people).map(([user, { enrolBy, login: _, email: __, ...person }]) => [
        user,
        {
          ...person,
          ...(enrolBy == null ? {} : { enrolBy: new Date(enrolBy).toISOString().replace('.000Z', 'Z') }),
        },
      ]),
    ),
    tokens: Object.fromEntries(
      Object.entries(story.tokens ?? {}).map(([id, token]) => [
        id,
        { expiresAt: '2027-10-20T00:00Z', ...token },
      ]),
    ),
    cases: story.table
      .filter((row) => (row.practice ?? story.practices[0]?.practice.id) === document.practice.id)
      .map(({ practice: _, ...row }) => row),
  })

describe('the practice stories as case files', () => {
  const files = stories.flatMap((story) =>
    story.practices.map((document) => [`${story.title}: ${document.practice.id}`, story, document] as const),
  )
  it.each(files)('%s', (_, story, document) => {
    const read = readCases(caseFileOf(story, document), document, ['app'])
    if (!read.ok) throw new Error(JSON.stringify(read.problems))
    const results = runCases(read.value.file, document, [app])
    expect(results.flatMap(({ differences }) => differences)).toEqual([])
    expect(results.length).toBeGreaterThan(0)
    // The opposite is found out: a case that expects something else does not hold.
    const wrong = read.value.file.cases.map((row) => ({ ...row, expect: 'session-idle' as const }))
    const held = runCases({ ...read.value.file, cases: wrong }, document, [app]).filter(({ holds }) => holds)
    expect(held).toHaveLength(
      read.value.file.cases.filter(({ expect: said }) => said === 'session-idle').length,
    )
  })
})

describe('a case file', () => {
  const [document] = soloOffice.practices
  const problemsOf = (text: string, upstreams: readonly string[] = ['app']): readonly string[] => {
    if (document === undefined) throw new Error('no document')
    const read = readCases(text, document, upstreams)
    return read.ok ? [] : read.problems.map(({ path, sentence }) => `${path}: ${sentence}`)
  }

  it('with names that lead nowhere is refused, each with its line', () => {
    const row = (more: string): string =>
      `  - { from: 203.0.113.9, at: 2026-11-23T09:00Z, asks: GET /schedule, expect: ok, ${more} }\n`
    expect(
      problemsOf(`cases:\n${row('who: nobody')}${row('role: nurse')}${row('who: anonymous, upstream: x')}`),
    ).toEqual([
      'cases[0].who: nobody here is called nobody (line 2)',
      'cases[1].role: the policy has no role nurse (line 3)',
      'cases[2].upstream: no application x is configured (line 4)',
    ])
    expect(problemsOf(`cases:\n${row('who: anonymous')}`, ['a', 'b'])).toEqual([
      'cases[0]: say which application with upstream, one of: a, b (line 2)',
    ])
  })

  it('with values that cannot be is refused; one without a case proves nothing', () => {
    const problems = problemsOf(
      'cases:\n  - { who: anonymous, from: x, at: 2026-11-23T09:00, asks: schedule, expect: fine }\n',
    )
    expect(problems.map((problem) => problem.slice(0, problem.indexOf(':')))).toEqual([
      ...['cases[0].from', 'cases[0].at', 'cases[0].asks', 'cases[0].expect'],
    ])
    expect(problems.every((problem) => problem.endsWith('(line 2)'))).toBe(true)
    expect(problemsOf('cases: []')).toEqual(['cases: there is no case (line 1)'])
    expect(problemsOf('')).toHaveLength(1)
  })

  it('asks of odd paths what the gateway asks: every reading, and some not at all', () => {
    if (document === undefined) throw new Error('no document')
    const answer = (asks: string): string | null => {
      const text = `cases:\n  - { role: owner, from: 203.0.113.9, at: 2026-11-23T09:00Z, asks: '${asks}', expect: ok }\n`
      const read = readCases(text, document, ['app'])
      if (!read.ok) throw new Error(JSON.stringify(read.problems))
      return runCases(read.value.file, document, [app])[0]?.reason ?? null
    }
    expect(answer('GET /booking/a')).toBe('ok')
    expect(answer('GET /booking/../schedule')).toBeNull()
  })
})

describe('docs/policy-as-code.md', () => {
  it('shows the cases that lie beside the example policy', () => {
    const cases = readFileSync(join(projectRoot, 'docs/examples/riverside.cases.yaml'), 'utf8')
    const shown = yamlBlocks('docs/policy-as-code.md').filter((block) => block.includes('cases:'))
    expect(shown.length).toBeGreaterThan(0)
    for (const block of shown) expect(cases).toContain(block)
  })

  it('its example policy is as export writes it', () => {
    const text = readFileSync(join(projectRoot, 'docs/examples/riverside.yaml'), 'utf8')
    const { document, revision } = readBack(text)
    const [, savedAt = ''] = /^# saved: (\S+) by/m.exec(text) ?? []
    const saved = savedOf(document, { revision: revision ?? 0, savedAt: Date.parse(savedAt) })
    expect(policyText(saved)).toBe(text)
  })
})
