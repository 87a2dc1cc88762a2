/**
 * A route table proposed from what people did: methods, paths, which roles used them, and the permissions that would let
 * those and as few others as can be through.
 *
 * It changes nothing: routes are configuration, and whoever runs the gateway pastes, completes and deletes. Invariant: the text
 * parses as `upstreams[].routes`, every permission in it is a comment, and each line says what it rests on and what is not
 * certain about it. Writing permissions as if they were meant was refused: what people did is not what they may do.
 */
import type { PolicyDocument } from '../policies/document.ts'
import { catalogue, effectivePermissions } from '../policies/permissions.ts'
import { parseRoutes } from '../policies/routes.ts'
import type { LearnedPlace } from './store/learned-routes.ts'
import { patternOf } from './unmapped-yaml.ts'

/** A permission that all roles that used a place hold. `others`: how many more roles of the practice hold it. */
export type Candidate = { readonly permission: string; readonly others: number }

/**
 * What is not certain about a line. `few`: it rests on few requests; `unnamed`: segments of it stand for many; `no-role`: no
 * role of the practice used it; `no-permission`: none that all of them hold; `shared`: others hold each that fits, too.
 */
export const doubts = ['few', 'unnamed', 'no-role', 'no-permission', 'shared'] as const
/** One of them. */
export type Doubt = (typeof doubts)[number]

/** A place with what might be asked for there. `lines`: its part of `yaml`. */
export type ProposedPlace = LearnedPlace & {
  readonly match: string
  readonly candidates: Candidate[]
  readonly doubts: Doubt[]
  readonly lines: string[]
}

/** What is proposed for one practice; `yaml` by upstream. */
export type RouteProposal = {
  readonly places: readonly ProposedPlace[]
  readonly yaml: readonly { readonly upstream: string; readonly text: string }[]
}

/** What stands above each table. */
export const proposalHead =
  '# What people of this practice did, not what they may do. Nothing of it holds until it is configured.'

const linesMax = 300
/** Fewer requests may be one person’s mistake of one day. */
const fewRequests = 20
const candidatesMax = 3

type Kind = 'route-read' | 'route-write'

const kindOf = (method: string): Kind =>
  method === 'GET' || method === 'HEAD' ? 'route-read' : 'route-write'

/** Permissions that a gateway can ask for on a call of this kind, and the roles of the practice that hold each in effect. */
function holdersOf(
  { roles, controls }: PolicyDocument,
  kind: Kind,
): ReadonlyMap<string, ReadonlySet<string>> {
  const { hiddenBlockers } = controls.permission
  const effective = roles.map(({ id, permissions }) => {
    const held = effectivePermissions(new Set(permissions), { hiddenBlockers }).effective
    return [id, held] as const
  })
  return new Map(
    catalogue
      .filter(({ enforceableAt }) => enforceableAt === kind)
      .map(({ id }) => [id, new Set(effective.filter(([, held]) => held.has(id)).map(([role]) => role))]),
  )
}

/** The few permissions that fit best: held by every role that used the place, and by the fewest others. */
function candidatesOf(
  holders: ReadonlyMap<string, ReadonlySet<string>>,
  used: readonly string[],
): Candidate[] {
  if (used.length === 0) return []
  return [...holders]
    .filter(([, of]) => used.every((role) => of.has(role)))
    .map(([permission, of]) => ({ permission, others: of.size - used.length }))
    .sort((a, b) => a.others - b.others)
    .slice(0, candidatesMax)
}

const line = (text: string): string => text.replaceAll(/\p{Cc}/gu, ' ')

function doubtsOf(place: LearnedPlace, used: readonly string[], candidates: readonly Candidate[]): Doubt[] {
  const isUnnamed = place.template.split('/').some((segment) => segment.startsWith(':'))
  const [first] = candidates
  return [
    ...(place.count < fewRequests ? (['few'] as const) : []),
    ...(isUnnamed ? (['unnamed'] as const) : []),
    ...(used.length === 0 ? (['no-role'] as const) : []),
    ...(used.length > 0 && first === undefined ? (['no-permission'] as const) : []),
    ...(first !== undefined && first.others > 0 ? (['shared'] as const) : []),
  ]
}

function linesOf(
  { match, count, roles, candidates }: Omit<ProposedPlace, 'doubts' | 'lines'>,
  nameOf: ReadonlyMap<string, string>,
): string[] {
  const by = roles.map(({ role, count: of }) => `${nameOf.get(role) ?? role} ${of}`).join(', ')
  const fits = candidates.map(({ permission, others }) =>
    others === 0 ? `${permission} (held by exactly these roles)` : `${permission} (and ${others} more)`,
  )
  return [
    `  - match: ${JSON.stringify(match)} # ${count} requests${by === '' ? '' : `: ${line(by)}`}`,
    ...(fits.length === 0 ? [] : [`    # held by all of them: ${fits.join(', ')}`]),
    `    # any: [${candidates[0]?.permission ?? 'see-schedule-page'}]`,
  ]
}

/** The proposal for a practice from what was learned, most requests first. */
export function proposeRoutes(document: PolicyDocument, learned: readonly LearnedPlace[]): RouteProposal {
  const holders = {
    'route-read': holdersOf(document, 'route-read'),
    'route-write': holdersOf(document, 'route-write'),
  }
  const known = new Set(document.roles.map(({ id }) => id))
  const nameOf = new Map(document.roles.map(({ id, name }) => [id, name]))
  const taken = new Map<string, ProposedPlace>()
  for (const place of learned) {
    const match = `${place.method} ${patternOf(place.template)}`
    const key = `${place.upstream} ${match}`
    const isPattern = place.template.startsWith('/') && parseRoutes(place.upstream, [{ match }], 'report').ok
    if (!isPattern || taken.has(key) || taken.size >= linesMax) continue
    const used = place.roles.map(({ role }) => role).filter((role) => known.has(role))
    const candidates = candidatesOf(holders[kindOf(place.method)], used)
    const found = { ...place, match, candidates }
    taken.set(key, { ...found, doubts: doubtsOf(place, used, candidates), lines: linesOf(found, nameOf) })
  }
  const places = [...taken.values()]
  const upstreams = [...new Set(places.map(({ upstream }) => upstream))].sort()
  const yaml = upstreams.map((upstream) => {
    const lines = places.filter((one) => one.upstream === upstream).flatMap((one) => one.lines)
    return { upstream, text: `${proposalHead}\nroutes:\n${lines.join('\n')}\n` }
  })
  return { places, yaml }
}
