/**
 * The policy snapshot: a compiled policy made ready to be asked, with the routes it is asked about.
 *
 * It decides nothing (`decide.ts`) and refers to no person but by id: members come with the request. Invariant:
 * immutable once made; everything a gate looks up is a map, a set or a typed array made here, never on the request
 * path. Per-member snapshots were refused: members change a hundred times more often than policy.
 */
import type { Member, PermissionId, PracticeId, RoleId, UserId } from './access-request.ts'
import { type Address, parseRange } from './address.ts'
import { type AddressItem, type AddressSet, addressSet } from './address-set.ts'
import type { CompiledPolicy } from './compile.ts'
import type { Control, ControlMode, Revision } from './decision.ts'
import type { Audience, IpEntry, PolicyDocument, Scope } from './document.ts'
import { type DurationMs, type Instant, never } from './instant.ts'
import { requirementsOf } from './permissions.ts'
import type { RouteId, RouteRequirement } from './routes.ts'
import { type Timeline, unpackEdges } from './timeline.ts'
import type { TimeLayer } from './timetable.ts'

/** The controls that have a scope. */
export type ScopedControl = 'ip' | 'time' | 'two-factor'

/** What the practice at large, one role or one user brings to a decision. */
export type Part = {
  readonly included: ReadonlySet<ScopedControl>
  readonly exempt: ReadonlySet<ScopedControl>
  /** `null`: says nothing about it. */
  readonly idleMs: DurationMs | null
  readonly absoluteMs: DurationMs | null
  readonly addresses: AddressSet
  readonly hours: { readonly [layer in TimeLayer]: Timeline | null }
  readonly granted: ReadonlySet<PermissionId>
}

/** A practice's policy as gateways run it. */
export type PolicySnapshot = {
  readonly practice: { readonly id: PracticeId; readonly name: string; readonly zone: string }
  readonly revision: Revision
  /** The document it was compiled from: timeouts, contact, labels, names. */
  readonly document: PolicyDocument
  readonly compiledAt: Instant
  /** Version of the zone database that the timetable was compiled with. */
  readonly tzdata: string
  /** The time that the timetable covers, [from, until). */
  readonly knownFrom: Instant
  readonly knownUntil: Instant
  readonly modes: { readonly [control in Control]: ControlMode }
  /** Controls whose scope includes everyone. */
  readonly everyone: ReadonlySet<ScopedControl>
  readonly practicePart: Part
  readonly roleParts: ReadonlyMap<RoleId, Part>
  readonly userParts: ReadonlyMap<UserId, Part>
  readonly routes: ReadonlyMap<RouteId, RouteRequirement>
  readonly roleNames: ReadonlyMap<RoleId, string>
}

type DraftPart = {
  readonly included: Set<ScopedControl>
  readonly exempt: Set<ScopedControl>
  idleMs: DurationMs | null
  absoluteMs: DurationMs | null
  readonly items: AddressItem[]
  readonly hours: { [layer in TimeLayer]: Timeline | null }
  granted: ReadonlySet<PermissionId>
}

const draftPart = (): DraftPart => ({
  included: new Set(),
  exempt: new Set(),
  idleMs: null,
  absoluteMs: null,
  items: [],
  hours: { windows: null, closures: null, openings: null, instead: null },
  granted: new Set(),
})

const finish = ({ items, ...draft }: DraftPart): Part => ({ ...draft, addresses: addressSet(items) })

/** What a role that the policy does not know brings: nothing, and no exemption either. */
export const unknownRolePart: Part = finish(draftPart())

/** Parts by audience, made on first mention. */
const draftParts = () => {
  const practice = draftPart()
  const roles = new Map<RoleId, DraftPart>()
  const users = new Map<UserId, DraftPart>()
  const within = (map: Map<string, DraftPart>, id: string): DraftPart => {
    const part = map.get(id) ?? draftPart()
    map.set(id, part)
    return part
  }
  const forAudience = (audience: Audience): DraftPart => {
    if (audience === 'practice') return practice
    return 'role' in audience ? within(roles, audience.role) : within(users, audience.user)
  }
  return { practice, roles, users, forAudience }
}

type Drafts = ReturnType<typeof draftParts>

const applyScope = (drafts: Drafts, control: ScopedControl, scope: Scope): void => {
  if (scope.include !== 'everyone') {
    for (const role of scope.include.roles) drafts.forAudience({ role }).included.add(control)
    for (const user of scope.include.users) drafts.forAudience({ user }).included.add(control)
  }
  for (const role of scope.exempt.roles) drafts.forAudience({ role }).exempt.add(control)
  for (const user of scope.exempt.users) drafts.forAudience({ user }).exempt.add(control)
}

