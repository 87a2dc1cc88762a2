/**
 * Ready-made configuration for what no route maps, to be pasted and completed by whoever runs the gateway.
 *
 * It changes no configuration and guesses no permission. Invariant: what is written is one entry of `upstreams[].routes`
 * each and parses as such; what could not be a pattern of one is left out. Learning routes by itself was refused: whoever
 * can send requests would write the table.
 */
import { parseRoutes } from '../policies/routes.ts'
import type { UnmappedRoute } from './store/unmapped-routes.ts'

const linesMax = 200

/** A template as a pattern of the route table: a segment that stands for many is `*`. */
export const patternOf = (template: string): string =>
  template
    .split('/')
    .map((segment) => (segment.startsWith(':') ? '*' : segment))
    .join('/')

/** By upstream the entries for `routes:`, most requests first, at most 200 of each; permissions are left to be filled in. */
export function unmappedYaml(
  places: readonly UnmappedRoute[],
): readonly { readonly upstream: string; readonly text: string }[] {
  const upstreams = [...new Set(places.map(({ upstream }) => upstream))].sort()
  return upstreams.flatMap((upstream) => {
    const lines: string[] = []
    const seen = new Set<string>()
    for (const { method, template, odd, count } of places.filter((one) => one.upstream === upstream)) {
      const match = `${method} ${patternOf(template)}`
      const isPattern =
        odd === '' &&
        method !== '*' &&
        template.startsWith('/') &&
        parseRoutes(upstream, [{ match }], 'report').ok
      if (!isPattern || seen.has(match) || lines.length >= linesMax) continue
      seen.add(match)
      lines.push(`  - match: ${JSON.stringify(match)} # ${count} requests`, '    # any: [see-schedule-page]')
    }
    return lines.length === 0 ? [] : [{ upstream, text: `routes:\n${lines.join('\n')}\n` }]
  })
}
