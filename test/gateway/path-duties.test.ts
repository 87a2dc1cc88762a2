/**
 * Goal: whatever route a back end finds for an accepted path, its class, step-up and permission were counted in.
 * Method: random route tables and odd spellings of their paths, read by back ends written independently
 * (test/support/path-models.ts), each served by a naive router; the decision itself, not only what it is asked.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { answer, type Directory, type Question } from '../../gateway/questions.ts'
import { createRouteDuties, type RouteDuties } from '../../gateway/route-duties.ts'
import type { MirroredSession } from '../../gateway/sessions.ts'
import { parseTarget } from '../../gateway/target.ts'
import { compile } from '../../policies/compile.ts'
import { parseRoutes, type RouteRule } from '../../policies/routes.ts'
import { loadSnapshot } from '../../policies/snapshot.ts'
import { newDocument } from '../../policies/standard-roles.ts'
import type { UpstreamConfig } from '../../runtime/config.ts'
import { upstreamSchema } from '../../runtime/config-upstream.ts'
import { decodings, type PathModel, pathModels } from '../support/path-models.ts'
import { plainMember } from '../support/plain-member.ts'
import { addressOf } from '../support/policy-cases.ts'

const host = 'app.example'
const login = 'POST /sign-in'

/** One table's rules in no order of meaning; what would make the table refused is left out. */
const accepted = (rules: readonly RouteRule[]): readonly RouteRule[] => {
  const kept: RouteRule[] = []
  for (const rule of rules) if (parseRoutes('app', [...kept, rule, { match: login }]).ok) kept.push(rule)
  return kept
}

