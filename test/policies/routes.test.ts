/**
 * Goal: every request meets the one most specific route, whatever the order of rules (BYPASSES 4, 5, 6).
 * Method: readable examples; a naive matcher over the rule texts as oracle; tables of 2,000 rules.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseRoutes, type RouteRule, type RouteTable } from '../../policies/routes.ts'

const tableOf = (rules: readonly RouteRule[], unmapped: 'report' | 'deny' = 'report'): RouteTable => {
  const parsed = parseRoutes('app', rules, unmapped)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.table
}

const problemsOf = (rules: readonly RouteRule[]): readonly string[] => {
  const parsed = parseRoutes('app', rules)
  return parsed.ok ? [] : parsed.problems.map(({ path, sentence }) => `${path}: ${sentence}`)
}

const matches = (...texts: string[]): RouteRule[] => texts.map((match) => ({ match }))

describe('the most specific route', () => {
  const table = tableOf(
    matches(
      '* /**',
      'GET /patients/:id',
      'GET /patients/new',
      '* /records/7:cancel',
      'POST,PUT /patients/:id',
      '* /patients/:id/**',
      'DELETE /patients/:id/notes/*',
      'HEAD /patients/new',
      '* book.example.com/**',
      '* /',
    ),
  )
  it.each([
    ['GET', 'a', '/', '* /'],
    ['GET', 'a', '/elsewhere/deep', '* /**'],
    ['GET', 'a', '/patients/7', 'GET /patients/:id'],
    ['HEAD', 'a', '/patients/7', 'GET /patients/:id'],
    ['GET', 'a', '/patients/new', 'GET /patients/new'],
    ['HEAD', 'a', '/patients/new', 'HEAD /patients/new'],
    ['GET', 'a', '/patients/new/', 'GET /patients/new'],
    ['PUT', 'a', '/patients/7', 'POST,PUT /patients/:id'],
    ['DELETE', 'a', '/patients/7', '* /patients/:id/**'],
    ['POST', 'a', '/patients/new', 'POST,PUT /patients/:id'],
    ['DELETE', 'a', '/patients/7/notes/3', 'DELETE /patients/:id/notes/*'],
    ['GET', 'a', '/patients/7/notes/3', '* /patients/:id/**'],
    ['GET', 'a', '/patients//notes', '* /**'],
    ['GET', 'a', '/patients', '* /**'],
    ['GET', 'BOOK.example.com:8443', '/patients/7', '* book.example.com/**'],
    ['GET', 'book.example.com.evil.test', '/patients/7', 'GET /patients/:id'],
    ['GET', 'a', '/Patients/new', '* /**'],
    ['POST', 'a', '/records/7:cancel', '* /records/7:cancel'],
    ['POST', 'a', '/records/7', '* /**'],
  ])('%s %s%s is %s', (method, host, path, match) => {
    expect(table.find(method, host, path).id).toBe(`app ${match}`)
  })

  it('is the unmapped one where nothing matches, staff and open or shut as configured', () => {
    const rules = matches('GET /a/**')
    for (const [method, path] of [
      ['POST', '/a'],
      ['GET', '/b'],
      ['GET', ''],
      ['GET', 'a'],
      ['get', '/a'],
    ] as const) {
      expect(tableOf(rules).find(method, 'x', path)).toMatchObject({
        id: 'app unmapped',
        class: 'staff',
        mapped: false,
        unmapped: 'report',
      })
      expect(tableOf(rules, 'deny').find(method, 'x', path).unmapped).toBe('deny')
    }
    expect(tableOf(rules).find('GET', 'x', '/a').id).toBe('app GET /a/**')
  })

  it('lists every requirement by id', () => {
    expect([...table.requirements.keys()]).toHaveLength(11)
    for (const [id, requirement] of table.requirements) expect(requirement.id).toBe(id)
  })
})

describe('a table is refused', () => {
  it.each([
    [matches('GET /a/*/c', 'GET /a/b/*'), 'neither is more specific for /a/b/c'],
    [matches('GET /:x/b', '* /a/:y'), 'neither is more specific for /a/b'],
    [matches('GET /a/**', 'GET /*/b'), 'neither is more specific for /a/b'],
    [matches('GET /a/:x', 'GET /a/*'), 'the same requests'],
    [matches('GET /a', 'GET /a/'), 'the same requests'],
    [matches('GET,POST /a', 'POST,PUT /a'), 'the same path and some of the same methods'],
    [matches('get /a'), 'is not a method'],
    [matches('/a'), 'should read METHODS PATH'],
    [matches('GET a'), 'should read METHODS PATH'],
    [matches('GET  /a'), 'should read METHODS PATH'],
    [matches('GET /a/**/b'), '** may only stand at the end'],
    [matches('GET /a/b*'), 'is not a segment'],
    [matches('GET /a/(.*)+'), 'is not a segment'],
    [matches('GET /a/../b'), 'dot segments'],
    [matches('GET /a//b'), 'is not a segment'],
    [matches('GET /a?x=1'), 'is not a segment'],
    [matches('GET app.example:80/a'), 'is not a host name'],
    [[{ match: 'GET /a', any: [] }], 'an empty list would mean nobody'],
    [[{ match: 'GET /a', any: ['see-schedul-page'] }], 'did you mean "see-schedule-page"'],
    [[{ match: 'GET /a', any: ['edit-forms'], all: ['edit-forms'] }], 'either any or all'],
    [[{ match: 'GET /a', class: 'public', any: ['edit-forms'] }], 'a public route asks for no permission'],
    [[{ match: 'GET /a', class: 'picker', stepUp: 'money' }], 'a picker route asks for no permission'],
  ] as const)('for %j', (rules, sentence) => {
    expect(problemsOf(rules).join('\n')).toContain(sentence)
  })

  it('names both routes, and all that is wrong at once', () => {
    const problems = problemsOf(matches('GET /:x/b', 'nonsense', 'GET /a/:y', 'put /c'))
    expect(problems).toHaveLength(3)
    expect(problems.at(-1)).toBe(
      'routes[2].match: GET /a/:y and GET /:x/b: neither is more specific for /a/b; add a rule for exactly that path',
    )
  })

  it('but not where a third rule settles what two share', () => {
    expect(problemsOf(matches('GET /:x/b', 'GET /a/:y', 'GET /a/b'))).toEqual([])
    expect(problemsOf(matches('* /:x/b', '* /a/:y', 'GET /a/b'))).toHaveLength(1)
    expect(problemsOf(matches('GET,POST /:x/b', 'GET,POST /a/:y', 'GET /a/b'))).toHaveLength(1)
    expect(problemsOf(matches('GET /:x/b', 'POST /a/:y'))).toEqual([])
  })
})

