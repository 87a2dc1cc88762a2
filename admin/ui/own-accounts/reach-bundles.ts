/**
 * What an own account may do in one practice, in four bundles that people can choose between.
 *
 * The permissions themselves are the catalogue's. Invariant: a set that is no bundle is told apart (`other`), so that it
 * is never taken for less or more than it is.
 */
const view = ['gw.security.view', 'gw.sessions.view', 'gw.two-factor.view', 'gw.events.view']
const edits = [
  ...['gw.security.settings.edit', 'gw.ip.edit', 'gw.time.edit', 'gw.requests.review', 'gw.sessions.revoke'],
  ...['gw.two-factor.reset', 'gw.roles.edit', 'gw.users.edit', 'gw.events.export', 'gw.tokens.edit'],
]

/** A bundle. */
export type Bundle = { readonly id: string; readonly name: string; readonly permissions: readonly string[] }

/** The bundles, from nothing to everything. */
export const bundles: readonly Bundle[] = [
  { id: 'none', name: 'Nothing', permissions: [] },
  {
    id: 'auditor',
    name: 'Auditor: reads everything, exports events',
    permissions: [...view, 'gw.events.export'],
  },
  {
    id: 'reviewer',
    name: 'Reviewer: reads, decides requests, ends sessions',
    permissions: [...view, 'gw.requests.review', 'gw.sessions.revoke'],
  },
  { id: 'admin', name: 'Security admin: everything', permissions: [...view, ...edits] },
]

const sameSet = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((one) => others.includes(one))

/** The bundle that a set of permissions is; `other`: none of them. */
export const bundleOf = (permissions: readonly string[]): string =>
  bundles.find((bundle) => sameSet(bundle.permissions, permissions))?.id ?? 'other'

/** What a bundle holds. */
export const permissionsOf = (id: string): readonly string[] =>
  bundles.find((bundle) => bundle.id === id)?.permissions ?? []
