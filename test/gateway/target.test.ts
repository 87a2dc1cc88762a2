/**
 * Goal: no accepted target means another path to a back end than one that was judged; the always-400 list holds.
 * Method: examples, and properties against back-end models written independently (test/support/path-models.ts).
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseTarget } from '../../gateway/target.ts'
import { decodings, escapeAsUrl, type PathModel, pathModels } from '../support/path-models.ts'

const host = 'app.example:8443'
const parse = (raw: string, method = 'GET') => parseTarget(method, raw, host)
const readings = (raw: string): readonly string[] => {
  const parsed = parse(raw)
  if (!parsed.ok) throw new Error(`${raw}: ${parsed.sentence}`)
  return parsed.target.readings
}

describe('what is always refused', () => {
  it.each([
    ['NUL', '/a%00b'],
    ['a control character', '/a%0ab'],
    ['a raw control character', '/a\x01'],
    ['DEL', '/a%7f'],
    ['a backslash', '/a\\b'],
    ['an escaped backslash', '/a%5Cb'],
    ['a twice escaped backslash', '/a%255cb'],
    ['a fragment', '/public#/../admin'],
    ['a fragment behind a query', '/public?x#y'],
    ['a space', '/a b'],
    ['bytes beyond ASCII', '/caf\u00e9'],
    ['a broken escape', '/a%zz'],
    ['a cut escape', '/a%4'],
    ['an IIS escape', '/a%u002f'],
    ['overlong UTF-8', '/a%c0%af'],
    ['bad UTF-8', '/a%e9b'],
    ['bad UTF-8 within', '/a%2525/%ff'],
    ['a dot segment', '/a/../admin'],
    ['a final dot segment', '/a/..'],
    ['a single dot', '/./a'],
    ['escaped dots', '/a/%2e%2E/admin'],
    ['half escaped dots', '/a/.%2e/admin'],
    ['twice escaped dots', '/a/%252e%252e/admin'],
    ['dots behind an escaped slash', '/a%2f..%2fadmin'],
    ['dots with a matrix parameter', '/a/..;x=1/admin'],
    ['dots with an escaped matrix parameter', '/a/..%3Bx/admin'],
    ['dots with a space', '/a/..%20/admin'],
    ['dots before a decoded mark', '/a/..%3fx'],
    ['a path without slash', 'admin'],
    ['an opaque target', 'http:http://h/admin'],
    ['an authority-less target', 'http:///admin'],
    ['a target with one slash', 'http:/admin'],
    ['another scheme', 'ftp://app.example:8443/admin'],
    ['a disagreeing authority', 'http://other.example/admin'],
    ['an authority with another port', 'http://app.example/admin'],
    ['an authority with a user', 'http://u@app.example:8443/admin'],
    ['asterisk form', '*'],
    ['nothing', ''],
  ])('%s', (_, raw) => {
    expect(parse(raw)).toMatchObject({ ok: false, status: 400 })
  })

  it('CONNECT, whatever its target', () => {
    expect(parse('/a', 'CONNECT').ok).toBe(false)
    expect(parse('app.example:8443', 'CONNECT').ok).toBe(false)
  })

  it('OPTIONS *', () => expect(parse('*', 'OPTIONS').ok).toBe(false))

  it('more than sixteen readings', () => expect(parse('/Foo%2FBar;v=1//x.').ok).toBe(false))
})

describe('what is accepted', () => {
  it('forwards the very bytes', () => {
    const parsed = parse('/Repo%2fName;v=1?q=%2e%2e/..&x=\\')
    expect(parsed).toMatchObject({
      ok: true,
      target: {
        raw: '/Repo%2fName;v=1?q=%2e%2e/..&x=\\',
        path: '/Repo%2fName;v=1',
        query: '?q=%2e%2e/..&x=\\',
      },
    })
  })

  it('judges a path without its query', () => expect(readings('/admin?x=/public')).toEqual(['/admin']))

  it('reads plain paths one way', () => {
    for (const raw of ['/', '/schedule', '/api/patients/42', '/a-b_c/', '/assets/app.3f2.js', '/a.b/c.d'])
      expect(readings(raw)).toEqual([raw])
  })

  it('judges absolute-form by its own path', () => {
    for (const [raw, path] of [
      ['http://app.example:8443/admin', '/admin'],
      ['HTTPS://APP.example:8443/admin', '/admin'],
      ['http://app.example:8443', '/'],
      ['http://app.example:8443?x=1', '/'],
    ] as const)
      expect(parse(raw)).toMatchObject({ ok: true, target: { path } })
    expect(parse('http://app.example:8443?x=1')).toMatchObject({ target: { raw: '/?x=1' } })
  })

  it('knows the odd readings of real paths', () => {
    expect(readings('/ADMIN')).toEqual(['/ADMIN', '/admin'])
    expect(readings('/%61dmin')).toContain('/admin')
    expect(readings('/public%2f%61dmin')).toContain('/public/admin')
    expect(readings('/admin;jsessionid=1')).toContain('/admin')
    expect(readings('//admin')).toContain('/admin')
    expect(readings('//evil/admin')).toContain('/admin')
    expect(readings('/%2Fevil/admin')).toContain('/admin')
    expect(readings('/admin.')).toContain('/admin')
    expect(readings('/admin%20')).toContain('/admin')
    expect(readings('/%2561dmin')).toContain('/admin')
    expect(readings('/admin%3Fx')).toContain('/admin')
    expect(readings('/adm%C4%B1n')).toContain('/admin')
  })

  it('lets odd but harmless paths pass', () => {
    for (const raw of [
      '/@scope%2Fpackage',
      '/a/Report%20100%25.pdf',
      '/wiki/C%23',
      '/...',
      '/.well-known/x',
      '/x~y',
    ])
      expect(parse(raw).ok).toBe(true)
  })
})

/** Pieces of which tricks are made; plain letters keep most paths acceptable. */
const piece = fc.constantFrom(
  ...[
    '/',
    '/',
    '/admin',
    'admin',
    'public',
    'A',
    'dm',
    'x',
    '.',
    '..',
    ';',
    ';v=1',
    '%2f',
    '%2F',
    '%252f',
    '%2e',
    '%252e',
  ],
  ...[
    '%5c',
    '\\',
    '%00',
    '%20',
    '%25',
    '%3f',
    '%23',
    '%3B',
    '%61',
    '%2561',
    '%c0%af',
    '%C4%B1',
    '//',
    '...',
    '%',
    '?q',
    '{',
  ],
)
const trick = fc.array(piece, { minLength: 0, maxLength: 7 }).map((pieces) => `/${pieces.join('')}`)
const order = fc.array(fc.constantFrom(...pathModels), { minLength: 1, maxLength: 4 })