/** Which rules match, by the grammar of `RouteRule` read aloud. */
const naive = (
  rules: readonly RouteRule[],
  method: string,
  host: string,
  path: string,
): readonly string[] => {
  const clean = (text: string): string[] => text.replace(/\/$/, '').split('/').slice(1)
  const asked = clean(path)
  return rules
    .map(({ match }) => match)
    .filter((match) => {
      const [methods = '', target = ''] = match.split(' ')
      const slash = target.indexOf('/')
      const listed = methods.split(',')
      if (methods !== '*' && !listed.includes(method) && !(method === 'HEAD' && listed.includes('GET')))
        return false
      if (slash > 0 && target.slice(0, slash) !== host) return false
      const pattern = clean(target.slice(slash))
      const rest = pattern.at(-1) === '**'
      const fixed = rest ? pattern.slice(0, -1) : pattern
      if (rest ? asked.length < fixed.length : asked.length !== fixed.length) return false
      return fixed.every((part, at) =>
        part === '*' || part.startsWith(':') ? asked[at] !== '' : part === asked[at],
      )
    })
}

/** Lower is more specific: host, then the path read left to right, then fewer methods. */
const specificity = (match: string): string => {
  const [methods = '', target = ''] = match.split(' ')
  const path = target
    .slice(target.indexOf('/'))
    .split('/')
    .slice(1)
    .map((part) => (part === '**' ? '3' : part === '*' || part.startsWith(':') ? '2' : '1'))
    .join('')
  const list = methods.split(',')
  const count = methods === '*' ? 99 : list.length + (list.includes('GET') && !list.includes('HEAD') ? 1 : 0)
  return `${target.startsWith('/') ? '2' : '1'} ${path}0 ${String(count).padStart(2, '0')}`
}

const segments = fc.constantFrom('a', 'b', 'c', ':id', '*')
const ruleTexts = fc
  .record({
    methods: fc.constantFrom('*', 'GET', 'POST', 'GET,POST', 'HEAD', 'POST,PUT'),
    host: fc.constantFrom('', '', '', 'h1', 'h2'),
    path: fc.array(segments, { maxLength: 4 }),
    rest: fc.boolean(),
  })
  .map(
    ({ methods, host, path, rest }) => `${methods} ${host}/${[...path, ...(rest ? ['**'] : [])].join('/')}`,
  )
const paths = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', 'c', 'd', ''), { maxLength: 5 }), fc.boolean())
  .map(([parts, slash]) => `/${parts.join('/')}${slash ? '/' : ''}`)

