/**
 * The sections of General Settings, each a value that is read, reviewed, saved and told in words by itself.
 *
 * What is drawn is the cards'. Invariant: a section is saved whole, from a named revision, so that nobody saves half of
 * what they saw; and what it would change is asked with the very value that is saved. One save for the whole page was
 * refused: whoever shortens sessions would be held up by whoever edits hours.
 */
import { parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import type { Extra } from '../parts/saving.ts'
import { scopeSentence } from '../parts/scope-words.ts'
import { modeNames } from '../parts/tag.tsx'
import type { General, Role } from '../queries.ts'
import type { Fact } from '../review/conflict-notice.tsx'
import type { Draft } from '../review/review-queries.ts'
import { lengthText } from '../times.ts'

type Controls = General['controls']

/** What each section holds. */
export type Values = {
  readonly ip: Pick<Controls['ip'], 'mode' | 'scope' | 'signInOnlyFromListed'>
  readonly time: Pick<Controls['time'], 'mode' | 'scope'>
  readonly twoFactor: Pick<
    Controls['twoFactor'],
    'mode' | 'scope' | 'graceMs' | 'maxAgeMs' | 'notFromListedNetworks' | 'trust'
  > & { readonly sms: boolean }
  readonly permission: Controls['permission']
  readonly signIn: General['signIn']
  readonly sessions: General['sessions']
  readonly requests: General['requests']
  readonly emergency: General['emergency']
}

/** The name of a section. */
export type SectionName = keyof Values

/** Roles and people as scopes name them. */
export type Names = {
  readonly roles: readonly Pick<Role, 'id' | 'name'>[]
  readonly people: General['named']
}

type Where = { readonly practice: string; readonly revision: number }
type Saved = { readonly revision: number; readonly sequence: number }

type Section<V> = {
  /** As people read it. */
  readonly title: string
  readonly read: (general: General) => V
  readonly draft: (value: V) => Draft
  readonly put: (where: Where, value: V, extra: Extra) => Promise<Saved>
  readonly facts: (value: V, names: Names) => readonly Fact[]
  /** What the message after a save says. */
  readonly saved: (value: V) => string
}

const routes = api.practices[':practice'].controls
const target = ({ practice, revision }: Where) => ({
  param: { practice },
  header: { 'if-match': `"${revision}"` },
})

const onOff = (isOn: boolean): string => (isOn ? 'On' : 'Off')
const scopeText = (scope: Values['ip']['scope'], { roles, people }: Names): string =>
  scopeSentence(
    scope,
    roles,
    people.map(({ user, name }) => ({ id: user, name })),
  )
const modeFact = (mode: keyof typeof modeNames): Fact => ({ name: 'Mode', text: modeNames[mode] })

/** How long people without a second factor get in, in words. */
export const graceText = (ms: number): string => (ms === 0 ? 'None: at the next sign-in' : lengthText(ms))
/** How long a second factor counts, in words. */
export const ageText = (ms: number | null): string =>
  ms === null ? 'Only at the next sign-in' : lengthText(ms)

const twoFactorFacts = (value: Values['twoFactor'], names: Names): readonly Fact[] => [
  modeFact(value.mode),
  { name: 'Required for', text: scopeText(value.scope, names) },
  { name: 'Time to set one up', text: graceText(value.graceMs) },
  { name: 'Ask again after', text: ageText(value.maxAgeMs) },
  { name: 'None on listed networks', text: onOff(value.notFromListedNetworks) },
  { name: 'Text messages', text: onOff(value.sms) },
  { name: 'The application’s own', text: onOff(value.trust.app) },
  { name: 'The provider’s', text: onOff(value.trust.google) },
]

/** Every section. */
export const sections: { readonly [S in SectionName]: Section<Values[S]> } = {
  ip: {
    title: 'IP allowlist',
    read: ({ controls: { ip } }) => ({
      mode: ip.mode,
      scope: ip.scope,
      signInOnlyFromListed: ip.signInOnlyFromListed,
    }),
    draft: (ip) => ({ controls: { ip } }),
    put: (where, value, extra) =>
      parseResponse(routes.ip.$put({ ...target(where), json: { ...value, ...extra } })),
    facts: (value, names) => [
      modeFact(value.mode),
      { name: 'Scope', text: scopeText(value.scope, names) },
      { name: 'Sign-in only from listed networks', text: onOff(value.signInOnlyFromListed) },
    ],
    saved: ({ mode }) => `IP allowlist: ${modeNames[mode]}`,
  },
  time: {
    title: 'Time windows',
    read: ({ controls: { time } }) => ({ mode: time.mode, scope: time.scope }),
    draft: (time) => ({ controls: { time } }),
    put: (where, value, extra) =>
      parseResponse(routes.time.$put({ ...target(where), json: { ...value, ...extra } })),
    facts: (value, names) => [modeFact(value.mode), { name: 'Scope', text: scopeText(value.scope, names) }],
    saved: ({ mode }) => `Time windows: ${modeNames[mode]}`,
  },
  twoFactor: {
    title: 'Two-factor',
    read: ({ controls: { twoFactor } }) => {
      const { mode, scope, graceMs, maxAgeMs, notFromListedNetworks, trust, sms } = twoFactor
      return { mode, scope, graceMs, maxAgeMs, notFromListedNetworks, trust, sms: sms ?? false }
    },
    draft: (twoFactor) => ({ controls: { twoFactor } }),
    put: (where, value, extra) =>
      parseResponse(routes['two-factor'].$put({ ...target(where), json: { ...value, ...extra } })),
    facts: twoFactorFacts,
    saved: ({ mode }) => `Two-factor: ${modeNames[mode]}`,
  },
  permission: {
    title: 'Permission control',
    read: ({ controls: { permission } }) => permission,
    draft: (permission) => ({ controls: { permission } }),
    put: (where, value, extra) =>
      parseResponse(routes.permission.$put({ ...target(where), json: { ...value, ...extra } })),
    facts: (value) => [
      modeFact(value.mode),
      { name: 'Patient windows need the patient search', text: onOff(value.hiddenBlockers) },
    ],
    saved: ({ mode }) => `Permission control: ${modeNames[mode]}`,
  },
  signIn: {
    title: 'Ways to sign in',
    read: ({ signIn }) => signIn,
    draft: (signIn) => ({ signIn }),
    put: (where, signIn, extra) =>
      parseResponse(routes['sign-in'].$put({ ...target(where), json: { signIn, ...extra } })),
    facts: (value) => [
      { name: 'Password', text: onOff(value.password) },
      { name: 'Passkey', text: onOff(value.passkey) },
      { name: 'Google or another provider', text: onOff(value.provider) },
    ],
    saved: () => 'Ways to sign in are saved',
  },
  sessions: {
    title: 'Sessions',
    read: ({ sessions }) => sessions,
    draft: (sessions) => ({ sessions }),
    put: (where, value, extra) =>
      parseResponse(routes.sessions.$put({ ...target(where), json: { ...value, ...extra } })),
    facts: (value) => [
      { name: 'End without traffic after', text: lengthText(value.idleMs) },
      { name: 'End in any case after', text: lengthText(value.absoluteMs) },
      {
        name: 'At once',
        text: value.concurrentMax === null ? 'As many as they like' : `${value.concurrentMax} a person`,
      },
      { name: 'Bound to their network', text: onOff(value.bindToNetwork) },
    ],
    saved: () => 'Session limits are saved',
  },
  requests: {
    title: 'Access requests',
    read: ({ requests }) => requests,
    draft: (requests) => ({ requests }),
    put: (where, value, extra) =>
      parseResponse(routes.requests.$put({ ...target(where), json: { ...value, ...extra } })),
    facts: (value) => [
      { name: 'From other networks', text: onOff(value.ip) },
      { name: 'Outside their hours', text: onOff(value.time) },
      { name: 'An approval lasts', text: lengthText(value.standardMs) },
      { name: 'Whom to ask instead', text: value.contact === '' ? 'Nobody named' : value.contact },
    ],
    saved: () => 'The rules of access requests are saved',
  },
  emergency: {
    title: 'Emergency access',
    read: ({ emergency }) => emergency,
    draft: (emergency) => ({ emergency }),
    put: (where, value, extra) =>
      parseResponse(routes.emergency.$put({ ...target(where), json: { ...value, ...extra } })),
    facts: (value) => [
      { name: 'People may let themselves in', text: onOff(value.allowed) },
      { name: 'It lasts', text: lengthText(value.lastsMs) },
    ],
    saved: ({ allowed }) => `Emergency access: ${onOff(allowed)}`,
  },
}
