/**
 * Goal: every source file of the house keeps the rules that no linter knows, and the judge of that can be trusted.
 * Method: all files judged at once, every breach named; then bad samples, each of which must be found guilty.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { describe, expect, it } from 'vitest'
import { projectRoot } from '../support/cache-folder.ts'
import { type Finding, fileLinesMax, functionLinesMax, judgeFile, judgeName } from './house-rules.ts'

const rooms = ['policies', 'runtime', 'gateway', 'admin', 'cli', 'demo', 'test', 'bench', 'tools']
const sourceName = /\.(ts|tsx|mjs|cjs)$/

const filesOf = (room: string): readonly string[] => {
  try {
    return readdirSync(join(projectRoot, room), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && sourceName.test(entry.name))
      .map((entry) => relative(projectRoot, join(entry.parentPath, entry.name)).split(sep).join('/'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

const rootFiles = readdirSync(projectRoot).filter((name) => sourceName.test(name))
const files = [...rootFiles, ...rooms.flatMap(filesOf)].filter((path) => !path.includes('node_modules/'))

const words = ({ path, line, rule }: Finding): string => `${path}:${line} ${rule}`

const opening = '/**\n * What it is.\n * What it is not.\n */\n'
const rulesIn = (text: string, path = 'runtime/sample.ts'): readonly string[] =>
  judgeFile(path, opening + text).map((finding) => finding.rule)

describe('the house', () => {
  it('has files to judge', () => {
    expect(files.length).toBeGreaterThan(20)
  })

  it('keeps its rules', () => {
    const findings = files.flatMap((path) => judgeFile(path, readFileSync(join(projectRoot, path), 'utf8')))
    expect(findings.map(words)).toEqual([])
  })
})

