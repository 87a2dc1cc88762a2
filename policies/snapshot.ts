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
import { effectivePermissions } from './permissions.ts'
import type { RouteId, RouteRequirement } from './routes.ts'
import { type Edges, layerBits, overlay, type TimeLayer, type Timeline, unpackEdges } from './timeline.ts'

/** The controls that have a scope. */
export type ScopedControl = 'ip' | 'time' | 'two-factor'

/** Scoped controls as bits, so that a decision asks for scope by one `&`. */
export const scopeBits: { readonly [control in ScopedControl]: number } = { ip: 1, time: 2, 'two-factor': 4 }

/** Where in `PolicySnapshot.modeBits` a control's mode lies. */
export const modeShifts: { readonly [control in Control]: number } = {
  session: 0,
  ip: 2,
  time: 4,
  'two-factor': 6,
  permission: 8,
}

const controlNames: readonly Control[] = ['session', 'ip', 'time', 'two-factor', 'permission']
const modeNumbers: { readonly [mode in ControlMode]: number } = { off: 0, monitor: 1, enforce: 2 }

/** What the practice at large, one role or one user brings to a decision. */
export type Part = {
  /** `scopeBits` of the controls whose scope names it, or exempts it. */
  readonly included: number
  readonly exempt: number
  /** `null`: says nothing about it. */
  readonly idleMs: DurationMs | null
  readonly absoluteMs: DurationMs | null
  readonly addresses: AddressSet
  /** What is said of its hours, under `layerBits`; `null`: nothing. */
  readonly hours: Timeline | null
  readonly granted: ReadonlySet<PermissionId>
  /** Those of them that nothing blocks, whatever other roles grant. */
  readonly effective: ReadonlySet<PermissionId>
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
  /** The same, two bits a control (`modeShifts`): 0 off, 1 monitor, 2 enforce. */
  readonly modeBits: number
  /** `scopeBits` of the controls whose scope includes everyone. */
  readonly everyone: number
  readonly practicePart: Part
  readonly roleParts: ReadonlyMap<RoleId, Part>
  readonly userParts: ReadonlyMap<UserId, Part>
  readonly routes: ReadonlyMap<RouteId, RouteRequirement>
  readonly roleNames: ReadonlyMap<RoleId, string>
  /** The operator has address and hours watched instead of enforced (`observe.ts`). */
  readonly observed: boolean
}

type DraftPart = {
  included: number
  exempt: number
  idleMs: DurationMs | null
  absoluteMs: DurationMs | null
  readonly items: AddressItem[]
  readonly edges: { [layer in TimeLayer]: Edges | null }
  granted: ReadonlySet<PermissionId>
  effective: ReadonlySet<PermissionId>
}

const draftPart = (): DraftPart => ({
  included: 0,
  exempt: 0,
  idleMs: null,
  absoluteMs: null,
  items: [],
  edges: { windows: null, closures: null, openings: null, instead: null },
  granted: new Set(),
  effective: new Set(),
})

const noEdges: Edges = new Float64Array(0)
const timeLayers = Object.keys(layerBits) as readonly TimeLayer[]

const finish = ({ items, edges, ...draft }: DraftPart): Part => ({
  ...draft,
  addresses: addressSet(items),
  hours: overlay(timeLayers.map((layer) => ({ edges: edges[layer] ?? noEdges, bit: layerBits[layer] }))),
})

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

const applyScope = (drafts: Drafts, control: ScopedControl, { include, exempt }: Scope): void => {
  const bit = scopeBits[control]
  const audiences = (of: {
    readonly roles: readonly RoleId[]
    readonly users: readonly UserId[]
  }): Audience[] => [...of.roles.map((role) => ({ role })), ...of.users.map((user) => ({ user }))]
  if (include !== 'everyone') {
    for (const audience of audiences(include)) drafts.forAudience(audience).included |= bit
  }
  for (const audience of audiences(exempt)) drafts.forAudience(audience).exempt |= bit
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
    part.effective = effectivePermissions(part.granted, controls.permission).effective
  }
  for (const [control, scope] of scopesOf(document)) applyScope(drafts, control, scope)
  applyEntries(drafts, document.ipEntries)
  for (const { layer, audience, edges } of compiled.timelines) {
    drafts.forAudience(audience).edges[layer] = unpackEdges(edges)
  }
  drafts.practice.idleMs = document.sessions.idleMs
  drafts.practice.absoluteMs = document.sessions.absoluteMs
  const everyone = scopesOf(document).filter(([, scope]) => scope.include === 'everyone')
  const modes: PolicySnapshot['modes'] = {
    session: 'enforce',
    ip: controls.ip.mode,
    time: controls.time.mode,
    'two-factor': controls.twoFactor.mode,
    permission: controls.permission.mode,
  }
  return {
    practice: document.practice,
    revision,
    document,
    compiledAt: compiled.compiledAt,
    tzdata: compiled.tzdata,
    knownFrom: compiled.knownFrom,
    knownUntil: compiled.knownUntil,
    modes,
    modeBits: controlNames.reduce((bits, name) => bits | (modeNumbers[modes[name]] << modeShifts[name]), 0),
    everyone: everyone.reduce((bits, [control]) => bits | scopeBits[control], 0),
    practicePart: finish(drafts.practice),
    roleParts: finishAll(drafts.roles),
    userParts: finishAll(drafts.users),
    routes,
    roleNames: new Map(document.roles.map(({ id, name }) => [id, name])),
    observed: false,
  }
}

/** The parts that concern a member by role; unknown roles bring nothing. */
export const rolePartsOf = (snapshot: PolicySnapshot, member: Pick<Member, 'roles'>): readonly Part[] =>
  member.roles.map((role) => snapshot.roleParts.get(role) ?? unknownRolePart)

/**
 * The allowlist entry that an address matches for a member: the longest prefix of practice, roles and user that has
 * not expired at `at`; `null` if none. `member: null` looks at practice-wide entries only.
 */
export const matchingEntry = (
  snapshot: PolicySnapshot,
  member: Pick<Member, 'user' | 'roles'> | null,
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