const readAs = (models: readonly PathModel[], path: string): string | null =>
  models.reduce<string | null>((text, model) => (text === null ? null : model.read(text)), path)

describe('readings as properties', () => {
  it('contain what any back end makes of an accepted path', () => {
    let accepted = 0
    fc.assert(
      fc.property(trick, order, (raw, models) => {
        fc.pre(decodings(models) <= 2)
        const parsed = parse(raw)
        if (!parsed.ok) return
        accepted += 1
        const read = readAs(models, parsed.target.path)
        if (read === null) return
        const known = new Set(parsed.target.readings.flatMap((path) => [path, escapeAsUrl(path)]))
        const escaped = escapeAsUrl(read.startsWith('/') ? read : `/${read}`)
        expect(
          known.has(read) || known.has(escaped),
          `${raw} as ${models.map((m) => m.name).join(', ')}: ${read}`,
        ).toBe(true)
      }),
      { numRuns: 20_000, seed: 7 },
    )
    expect(accepted).toBeGreaterThan(4_000)
  })

  it('are unique, at most sixteen, the raw one first, and all absolute', () => {
    fc.assert(
      fc.property(trick, (raw) => {
        const parsed = parse(raw)
        if (!parsed.ok) return
        const { path, readings: all, query } = parsed.target
        expect(all[0]).toBe(path)
        expect(new Set(all).size).toBe(all.length)
        expect(all.length).toBeLessThanOrEqual(16)
        expect(all.every((reading) => reading.startsWith('/'))).toBe(true)
        expect(path + query).toBe(raw)
      }),
      { numRuns: 5_000, seed: 8 },
    )
  })

  it('fast path and slow path agree', () => {
    const plain = fc.stringMatching(/^(\/[a-z0-9_-]+(\.[a-z0-9_-]+)*){1,4}\/?$/)
    fc.assert(
      fc.property(plain, (path) => {
        // The escaped query sends the same path through the slow door's checks of characters.
        expect(readings(path)).toEqual([path])
        expect(pathModels.every((model) => model.read(path) === path)).toBe(true)
      }),
      { numRuns: 2_000, seed: 9 },
    )
  })

  it('never throws, and stays quick on long odd targets', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        parseTarget('GET', text, host)
        parseTarget('GET', `/${text}`, host)
        parseTarget('GET', `http://${host}${text}`, host)
      }),
      { numRuns: 5_000, seed: 10 },
    )
    const cases = [
      '.'.repeat(8_000),
      '%2e'.repeat(2_600),
      ';'.repeat(8_000),
      '/'.repeat(8_000),
      '%25'.repeat(2_600),
    ]
    const before = process.cpuUsage()
    for (const text of cases) parse(`/${text}x`)
    const { user } = process.cpuUsage(before)
    // Quadratic work on 8 KiB would take seconds.
    expect(user).toBeLessThan(500_000)
  })
})