const segment = fc.constantFrom('admin', 'Admin', 'api', 'v1', 'X', 'a.b', 'sign-in', ':id', '*', 'admin')
const pattern = fc
  .tuple(fc.array(segment, { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([segments, rest]) => `/${segments.join('/')}${rest ? '/**' : ''}`)
const asks: fc.Arbitrary<Partial<RouteRule>> = fc.oneof(
  fc.constant({ class: 'public' as const }),
  fc.constant({ class: 'public' as const }),
  fc.constant({ class: 'picker' as const }),
  fc.constant({ class: 'background' as const }),
  fc.constant({}),
  fc.constantFrom('money', 'reports').map((stepUp) => ({ stepUp })),
  fc.constantFrom('edit-forms', 'view-payments-dashboard').map((id) => ({ any: [id] })),
  fc.constant({ all: ['edit-forms', 'manage-refunds'], stepUp: 'money' }),
)
const rule = fc
  .tuple(fc.constantFrom('GET', 'POST', 'GET,POST', '*', 'DELETE'), pattern, asks)
  .map(([methods, path, what]): RouteRule => ({ match: `${methods} ${path}`, ...what }))
const tables = fc.array(rule, { minLength: 1, maxLength: 9 }).map(accepted)

const upstreamOf = (routes: readonly RouteRule[], unmapped: 'report' | 'deny'): UpstreamConfig =>
  upstreamSchema.parse({
    ...{ id: 'app', name: 'App', url: 'http://127.0.0.1:1', routes, unmapped },
    identity: {
      ...{ cookies: ['sid'], signInPage: '/sign-in', introspection: { path: '/me' } },
      login: [{ match: login }],
    },
  })

/** How a letter, and what stands between two segments, may be written oddly. */
const oddLetter: readonly ((char: string) => string)[] = [
  (char) => char.toUpperCase(),
  (char) => `%${char.charCodeAt(0).toString(16)}`,
  (char) => `%25${char.charCodeAt(0).toString(16)}`,
]
const oddTail = ['', '.', '..', '%20', ';v=1', '%3Bv', '%2e', '/', '//', '%3Fx', '%2f']
const oddStart = ['/', '/', '/', '//', '/%2f', '//evil/', '/;a/']
const oddMiddle = ['/', '/', '/', '//', '%2f', '%252F', ';x=1/', './', '%5c', '/../']
const spelling = fc.record({
  at: fc.nat(30),
  letter: fc.option(fc.constantFrom(...oddLetter)),
  tail: fc.constantFrom('', '', '', ...oddTail),
  start: fc.constantFrom(...oddStart),
  middle: fc.constantFrom(...oddMiddle),
})

/** A path that fits the rule, written as `how` says. */
const spelled = (match: string, how: typeof spelling extends fc.Arbitrary<infer S> ? S : never): string => {
  const words = (match.split(' ')[1] ?? '')
    .split('/')
    .slice(1)
    .map((part) => (part === '**' ? 'v1' : part === '*' || part.startsWith(':') ? 'admin' : part))
  const whole = words.join('\u0000')
  const at = how.at % whole.length
  const char = whole[at] ?? ''
  const written =
    how.letter === null || char === '\u0000'
      ? whole
      : whole.slice(0, at) + how.letter(char) + whole.slice(at + 1)
  return how.start + written.replace('\u0000', how.middle).replaceAll('\u0000', '/') + how.tail
}

/** A back end's own router: the first of the fitting rules, the most specific first. `folds`: it ignores capitals. */
const routed = (rules: readonly RouteRule[], method: string, path: string, folds: boolean): string | null => {
  const fold = (text: string): string => (folds ? text.toLowerCase() : text)
  const parts = (text: string): string[] => text.replace(/\/$/, '').split('/').slice(1)
  const asked = parts(path)
  const rank = (match: string): string => {
    const [methods = '', target = ''] = match.split(' ')
    const letters = parts(target).map((part) => (part === '**' ? 'z' : /^[*:]/.test(part) ? 'm' : 'a'))
    return `${letters.join('')}${letters.at(-1) === 'z' ? '' : 'b'} ${methods === '*' ? 9 : methods.split(',').length}`
  }
  const fitting = rules.filter(({ match }) => {
    const [methods = '', target = ''] = match.split(' ')
    if (methods !== '*' && !methods.split(',').includes(method)) return false
    const wanted = parts(target)
    const rest = wanted.at(-1) === '**'
    const fixed = rest ? wanted.slice(0, -1) : wanted
    if (rest ? asked.length < fixed.length : asked.length !== fixed.length) return false
    return fixed.every((part, i) =>
      /^[*:]/.test(part) ? asked[i] !== '' : fold(part) === fold(asked[i] ?? ''),
    )
  })
  return fitting.map(({ match }) => match).sort((a, b) => (rank(a) < rank(b) ? -1 : 1))[0] ?? null
}

const order = fc.array(fc.constantFrom(...pathModels), { maxLength: 4 })
const readAs = (models: readonly PathModel[], path: string): string | null =>
  models.reduce<string | null>((text, model) => (text === null ? null : model.read(text)), path)

const base = Date.UTC(2026, 0, 5, 12)
const standard = newDocument({ id: 'oak', name: 'Oak', zone: 'UTC' }, 'standard')
const clerks = { ...standard.roles[0]!, id: 'clerk', name: 'Clerk' }
const compiledWith = (permissions: readonly string[]) => {
  const compiled = compile(
    { ...standard, roles: [...standard.roles, { ...clerks, permissions: [...permissions] }] },
    base,
  )
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
  return compiled.value
}
const policies = [[], ['edit-forms'], ['view-payments-dashboard'], ['edit-forms', 'manage-refunds']].map(
  compiledWith,
)

/** Somebody in front of these routes: which rights they have, and how long ago they showed a second factor. */
const people = fc.record({
  policy: fc.constantFrom(...policies),
  factorAgeMs: fc.constantFrom(null, 60_000, 20 * 60_000),
})
type Person = typeof people extends fc.Arbitrary<infer P> ? P : never

const permits = (
  duties: RouteDuties,
  { policy, factorAgeMs }: Person,
  ids: readonly string[],
  picking: boolean,
) => {
  const snapshot = loadSnapshot(policy, 1, duties.requirements)
  const member = plainMember('anna', ['clerk'], { factors: ['totp'] })
  const directory: Directory = {
    practice: () => ({ snapshot, until: Number.MAX_SAFE_INTEGER }),
    member: () => member,
    practicesOf: () => ['oak'],
    retired: () => null,
  }
  const factor = factorAgeMs === null ? null : ({ method: 'totp', verifiedAt: base - factorAgeMs } as const)
  const record: MirroredSession['record'] = {
    ...{ id: 's', upstream: 'app', user: 'anna', appUser: '1', method: 'app-password' as const },
    ...{ epochs: { oak: 0 }, cookieHash: null, startedAt: base - 1_000, absoluteDeadline: base + 1e9 },
    ...{ held: false, ended: null, factor, trustedDevices: {}, address: '203.0.113.9' },
  }
  const session = {
    ...{ tokenHash: 'h', version: 1, wanted: 1, lastSeenAt: base, seenWrittenAt: 0, seenReadAt: 0 },
    ...{ streams: false, assertion: null, record },
  } as MirroredSession
  const question: Question = {
    ...{ method: 'GET', requirements: ids.map((id) => duties.requirements.get(id)!), session, picking },
    ...{ address: addressOf('203.0.113.9'), accompanied: true },
    sources: { placed: [], carried: null, doubtful: false },
  }
  return answer(directory, question, base).verdict === 'permit'
}

const isJudged = (kind: string): boolean => kind === 'staff' || kind === 'picker' || kind === 'background'

/** Who is asked for nothing that the route of this id asks for; `null`: nothing is missing. */
const missing = (
  duties: RouteDuties,
  owed: ReturnType<RouteDuties['find']>,
  id: string,
  person: Person,
): string | null => {
  if (owed.refused) return null
  const found = duties.requirements.get(id)!
  if (found.class === 'login') return owed.login === null ? 'the sign-in is not watched' : null
  if (!isJudged(found.class)) return null
  if (!owed.judged.some((one) => one.id === id)) return 'the route is not asked for'
  if (owed.login !== null || owed.logout) return 'staff pass as somebody who signs in or out'
  if (found.class !== 'picker' && owed.picking) return 'one practice would do'
  if (found.class !== 'background' && owed.background) return 'it would not renew idle time'
  const ids = owed.judged.map((one) => one.id)
  const lets = permits(duties, person, ids, owed.picking)
  return lets && !permits(duties, person, [id], found.class === 'picker')
    ? 'a permit that its own route refuses'
    : null
}

describe('a route that a back end finds', () => {
  it('is one that was judged: class, step-up and permission', () => {
    const seen = { accepted: 0, odd: 0, elsewhere: 0, permitted: 0, byDefault: 0 }
    fc.assert(
      fc.property(
        ...[tables, fc.nat(8), spelling, order, people],
        ...[fc.constantFrom('GET', 'POST', 'DELETE'), fc.constantFrom('report' as const, 'deny' as const)],
        (rules, at, how, models, person, method, unmapped) => {
          fc.pre(rules.length > 0 && decodings(models) <= 2)
          const duties = createRouteDuties(upstreamOf(rules, unmapped))
          const parsed = parseTarget(method, spelled(rules[at % rules.length]!.match, how), host)
          if (!parsed.ok) return
          const read = readAs(models, parsed.target.path)
          if (read === null) return
          seen.accepted += 1
          const path = read.startsWith('/') ? read : `/${read}`
          const folds = models.some(({ name }) => name.includes('lower'))
          const all = [...rules, { match: login }]
          const match = routed(all, method, path, folds)
          const raw = routed(all, method, parsed.target.path, false)
          const owed = duties.find({ method, host, target: parsed.target })
          if (parsed.target.readings.length > 1) seen.odd += 1
          if (match !== raw) seen.elsewhere += 1
          if (match === null) seen.byDefault += 1
          if (
            !owed.refused &&
            permits(
              duties,
              person,
              owed.judged.map(({ id }) => id),
              owed.picking,
            )
          )
            seen.permitted += 1
          const names = models.map(({ name }) => name).join(', ')
          const what = `${method} ${parsed.target.raw} as ${names}: ${path}, ${match} of ${JSON.stringify(rules)}`
          expect(missing(duties, owed, `app ${match ?? 'unmapped'}`, person), what).toBe(null)
        },
      ),
      { numRuns: 8_000, seed: 11 },
    )
    // Else the property would hold because nothing of it happens.
    expect(seen.accepted).toBeGreaterThan(2_500)
    expect(seen.odd).toBeGreaterThan(1_200)
    expect(seen.elsewhere).toBeGreaterThan(150)
    expect(seen.permitted).toBeGreaterThan(100)
    expect(seen.byDefault).toBeGreaterThan(150)
  })
})
