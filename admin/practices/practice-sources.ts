/**
 * How requests of a practice are recognised (SPEC §3): what the configuration of the applications says of it.
 *
 * A gateway reads requests by it (`gateway/practice.ts`); nothing here does. Invariant: it tells what is configured and
 * changes nothing. Hosts in the database were refused: whoever may edit a practice could take another one's traffic.
 */
import type { UpstreamConfig } from '../../runtime/config.ts'

/** An application, as far as it names practices; and whether it is learned (`route-proposal.ts`). */
export type NamingUpstream = Pick<UpstreamConfig, 'id' | 'practice' | 'identity' | 'learn'>

/** One way in which a request names the practice. `value`: the host, segment, cookie or header; empty: the only practice. */
export type PracticeSource = {
  readonly upstream: string
  readonly kind: 'host' | 'path' | 'fixed' | 'cookie' | 'header' | 'claim'
  readonly value: string
}

const namesOf = (of: Readonly<Record<string, string>>, practice: string): readonly string[] =>
  Object.entries(of)
    .filter(([, named]) => named === practice)
    .map(([name]) => name)
    .sort()

function sourcesIn({ id, practice: of, identity }: NamingUpstream, practice: string): PracticeSource[] {
  const claim = identity?.introspection?.currentPractice ?? identity?.jwt?.currentPractice ?? null
  const found: readonly (readonly [PracticeSource['kind'], string])[] = [
    ...namesOf(of.hosts, practice).map((host) => ['host', host] as const),
    ...namesOf(of.pathPrefixes, practice).map((segment) => ['path', segment] as const),
    ...(of.fixed === practice ? [['fixed', ''] as const] : []),
    // An application that is one practice’s own is not asked by what its people carry.
    ...(of.cookie === null || of.fixed !== null ? [] : [['cookie', of.cookie.name] as const]),
    ...(of.header === null || of.fixed !== null ? [] : [['header', of.header.name] as const]),
    ...(claim === null || of.fixed !== null ? [] : [['claim', claim] as const]),
  ]
  return found.map(([kind, value]) => ({ upstream: id, kind, value }))
}

/** The sources of a practice in every application, and what gives it a host of its own, to be completed. */
export function practiceSourcesOf(
  upstreams: readonly NamingUpstream[],
  practice: string,
): { sources: PracticeSource[]; yaml: string } {
  const sources = upstreams.flatMap((upstream) => sourcesIn(upstream, practice))
  const open = upstreams.find(({ practice: { fixed } }) => fixed === null)?.id ?? upstreams[0]?.id ?? 'app'
  const host = sources.find(({ kind }) => kind === 'host')?.value ?? `${practice}.example.com`
  return {
    sources,
    yaml: [
      'upstreams:',
      `  - id: ${open}`,
      '    practice:',
      '      hosts:',
      `        ${JSON.stringify(host)}: ${practice}`,
      '',
    ].join('\n'),
  }
}
