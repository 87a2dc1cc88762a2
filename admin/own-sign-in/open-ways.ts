/**
 * By which ways the people of an upstream may sign in here, as their practices have switched them.
 *
 * Which ways an upstream has at all is configuration. Invariant: the practice of an application decides for it; where an
 * application is nobody's in particular, every practice of the person must leave the way open, as with everything that
 * names no practice. Ending sessions when a way is closed was refused: it says how to come in, not who is in.
 */
import type { PolicyDocument } from '../../policies/document.ts'
import type { Rows } from '../store/database.ts'
import type { OwnMethod } from '../store/own-sign-in-tables.ts'

/** The ways by name, each open or closed. */
export type OpenWays = PolicyDocument['signIn']

const wayOf = {
  'own-password': 'password',
  'own-passkey': 'passkey',
  'own-oidc': 'provider',
} as const satisfies Readonly<Record<OwnMethod, keyof OpenWays>>

const everyWay: OpenWays = { password: true, passkey: true, provider: true }

const both = (one: OpenWays, other: OpenWays): OpenWays => ({
  password: one.password && other.password,
  passkey: one.passkey && other.passkey,
  provider: one.provider && other.provider,
})

/** The ways that every one of these practices leaves open; unknown practices close none. */
export async function readOpenWays(rows: Rows, practices: readonly string[]): Promise<OpenWays> {
  if (practices.length === 0) return everyWay
  const found = await rows
    .selectFrom('practice as p')
    .innerJoin('policy_revision as r', (join) =>
      join.onRef('r.practice', '=', 'p.id').onRef('r.revision', '=', 'p.revision'),
    )
    .select('r.document')
    .where('p.id', 'in', [...practices])
    .execute()
  // Documents of before there were such switches have none.
  return found.reduce((ways, { document }) => both(ways, document.signIn ?? everyWay), everyWay)
}

/** Whether one may sign in so. */
export const isOpen = (ways: OpenWays, method: OwnMethod): boolean => ways[wayOf[method]]
