/**
 * Goal: what can refuse somebody who passes now is told apart from what cannot, and the unclear counts as the former.
 * Method: one practice that enforces everything, each change to it both ways; then small worlds, asked of the gates.
 */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { compile } from '../../policies/compile.ts'
import { decide } from '../../policies/decide.ts'
import type { PolicyDocument } from '../../policies/document.ts'
import { entry, hours, practice, workdays } from '../../policies/examples/story.ts'
import { canRefuseMore, isWeaker } from '../../policies/tightening.ts'
import { base, documents, instants, requests, snapshotOf } from '../support/policy-cases.ts'

const at = Date.parse('2026-11-23T10:00-07:00')
type Change = (document: PolicyDocument) => void

const enforcing = practice({ id: 'maple', name: 'Maple', zone: 'America/Denver' }, (document) => {
  const { ip, time, twoFactor } = document.controls
  document.ipEntries.push(entry('Office', '203.0.113.0/24'), entry('Home', '198.51.100.7/32'))
  document.timeWindows.push(hours(workdays, '08:00', '18:00'))
  ip.mode = time.mode = twoFactor.mode = 'enforce'
  twoFactor.graceMs = 86_400_000
  twoFactor.maxAgeMs = 3_600_000
  for (const { scope } of [ip, time, twoFactor]) scope.exempt.roles.push('owner')
})

const strict = (): PolicyDocument => structuredClone(enforcing)

const changed = (change: Change): PolicyDocument => {
  const document = strict()
  change(document)
  return document
}

/** Each can refuse somebody; taken back it cannot. */
const tightenings: readonly (readonly [string, Change])[] = [
  ['an exemption gone', ({ controls }) => void controls.ip.scope.exempt.roles.pop()],
  ['an entry removed', ({ ipEntries }) => void ipEntries.pop()],
  [
    'an entry switched off',
    ({ ipEntries }) => {
      ipEntries[0]!.on = false
    },
  ],
  [
    'an entry smaller',
    ({ ipEntries }) => {
      ipEntries[0]!.range = '203.0.113.0/25'
    },
  ],
  [
    'an entry for fewer',
    ({ ipEntries }) => {
      ipEntries[0]!.audience = { role: 'dentist' }
    },
  ],
  [
    'an entry that expires',
    ({ ipEntries }) => {
      ipEntries[0]!.expiresAt = at + 1
    },
  ],
  [
    'a shorter window',
    ({ timeWindows }) => {
      timeWindows[0]!.end = '17:00'
    },
  ],
  ['a window on fewer days', ({ timeWindows }) => void timeWindows[0]!.days.pop()],
  [
    'a window that ends',
    ({ timeWindows }) => {
      timeWindows[0]!.validTo = '2027-01-01'
    },
  ],
  [
    'a shorter grace',
    ({ controls }) => {
      controls.twoFactor.graceMs = 0
    },
  ],
  [
    'asked again sooner',
    ({ controls }) => {
      controls.twoFactor.maxAgeMs = 1_800_000
    },
  ],
  [
    'a way of signing in that is closed',
    ({ signIn }) => {
      signIn.password = false
    },
  ],
  ['a role with less', ({ roles }) => void roles.find(({ id }) => id === 'dentist')!.permissions.pop()],
  [
    'sign-in only from the list',
    ({ controls }) => {
      controls.ip.signInOnlyFromListed = true
    },
  ],
]

it.each(tightenings)('%s can refuse somebody; the other way round it cannot', (_, change) => {
  expect(canRefuseMore(strict(), changed(change), at)).toBe(true)
  expect(canRefuseMore(changed(change), strict(), at)).toBe(false)
})

const modes = ['ip', 'time', 'twoFactor', 'permission'] as const
it.each(modes)('enforcing %s can refuse somebody; monitoring, or switching off, cannot', (control) => {
  for (const mode of ['off', 'monitor'] as const) {
    const lax = changed(({ controls }) => {
      controls[control].mode = mode
    })
    expect(canRefuseMore(lax, strict(), at)).toBe(true)
    expect(canRefuseMore(strict(), lax, at)).toBe(false)
  }
})

it('a list that is only monitored refuses nobody, unless factors look at it', () => {
  const watching = (document: PolicyDocument) => {
    document.controls.ip.mode = 'monitor'
    document.controls.twoFactor.mode = 'off'
  }
  const shorter = (document: PolicyDocument) => void document.ipEntries.pop()
  const both = changed((document) => [watching(document), shorter(document)])
  expect(canRefuseMore(changed(watching), both, at)).toBe(false)
  both.controls.twoFactor.mode = 'enforce'
  const asking = changed(({ controls }) => {
    controls.ip.mode = 'monitor'
  })
  expect(canRefuseMore(asking, both, at)).toBe(true)
})

it('an entry that has expired, or whose range another one still holds, can go', () => {
  const over = changed(({ ipEntries }) => {
    ipEntries[0]!.expiresAt = at
  })
  const gone = changed(({ ipEntries }) => void ipEntries.shift())
  expect(canRefuseMore(over, gone, at)).toBe(false)
  const twice = changed(({ ipEntries }) => void ipEntries.push({ ...ipEntries[0]!, id: 'twin' }))
  expect(canRefuseMore(twice, strict(), at)).toBe(false)
})

