/**
 * Goal: every `type` that a problem document of ours can have is explained, in `docs/problems.md` and where its `Link` leads, and
 * nothing is explained that is never sent.
 * Method: the closed sets of both planes against the document's sections; every type that stands in the code as text against
 * them; both pages asked for.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { refusalCodes } from '../../admin/api/contract/wire.ts'
import { adminProblems } from '../../admin/api/problem-texts.ts'
import { refusal, refusalResponse } from '../../admin/api/refusals.ts'
import { plainDecision } from '../../gateway/questions.ts'
import { refuse } from '../../gateway/refusal.ts'
import { type Reason, reasons } from '../../policies/decision.ts'
import { problemsPage } from '../../runtime/pages/problems-page.ts'
import { gatewayProblems, gatewayProblemsPath, type ProblemKind } from '../../runtime/problem-kinds.ts'
import { projectRoot } from '../support/cache-folder.ts'

const all = [...gatewayProblems, ...adminProblems]

const section = ({ type, title, why, next }: ProblemKind): string =>
  `### ${title}\n\n\`${type}\`\n\n${why} ${next}\n`

test('docs/problems.md has a section for each, in its words, and no other', () => {
  const text = readFileSync(join(projectRoot, 'docs/problems.md'), 'utf8')
  for (const kind of all) expect(text).toContain(section(kind))
  const told = [...text.matchAll(/^`(urn:[^`]+)`$/gm)].map(([, type]) => type)
  expect(told).toEqual(all.map(({ type }) => type))
})

test('each reason and each code has one, and no type stands in the code beside these', () => {
  const wanted = [
    ...Object.keys(reasons).filter((reason) => reason !== 'ok'),
    ...refusalCodes.map((code) => `problem:${code}`),
  ].map((name) => `urn:gatehouse:${name}`)
  expect(all.map(({ type }) => type)).toEqual(expect.arrayContaining(wanted))
  expect(new Set(all.map(({ type }) => type)).size).toBe(all.length)
  const files = ['gateway', 'admin', 'runtime', 'policies', 'cli'].flatMap((room) =>
    readdirSync(join(projectRoot, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.tsx?$/.test(name))
      .map((name) => join(projectRoot, room, name)),
  )
  expect(files.length).toBeGreaterThan(300)
  const types = new Set(all.map(({ type }) => type))
  const written = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/urn:gatehouse:[a-z:-]*[a-z]/g)].map(([type]) => type),
  )
  expect(written.filter((type) => !types.has(type) && type !== 'urn:gatehouse:problem')).toEqual([])
})

test('what is sent has its type, and its link leads to the place that explains it', () => {
  const gateway = problemsPage(gatewayProblems)
  for (const reason of Object.keys(reasons) as Reason[]) {
    if (reason === 'ok') continue
    const facts = { kind: 'fetch', method: 'GET', headers: [], target: '/x', signIn: null } as const
    const { headers, body } = refuse(facts, plainDecision(reason))
    expect(JSON.parse(String(body))).toMatchObject({ type: `urn:gatehouse:${reason}` })
    expect(headers[headers.indexOf('Link') + 1]).toBe(`<${gatewayProblemsPath}#${reason}>; rel="help"`)
    expect(gateway).toContain(`id="${reason}"`)
  }
  const admin = problemsPage(adminProblems)
  for (const code of refusalCodes) {
    const response = refusalResponse(refusal(code, 'Why.').refusal)
    expect(response.headers.get('link')).toBe(`</problems#${code}>; rel="help"`)
    expect(admin).toContain(`id="${code}"`)
  }
})