describe('the judge', () => {
  it('lets a good file pass', () => {
    const good = `import { a } from './a.ts'\n\n/** The answer. */\nexport const answer = (): number => a\n`
    expect(rulesIn(good)).toEqual([])
    expect(
      judgeFile(
        'tools/sample.mjs',
        '#!/usr/bin/env node\n// What.\n// What not.\n// Invariant.\nconst a = 1\n',
      ),
    ).toEqual([])
  })

  it('wants an opening comment of a fair length', () => {
    expect(judgeFile('runtime/a.ts', 'const a = 1\n')).toHaveLength(1)
    expect(judgeFile('runtime/a.ts', '// Short.\n\nconst a = 1\n')).toHaveLength(1)
    expect(judgeFile('runtime/a.ts', `/**\n${' * long\n'.repeat(20)} */\nconst a = 1\n`)).toHaveLength(1)
    expect(judgeFile('runtime/a.ts', '\nconst a = 1 // first\n// second\n// third\n')).toHaveLength(1)
  })

  it('wants a docstring on every export, its own and directly above', () => {
    for (const code of ['const a = 1', 'function a() {}', 'type A = 1', 'async function a() {}']) {
      expect(rulesIn(`\nexport ${code}\n`)).toEqual(['an export without a docstring directly above it'])
      expect(rulesIn(`\n// not a docstring\nexport ${code}\n`)).toHaveLength(1)
      expect(rulesIn(`\n/** Too far. */\n\nexport ${code}\n`)).toHaveLength(1)
      expect(rulesIn(`export ${code}\n`), 'the opening is not the docstring').toHaveLength(1)
      expect(rulesIn(`\n/** The answer. */\nexport ${code}\n`)).toEqual([])
    }
  })

  it('finds sentences in page modules and words of failures in the gateway, and nothing like them elsewhere', () => {
    const found = 'a sentence of a page’s own: it belongs in runtime/pages/texts-….ts'
    const pages = [
      'const a = html`<p>You can leave this page open now.</p>`',
      "const a = 'Nobody has more than ten of these.'",
    ]
    for (const code of pages) {
      for (const path of ['runtime/pages/a.ts', 'admin/portal/a.ts'])
        expect(rulesIn(`${code}\n`, path)).toEqual([found])
      for (const path of ['runtime/pages/texts-a.ts', 'runtime/a.ts', 'admin/a.ts'])
        expect(rulesIn(`${code}\n`, path)).toEqual([])
    }
    for (const code of [
      "log.warn({}, 'a message could not be sent to them')",
      "throw new Error('a page that nobody has ever asked for')",
      'const a = html`<p class="hint" id="code-hint"></p> <label for="code">Sign in as someone else</label>`',
    ])
      expect(rulesIn(`${code}\n`, 'admin/portal/a.ts')).toEqual([])
    const labelled = 'a label of a page’s own: it belongs in runtime/pages/texts-labels.ts'
    for (const code of [
      'const a = html`<b>Go on</b>`',
      "const a = 'Go on'",
      `const a = html\`<dt>${'$'}{b}Until</dt>\``,
    ])
      expect(rulesIn(`${code}\n`, 'admin/portal/a-page.ts'), code).toEqual([labelled])
    for (const code of [
      `const a = html\`<b class="x">${'$'}{b}</b>\``,
      'const a = html` class="first"`',
      "const a = 'go'",
    ])
      expect(rulesIn(`${code}\n`, 'runtime/pages/a-part.ts'), code).toEqual([])
    const failure = "const a = { title: 'Not now', sentence: `Not now, please.`, name: 'No words' }\n"
    expect(rulesIn(failure, 'gateway/a.ts')).toHaveLength(2)
    expect(rulesIn(failure)).toEqual([])
    const said = `const a = \`At most ${'$'}{1} are taken.\`\nconst b = 'No requests are taken here.'\n`
    for (const path of [
      'admin/requests/access-requests.ts',
      'admin/own-sign-in/a.ts',
      'admin/two-factor/a.ts',
    ])
      expect(rulesIn(said, path), path).toHaveLength(2)
    expect(rulesIn(said, 'admin/own-sign-in/a-mails.ts')).toEqual([])
  })

  it('measures files and functions', () => {
    const body = (lines: number) => `const f = () => {\n${'  f()\n'.repeat(lines - 2)}}\n`
    expect(rulesIn(body(functionLinesMax))).toEqual([])
    expect(rulesIn(body(functionLinesMax + 1))).toEqual([
      `a function of 71 lines: at most ${functionLinesMax}`,
    ])
    expect(
      rulesIn(body(100).replace('const f = () =>', 'describe("x", () =>').replace(/\}\n$/, '})\n')),
    ).toEqual([])
    expect(rulesIn('f()\n'.repeat(fileLinesMax - 4))).toEqual([])
    expect(rulesIn('f()\n'.repeat(fileLinesMax - 3))).toEqual([
      `a file of 401 lines: at most ${fileLinesMax}`,
    ])
  })

  it('finds stars, muted tests and postponed work, in code and comments only', () => {
    expect(rulesIn(`export * from './a.ts'\n`)).toHaveLength(1)
    expect(rulesIn(`export * as a from './a.ts'\n`)).toHaveLength(1)
    const muted = [
      'it.skip("a")',
      'describe.only("a")',
      'it.each([1]).skip("a")',
      'test.concurrent.only("a")',
      'it.todo("a")',
    ]
    for (const code of muted) expect(rulesIn(code, 'test/a.test.ts'), code).toHaveLength(1)
    expect(rulesIn('stream.skip(3); const a = "it.skip"', 'test/a.test.ts')).toEqual([])
    const word = ['TO', 'DO'].join('')
    expect(rulesIn(`// ${word}: later\nf()\n`)).toHaveLength(1)
    expect(rulesIn(`f(1 /* ${word} */)\n`)).toHaveLength(1)
    expect(rulesIn(`f('${word}')\n`)).toEqual([])
  })

  it('keeps clocks and chance out of policies, and only there', () => {
    const impure = [
      'const a = Date.now()',
      'const a = new Date()',
      'const a = new Date(instant)',
      'const a = Math.random()',
      'const a = DateTime.now()',
      'const a = DateTime.local()',
      'const a = DateTime.utc()',
      'const clock = Date.now',
    ]
    for (const code of impure) {
      expect(rulesIn(code, 'policies/a.ts'), code).toHaveLength(1)
      expect(rulesIn(code, 'runtime/a.ts'), code).toEqual([])
    }
    expect(
      rulesIn('const a = DateTime.fromMillis(at); const b = Date.UTC(2026, 1)', 'policies/a.ts'),
    ).toEqual([])
  })

  it('refuses names that say nothing or are not kebab-case', () => {
    const bad = [
      'runtime/index.ts',
      'runtime/utils.ts',
      'admin/user-manager.ts',
      'admin/types.ts',
      'gateway/data.ts',
    ]
    for (const path of [...bad, 'runtime/hotStore.ts', 'runtime/Hot/store.ts', 'runtime/hot_store.ts']) {
      expect(judgeName(path), path).toHaveLength(1)
    }
    for (const path of [
      'runtime/hot-store.ts',
      'vitest.config.ts',
      'test/house/tidy.test.ts',
      'http1/head.ts',
    ]) {
      expect(judgeName(path), path).toEqual([])
    }
  })
})