describe('the tree and the naive matcher', () => {
  it('agree on tables of any order', () => {
    let compared = 0
    fc.assert(
      fc.property(
        fc.uniqueArray(ruleTexts, { minLength: 1, maxLength: 12 }),
        fc.array(
          fc.tuple(fc.constantFrom('GET', 'HEAD', 'POST', 'DELETE'), fc.constantFrom('h1', 'h3'), paths),
          {
            minLength: 30,
          },
        ),
        (texts, asked) => {
          // Ambiguous rules are left out one by one: the table says which.
          let rules = matches(...texts)
          for (let parsed = parseRoutes('app', rules); !parsed.ok; parsed = parseRoutes('app', rules)) {
            const wrong = Number(/\[(\d+)\]/.exec(parsed.problems[0]!.path)![1])
            rules = rules.filter((_, at) => at !== wrong)
          }
          const table = tableOf(rules)
          const reversed = tableOf(rules.toReversed())
          for (const [method, host, path] of asked) {
            const [best] = [...naive(rules, method, host, path)].sort((a, b) =>
              specificity(a) < specificity(b) ? -1 : 1,
            )
            expect(table.find(method, host, path).id, `${method} ${host}${path}`).toBe(
              `app ${best ?? 'unmapped'}`,
            )
            expect(reversed.find(method, host, path).id).toBe(`app ${best ?? 'unmapped'}`)
            if (best !== undefined) compared += 1
          }
        },
      ),
      { numRuns: 400, seed: 5 },
    )
    expect(compared).toBeGreaterThan(3_000)
  })

  it('agree in a table of 2,000 rules', () => {
    const texts = Array.from({ length: 1_000 }, (_, at) => [
      `GET /r${at % 40}/s${at}/:id`,
      `POST /r${at % 40}/s${at}/**`,
    ]).flat()
    const rules = matches(...texts)
    const table = tableOf(rules)
    for (let at = 0; at < 1_000; at += 13) {
      for (const method of ['GET', 'POST', 'PUT']) {
        const path = `/r${at % 40}/s${at}/x`
        expect(table.find(method, 'h', path).id).toBe(
          `app ${naive(rules, method, 'h', path)[0] ?? 'unmapped'}`,
        )
      }
    }
  })
})

describe('capitals', () => {
  const mixed = fc.constantFrom('a', 'A', 'b', 'B', 'aB', ':id', '*')
  const texts = fc
    .tuple(fc.constantFrom('*', 'GET', 'POST'), fc.array(mixed, { maxLength: 3 }), fc.boolean())
    .map(([methods, path, rest]) => `${methods} /${[...path, ...(rest ? ['**'] : [])].join('/')}`)
  const lowered = (match: string): string => {
    const [methods = '', target = ''] = match.split(' ')
    return `${methods} ${target.toLowerCase()}`
  }

  it('never hide a rule from a path in lower case', () => {
    let counted = 0
    fc.assert(
      fc.property(
        fc.uniqueArray(texts, { minLength: 1, maxLength: 8 }),
        fc.array(fc.constantFrom('a', 'b', 'ab', 'x'), { maxLength: 4 }),
        fc.constantFrom('GET', 'POST'),
        (given, parts, method) => {
          let rules = matches(...given)
          for (let parsed = parseRoutes('app', rules); !parsed.ok; parsed = parseRoutes('app', rules)) {
            const wrong = Number(/\[(\d+)\]/.exec(parsed.problems[0]!.path)![1])
            rules = rules.filter((_, at) => at !== wrong)
          }
          const path = `/${parts.join('/')}`
          // The rules with capitals, read aloud in lower case; the most specific of those that match.
          const capital = rules.map(({ match }) => match).filter((match) => lowered(match) !== match)
          const matching = capital.filter(
            (match) => naive(matches(lowered(match)), method, 'h', path).length > 0,
          )
          const [best] = matching.sort((a, b) => (specificity(lowered(a)) < specificity(lowered(b)) ? -1 : 1))
          expect(tableOf(rules).findFolded(method, 'h', path)?.id).toBe(best && `app ${best}`)
          // What the table says to the path as written is as before.
          const [plain] = [...naive(rules, method, 'h', path)].sort((a, b) =>
            specificity(a) < specificity(b) ? -1 : 1,
          )
          expect(tableOf(rules).find(method, 'h', path).id).toBe(`app ${plain ?? 'unmapped'}`)
          if (best !== undefined) counted += 1
        },
      ),
      { numRuns: 5_000, seed: 11 },
    )
    expect(counted).toBeGreaterThan(200)
  })

  it('are a Problem where they alone tell two rules apart', () => {
    expect(problemsOf(matches('GET /Admin', 'GET /ADMIN'))).toEqual([
      'routes[1].match: GET /ADMIN and GET /Admin: without capitals and escapes the same requests; remove one',
    ])
    expect(problemsOf(matches('GET /Admin', 'GET /admin', 'POST /ADMIN'))).toEqual([])
  })
})