const applyEntries = (drafts: Drafts, entries: readonly IpEntry[]): void => {
  for (const [entry, { range: text, on, audience, expiresAt }] of entries.entries()) {
    const range = on ? parseRange(text)?.range : undefined
    if (range !== undefined)
      drafts.forAudience(audience).items.push({ range, expiresAt: expiresAt ?? never, entry })
  }
}

const finishAll = (drafts: ReadonlyMap<string, DraftPart>): ReadonlyMap<string, Part> =>
  new Map([...drafts].map(([id, draft]) => [id, finish(draft)]))

/** The practice's settings for each scoped control. */
const scopesOf = ({ controls }: PolicyDocument): readonly (readonly [ScopedControl, Scope])[] => [
  ['ip', controls.ip.scope],
  ['time', controls.time.scope],
  ['two-factor', controls.twoFactor.scope],
]

/**
 * The snapshot of a compiled policy under a revision, asked about these routes (those of all upstreams together).
 * Never fails for what `readCompiled` or `compile` returned. 10,000 entries take about 15 ms.
 */
export const loadSnapshot = (
  compiled: CompiledPolicy,
  revision: Revision,
  routes: ReadonlyMap<RouteId, RouteRequirement>,
): PolicySnapshot => {
  const { document } = compiled
  const { controls } = document
  const drafts = draftParts()
  for (const role of document.roles) {
    const part = drafts.forAudience({ role: role.id })
    part.idleMs = role.idleMs
    part.absoluteMs = role.absoluteMs
    part.granted = new Set(role.permissions)
  }
  for (const [control, scope] of scopesOf(document)) applyScope(drafts, control, scope)
  applyEntries(drafts, document.ipEntries)
  for (const { layer, audience, edges } of compiled.timelines) {
    drafts.forAudience(audience).hours[layer] = unpackEdges(edges)
  }
  drafts.practice.idleMs = document.sessions.idleMs
  drafts.practice.absoluteMs = document.sessions.absoluteMs
  const everyone = scopesOf(document).filter(([, scope]) => scope.include === 'everyone')
  return {
    practice: document.practice,
    revision,
    document,
    compiledAt: compiled.compiledAt,
    tzdata: compiled.tzdata,
    knownFrom: compiled.knownFrom,
    knownUntil: compiled.knownUntil,
    modes: {
      session: 'enforce',
      ip: controls.ip.mode,
      time: controls.time.mode,
      'two-factor': controls.twoFactor.mode,
      permission: controls.permission.mode,
    },
    everyone: new Set(everyone.map(([control]) => control)),
    practicePart: finish(drafts.practice),
    roleParts: finishAll(drafts.roles),
    userParts: finishAll(drafts.users),
    routes,
    roleNames: new Map(document.roles.map(({ id, name }) => [id, name])),
  }
}

/** Whether the member's roles together grant the permission and all that blocks it. */
export const isPermitted = (
  snapshot: PolicySnapshot,
  granted: (id: PermissionId) => boolean,
  permission: PermissionId,
): boolean => requirementsOf(permission, snapshot.document.controls.permission).every(granted)

/** The parts that concern a member by role; unknown roles bring nothing. */
export const rolePartsOf = (snapshot: PolicySnapshot, member: Member): readonly Part[] =>
  member.roles.map((role) => snapshot.roleParts.get(role) ?? unknownRolePart)

/**
 * The allowlist entry that an address matches for a member: the longest prefix of practice, roles and user that has
 * not expired at `at`; `null` if none. `member: null` looks at practice-wide entries only.
 */
export const matchingEntry = (
  snapshot: PolicySnapshot,
  member: Member | null,
  address: Address,
  at: Instant,
): IpEntry | null => {
  const parts = [snapshot.practicePart]
  if (member !== null) {
    parts.push(...rolePartsOf(snapshot, member), snapshot.userParts.get(member.user) ?? unknownRolePart)
  }
  let best: IpEntry | null = null
  let bestPrefix = -1
  for (const { addresses } of parts) {
    const prefix = addresses.prefix(address, at)
    if (prefix <= bestPrefix) continue
    bestPrefix = prefix
    best = snapshot.document.ipEntries[addresses.find(address, at)] ?? null
  }
  return best
}