it('closures, openings taken away, hours instead of role hours and another zone can refuse somebody', () => {
  const day = { label: 'Day', from: '2026-12-24', to: '2026-12-24', start: '00:00', end: '24:00' }
  const with_ = (kind: 'closure' | 'opening') =>
    changed(({ exceptions }) => void exceptions.push({ id: 'x', kind, audience: 'practice', ...day }))
  expect(canRefuseMore(strict(), with_('closure'), at)).toBe(true)
  expect(canRefuseMore(with_('closure'), strict(), at)).toBe(false)
  expect(canRefuseMore(with_('opening'), strict(), at)).toBe(true)
  expect(canRefuseMore(strict(), with_('opening'), at)).toBe(false)
  const own = changed(({ timeWindows }) => {
    const [first] = timeWindows
    timeWindows.push({ ...first!, id: 'own', audience: { user: 'ann' }, insteadOfRoleHours: true })
  })
  expect(canRefuseMore(strict(), own, at)).toBe(true)
  const moved = changed((document) => {
    document.practice.zone = 'America/Chicago'
  })
  expect(canRefuseMore(strict(), moved, at)).toBe(true)
})

it('what concerns nobody’s passing is no risk: names, contact, shorter sessions', () => {
  const harmless = changed((document) => {
    document.requests.contact = '555 0100'
    document.sessions.idleMs = 60_000
    document.ipEntries[0]!.label = 'The office'
    document.timeWindows[0]!.label = 'Weekdays'
  })
  expect(canRefuseMore(strict(), harmless, at)).toBe(false)
})

/** `one` with some of its parts as in `other`. */
const mixed = (one: PolicyDocument, other: PolicyDocument, taken: readonly boolean[]): PolicyDocument => {
  const parts = ['ipEntries', 'timeWindows', 'exceptions', 'roles', 'stepUp'] as const
  const controls = ['ip', 'time', 'twoFactor', 'permission'] as const
  const made = structuredClone(one)
  for (const [at, part] of parts.entries()) if (taken[at]) Object.assign(made, { [part]: other[part] })
  for (const [at, part] of controls.entries())
    if (taken[5 + at]) Object.assign(made.controls, { [part]: other.controls[part] })
  return made
}

it('never calls harmless what makes a gate refuse, in any small world', () => {
  const day = 86_400_000
  let harmless = 0
  fc.assert(
    fc.property(
      documents,
      documents,
      fc.array(fc.constantFrom(true, false, false, false), { minLength: 9, maxLength: 9 }),
      fc.array(fc.tuple(requests, instants), { minLength: 60, maxLength: 60 }),
      (before, other, taken, asked) => {
        const after = mixed(before, other, taken)
        if (!compile(after, base).ok || canRefuseMore(before, after, base - day)) return
        harmless += 1
        const [was, is] = [snapshotOf(before), snapshotOf(after)]
        for (const [request, at] of asked) {
          if (decide(was, request, at).verdict !== 'permit') continue
          const decision = decide(is, request, at)
          if (decision.control !== 'session') expect(decision.verdict).toBe('permit')
        }
      },
    ),
    { numRuns: 250, seed: 20261122 },
  )
  expect(harmless).toBeGreaterThan(50)
})

/** None refuses anybody when it is taken back, and each lets people in, or stay in, who would not be. */
const weakenings: readonly (readonly [string, Change])[] = [
  ['own permissions for a role', ({ roles }) => void roles.at(-1)!.permissions.push('gw.security.view')],
  ['emergency access', ({ emergency }) => void Object.assign(emergency, { allowed: true })],
  ['a longer idle time', ({ sessions }) => void Object.assign(sessions, { idleMs: sessions.idleMs + 1 })],
  ['more sessions at a time', ({ sessions }) => void Object.assign(sessions, { concurrentMax: null })],
  ['no network to stay in', ({ sessions }) => void Object.assign(sessions, { bindToNetwork: false })],
  ['a longer idle time of a role', ({ roles }) => void Object.assign(roles[0]!, { idleMs: 600_001 })],
  ['no idle time of its own for a role', ({ roles }) => void Object.assign(roles[0]!, { idleMs: null })],
  ['a longer age of a role', ({ roles }) => void Object.assign(roles[0]!, { absoluteMs: null })],
]

it.each(weakenings)('is weaker with %s, and not without', (_, change) => {
  const before = changed(({ sessions, roles }) => {
    Object.assign(sessions, { concurrentMax: 2, bindToNetwork: true })
    Object.assign(roles[0]!, { idleMs: 600_000, absoluteMs: 3_600_000 })
    roles.at(-1)!.permissions = []
  })
  const after = structuredClone(before)
  change(after)
  expect(isWeaker(before, after, at)).toBe(true)
  expect(isWeaker(after, before, at)).toBe(false)
  expect(isWeaker(before, before, at)).toBe(false)
})

it('is weaker where emergency access that is open lasts longer', () => {
  const of = (allowed: boolean, lastsMs: number) =>
    changed(({ emergency }) => void Object.assign(emergency, { allowed, lastsMs }))
  expect(isWeaker(of(true, 60_000), of(true, 60_001), at)).toBe(true)
  expect(isWeaker(of(true, 60_001), of(true, 60_000), at)).toBe(false)
  expect(isWeaker(of(false, 60_000), of(false, 60_001), at)).toBe(false)
})
