/**
 * Goal: no way back leads to another origin, wherever one is taken: sign-in, step, step-up, hand-over, the admin pages.
 * Method: over 300 tricks against every function that lets one through, each answer read as a browser would; random texts
 * besides; and paths that people really come from, which must all get through.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { returnUrl, stepUrl } from '../../admin/portal/visitor.ts'
import { returnTarget } from '../../admin/sign-in/own-origin.ts'
import type { PortalVisit } from '../../admin/two-factor/visits.ts'
import { localPath } from '../../demo/admission.ts'
import { plainDecision } from '../../gateway/questions.ts'
import { type RefusalFacts, refuse, samePath } from '../../gateway/refusal.ts'
import { wishedPath } from '../../gateway/step-visit.ts'
import { ownPath } from '../../runtime/own-path.ts'
import { wayBackTricks } from '../support/way-back-tricks.ts'

const origin = 'https://app.example:8443'

const visitTo = (to: string): PortalVisit => ({
  ...{
    id: 'x',
    user: 'u',
    name: 'U',
    login: 'u',
    tokenHash: 'h',
    reason: null,
    origin,
    to,
    adminEntry: null,
  },
  ...{ practices: [], emergency: null, endsAt: 0, proved: null, admittedBy: [], trusted: {} },
})

const signInOf = (target: string): string => {
  const facts: RefusalFacts = {
    ...{ kind: 'navigation' as const, method: 'GET', headers: [], target },
    signIn: { page: '/login', returnParameter: 'next' },
  }
  const { headers } = refuse(facts, plainDecision('not-signed-in'))
  const location = headers[headers.indexOf('Location') + 1] ?? ''
  return new URL(location, origin).searchParams.get('next') ?? '/'
}

/** Every place that takes a way back: where somebody is led who came with this text. */
const places: Readonly<Record<string, (text: string) => string>> = {
  'a path of one’s own': (text) => ownPath(text) ?? '/',
  'the step’s `to`': (text) => wishedPath(text) ?? '/',
  'the page that was refused': (text) => samePath(text) ?? '/',
  'the application’s own sign-in, by its return parameter': signInOf,
  'back from the portal with nothing': (text) => returnUrl(visitTo(text)),
  'back from the portal with a proof, then on': (text) =>
    wishedPath(new URL(stepUrl(visitTo(text), 'p')).searchParams.get('to')) ?? '/',
  'the admin pages’ `return`, after signing in or a step-up': (text) => returnTarget(text),
  'the demo’s `next`': (text) => localPath(text, '/'),
}

/** As a browser reads a `Location`; a text that it cannot read leads nowhere. */
const originOf = (location: string): string => URL.parse(location, origin)?.origin ?? origin

describe.each(Object.entries(places))('%s', (_, lead) => {
  it('leads none of the tricks to another origin, and none to a path that begins with two slashes', () => {
    expect(wayBackTricks.length).toBeGreaterThanOrEqual(300)
    for (const trick of wayBackTricks) {
      const to = lead(trick)
      expect(originOf(to), JSON.stringify(trick)).toBe(origin)
      // Read again by whoever takes the path out of it.
      const { pathname } = new URL(to, origin)
      expect(originOf(pathname), JSON.stringify(trick)).toBe(origin)
      expect(to, JSON.stringify(trick)).not.toMatch(/[\0-\x20\x7f-\uffff]/)
    }
  })

  it('leads no text at all to another origin', () => {
    const part = fc.constantFrom(
      '/',
      '\\',
      '//',
      '.',
      '..',
      '%2f',
      '%5c',
      '@',
      ':',
      '?',
      '#',
      '\t',
      '\n',
      'evil.example',
    )
    const texts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc
        .array(fc.oneof(part, fc.string({ maxLength: 2 })), { maxLength: 8 })
        .map((parts) => `/${parts.join('')}`),
    )
    fc.assert(
      fc.property(texts, (text) => originOf(lead(text)) === origin),
      { numRuns: 2_000 },
    )
  })
})

it('the paths that people come from get through as they are', () => {
  for (const path of [
    '/',
    '/schedule?day=2026-11-23&view=week#now',
    '/patients/7/charts;v=2',
    '/a%20b/%2F',
    '/x/../y',
    '/~me/(1)!$*,',
    '/?next=//evil.example',
  ])
    expect([ownPath(path), wishedPath(path), returnUrl(visitTo(path))]).toEqual([
      path,
      path,
      `${origin}${path}`,
    ])
  expect(ownPath(`/${'x'.repeat(999)}`)).not.toBeNull()
  expect(ownPath(`/${'x'.repeat(1_000)}`)).toBeNull()
  expect(wishedPath('/.Gatehouse/access')).toBeNull()
})
