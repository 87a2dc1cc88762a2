/**
 * What a practice story is: documents, people and machines, and a table of requests with the expected answer.
 *
 * Stories are documentation that runs (`test/policies/examples.test.ts`); nothing else imports them. Invariant: data only,
 * dates with their offset written out, so that a security officer can check a row with a wall clock. A story language
 * of its own was refused: these are the very documents that admins write.
 */
import type { Grant, Member, ServiceToken, VerifiedFactor } from '../access-request.ts'
import type { Reason } from '../decision.ts'
import type { IpEntry, PolicyDocument, TimeException, TimeWindow } from '../document.ts'
import type { RouteRule } from '../routes.ts'
import { newDocument } from '../standard-roles.ts'

/** A person of a story; what is not said is unremarkable. */
export type StoryPerson = Partial<Omit<Member, 'user' | 'grants'>> & {
  readonly grants?: readonly StoryGrant[]
}

/** A grant with its times as ISO text; `to: null` is without end. */
export type StoryGrant = {
  readonly kind: Grant['kind']
  readonly range?: string
  readonly from: string
  readonly to: string | null
}

/** One request and the reason expected. */
export type StoryRow = {
  /** A person or token of the story, or `anonymous`, `indeterminate`. */
  readonly who: string
  readonly from: string
  /** ISO text with an offset. */
  readonly at: string
  /** `METHOD path`, on the story's routes. */
  readonly asks: string
  /** Where a story has several practices; else the only one. */
  readonly practice?: string
  readonly expect: Reason
  /** ISO text; checked where given. */
  readonly opensAt?: string
  /** Reasons recorded by controls in monitor mode; checked where given. */
  readonly recorded?: readonly Reason[]
  /** The second factor of the session, shown that many minutes before. */
  readonly factor?: { readonly method: VerifiedFactor['method']; readonly minutesAgo: number }
  readonly session?: { readonly idleMinutes?: number; readonly epoch?: number; readonly held?: boolean }
}

/** One practice story. */
export type Story = {
  readonly title: string
  /** What the practice wants, in a few sentences. */
  readonly text: string
  readonly practices: readonly PolicyDocument[]
  readonly people: { readonly [user: string]: StoryPerson }
  readonly tokens?: { readonly [id: string]: Omit<ServiceToken, 'kind' | 'id' | 'revoked' | 'expiresAt'> }
  readonly table: readonly StoryRow[]
}

/** The routes of every story: a small practice application. */
export const storyRoutes: readonly RouteRule[] = [
  { match: 'GET /booking/**', class: 'public' },
  { match: 'POST /sign-in', class: 'login' },
  { match: 'GET /practices', class: 'picker' },
  { match: 'GET /api/unread', class: 'background' },
  { match: 'GET /schedule', any: ['see-schedule-page'] },
  { match: 'GET /patients/:id', any: ['view-patient-window'] },
  { match: 'GET /payments', any: ['view-payments-dashboard'] },
  { match: 'POST /payments/refunds', all: ['manage-refunds'], stepUp: 'money' },
  { match: 'POST /api/sync', any: ['view-practice-management-data'] },
]

/** A practice with the standard roles and permissions enforced; `change` says what is special. */
export const practice = (
  of: { readonly id: string; readonly name: string; readonly zone: string },
  change: (document: PolicyDocument) => void,
): PolicyDocument => {
  const document = newDocument(of, 'standard')
  document.controls.permission.mode = 'enforce'
  change(document)
  return document
}

/** An allowlist entry. */
export const entry = (
  label: string,
  range: string,
  more: Partial<Pick<IpEntry, 'audience' | 'expiresAt' | 'on'>> = {},
): IpEntry => ({
  id: label.toLowerCase().replace(/[^a-z0-9]+/g, '-'),
  label,
  range,
  audience: 'practice',
  on: true,
  expiresAt: null,
  note: '',
  createdBy: 'olivia',
  createdAt: 0,
  ...more,
})

/** Monday to Friday. */
export const workdays: TimeWindow['days'] = ['mon', 'tue', 'wed', 'thu', 'fri']

/** A weekly window. */
export const hours = (
  days: TimeWindow['days'],
  start: string,
  end: string,
  more: Partial<TimeWindow> = {},
): TimeWindow => ({
  id: `${days.join('-')}-${start.slice(0, 2)}-${end.slice(0, 2)}`,
  label: null,
  audience: 'practice',
  days,
  start,
  end,
  zone: null,
  validFrom: null,
  validTo: null,
  insteadOfRoleHours: false,
  ...more,
})

/** A closure or an opening; all day unless times are given. */
export const exception = (
  kind: TimeException['kind'],
  label: string,
  from: string,
  more: Partial<TimeException> = {},
): TimeException => ({
  id: `${kind}-${from}`,
  kind,
  label,
  from,
  to: from,
  start: '00:00',
  end: '24:00',
  audience: 'practice',
  ...more,
})
