/**
 * What a draft of a policy would change if it were saved: in words, for whom, and whether it could be saved at all.
 *
 * It saves nothing and has no rule of its own: the guard is `lockout.ts`, the impact `policies/impact.ts`, and whether
 * anything differs is asked as `policy-edit.ts` asks it, so that a forecast and a save cannot disagree. Invariant:
 * what cannot be forecast is `null`, never "nobody". Forecasting by saving and rolling back was refused: a preview
 * must not hold the practice's lock.
 */
import type { Member, RoleId, UserId } from '../policies/access-request.ts'
import type { PolicyDocument } from '../policies/document.ts'
import { describeChanges } from '../policies/document-changes.ts'
import { type Impact, impactOf, type TrafficFact } from '../policies/impact.ts'
import type { DurationMs, Instant } from '../policies/instant.ts'
import type { RouteId, RouteRequirement } from '../policies/routes.ts'
import { canRefuseMore } from '../policies/tightening.ts'
import type { Deed } from './deed.ts'
import { securityAdmins } from './directory/security-admins.ts'
import { findLockedOut, type LockedOut } from './lockout.ts'
import { differenceOf } from './policy-diff.ts'
import { listActiveUsers } from './store/active-users.ts'
import { readDeadline, type Unconfirmed } from './store/confirmations.ts'
import type { Rows } from './store/database.ts'
import { readMembers } from './store/members.ts'
import { readPolicy } from './store/practices.ts'
import { listTrafficFacts } from './store/traffic-facts.ts'

/** A draft that compiles, who would save it, and the routes that recorded requests were made on. */
export type Draft = {
  readonly document: PolicyDocument
  readonly deed: Deed
  readonly routes: ReadonlyMap<RouteId, RouteRequirement>
  /** Who would have other roles, with these; absent: nobody. */
  readonly roles?: ReadonlyMap<UserId, readonly RoleId[]>
}

/** What saving the draft would do. */
export type Forecast = {
  /** The newest saved policy, which the draft is held against. */
  readonly revision: number
  readonly savedAt: Instant
  readonly savedBy: string
  /** What the practice is called there: what is typed to go on against the guard. */
  readonly name: string
  /** What would change, a sentence each; empty: nothing would. */
  readonly changes: readonly string[]
  /** Whom the lockout guard would stand up for; empty: nobody. */
  readonly lockedOut: readonly LockedOut[]
  /** Nobody would be left who may change security settings; that cannot be overridden. */
  readonly lastSecurityAdmin: boolean
  /** It can refuse somebody who passes now, so that a save holds ten minutes unless it is confirmed. */
  readonly toBeConfirmed: boolean
  /** The newest revision waits for its confirmation, and nothing else can be saved; `null`: it does not. */
  readonly waiting: Unconfirmed | null
  /** Live sessions, each as if it asked for some page now; `null`: cannot be said. */
  readonly live: Impact | null
  /** The recorded requests of 30 days, at most 100,000 of them; `null`: cannot be said. */
  readonly recorded: Impact | null
}

const recordedMs: DurationMs = 30 * 86_400_000
const factsMax = 100_000

/** Any page of staff: nothing is asked of it but the practice's own controls. */
const somePage: RouteRequirement = {
  id: '(some page)',
  class: 'staff',
  stepUp: null,
  permissions: null,
  mapped: true,
  unmapped: null,
  paths: 'lenient',
}

/** Each live session as a request of this moment; those that wait for a step are let through nowhere as it is. */
async function liveFacts(rows: Rows, practice: string, at: Instant): Promise<readonly TrafficFact[]> {
  const users = await listActiveUsers(rows, practice, at)
  return users.flatMap(({ user, sessions }) =>
    sessions
      .filter(({ held }) => !held)
      .map(({ address, factor }) => ({
        ...{ at, user, address },
        route: somePage.id,
        factor: factor?.method ?? null,
      })),
  )
}

type Asked = {
  readonly before: PolicyDocument
  readonly draft: Draft
  readonly members: ReadonlyMap<UserId, Member>
  readonly membersAfter: ReadonlyMap<UserId, Member>
}

const byUser = (members: readonly Member[]): ReadonlyMap<UserId, Member> =>
  new Map(members.map((member) => [member.user, member]))

/** The people with the roles of the draft. */
export const withRoles = (
  members: readonly Member[],
  roles: ReadonlyMap<UserId, readonly RoleId[]> | undefined,
): readonly Member[] =>
  roles === undefined
    ? members
    : members.map((member) => ({ ...member, roles: roles.get(member.user) ?? member.roles }))

function impact(
  { before, draft, members, membersAfter }: Asked,
  facts: readonly TrafficFact[],
): Impact | null {
  const routes = new Map([...draft.routes, [somePage.id, somePage]])
  const found = impactOf({
    ...{ before, after: draft.document, routes, members, membersAfter, facts, now: draft.deed.at },
  })
  return found.ok ? found.value : null
}

/** What differs, in words; what there are no words for is named by its path. */
function changesOf(before: PolicyDocument, after: PolicyDocument): readonly string[] {
  const difference = differenceOf(before, after)
  if (difference === null) return []
  const words = describeChanges(before, after)
  if (words.length > 0) return words
  const paths = new Set([...Object.keys(difference.before), ...Object.keys(difference.after)])
  return [...paths].map((path) => `${path} changed`)
}

/** Whose roles would be others, a sentence each. */
function roleMoves(
  { roles }: PolicyDocument,
  before: readonly Member[],
  after: readonly Member[],
): readonly string[] {
  const names = new Map(roles.map(({ id, name }) => [id, name]))
  const listed = (ids: readonly RoleId[]): string =>
    ids.length === 0 ? 'no role' : ids.map((id) => names.get(id) ?? id).join(', ')
  return after.flatMap((member, at) => {
    const was = before[at]?.roles ?? []
    return listed(was) === listed(member.roles)
      ? []
      : [`${member.name}: ${listed(was)} → ${listed(member.roles)}`]
  })
}

/**
 * The forecast for the practice that the draft names; `null`: there is none. Rejects with a `Fault` where the database
 * cannot be had. Give it one consistent view (`Store.snapshot`).
 */
export async function forecastPolicy(rows: Rows, draft: Draft): Promise<Forecast | null> {
  const { document, deed } = draft
  const { at } = deed
  const practice = document.practice.id
  const saved = await readPolicy(rows, practice)
  const known = await readMembers(rows, practice, at)
  if (saved === null || known === null) return null
  const { members } = known
  const after = withRoles(members, draft.roles)
  const before = saved.document
  const changes = [...changesOf(before, document), ...roleMoves(document, members, after)]
  const found = {
    revision: saved.revision,
    savedAt: saved.savedAt,
    savedBy: saved.authorName,
    name: before.practice.name,
    changes,
    waiting: await readDeadline(rows, practice, saved.revision),
  }
  if (changes.length === 0) {
    const nobody: Impact = { refused: [], allowed: [], asked: 0, skipped: 0 }
    const nothing = { lockedOut: [], lastSecurityAdmin: false, toBeConfirmed: false }
    return { ...found, ...nothing, live: nobody, recorded: nobody }
  }
  const guarded = { before, after: document, members: after, membersBefore: members, deed }
  const lockedOut = await findLockedOut(rows, guarded)
  const asked: Asked = { before, draft, members: byUser(members), membersAfter: byUser(after) }
  const hadAdmins = securityAdmins(before, members).length > 0
  return {
    ...found,
    lockedOut,
    lastSecurityAdmin: hadAdmins && securityAdmins(document, after).length === 0,
    toBeConfirmed: lockedOut.length > 0 || canRefuseMore(before, document, at),
    live: impact(asked, await liveFacts(rows, practice, at)),
    recorded: impact(asked, await listTrafficFacts(rows, practice, at - recordedMs, factsMax)),
  }
}
