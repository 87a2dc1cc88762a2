/**
 * Answers of service tokens: the list, making one, revoking one.
 *
 * The changes are `admin/service-tokens.ts`. Invariant: the token passes through the answer of its making and into no
 * log, event or list.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Instant } from '../../policies/instant.ts'
import { makeToken, revokeToken } from '../service-tokens.ts'
import { type ListedToken, listTokens } from '../store/service-tokens.ts'
import type { AdminEnv } from './admin-env.ts'
import { type ApiPlane, deedOf } from './api-plane.ts'
import { type TokenAnswer, tokensRoutes } from './contract/tokens.ts'
import { invalid, refusal } from './refusals.ts'

const stateOf = ({ revokedAt, expiresAt }: ListedToken, at: Instant): TokenAnswer['state'] =>
  revokedAt !== null ? 'revoked' : expiresAt <= at ? 'expired' : 'active'

/** A token as it is told to people; the command line tells the same. */
export const tokenAnswer = (token: ListedToken, at: Instant): TokenAnswer => ({
  id: token.id,
  name: token.name,
  owner: { ...token.owner },
  prefix: token.prefix,
  routes: token.routes === null ? 'anything' : [...token.routes],
  methods: token.methods === null ? 'anything' : [...token.methods],
  ranges: token.ranges === null ? 'anywhere' : [...token.ranges],
  permissions: [...token.permissions],
  state: stateOf(token, at),
  createdAt: token.createdAt,
  createdBy: token.createdByName,
  expiresAt: token.expiresAt,
  revokedAt: token.revokedAt,
  revokedBy: token.revokedByName,
  lastUsedAt: token.lastUsedAt,
  lastAddress: token.lastAddress,
})

/** Adds the answers. */
export function answerTokens(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(tokensRoutes.list, async (c) => {
    const { practice } = c.req.valid('param')
    const tokens = await plane.store.read((rows) => listTokens(rows, practice))
    const at = plane.now()
    return c.json({ tokens: tokens.map((token) => tokenAnswer(token, at)) }, 200)
  })
  app.openapi(tokensRoutes.create, async (c) => {
    const { practice } = c.req.valid('param')
    const { reason, ...wish } = c.req.valid('json')
    const deed = deedOf(c, plane, reason)
    const made = await makeToken(plane.store, { practice, deed, routes: new Set(plane.routes.keys()) }, wish)
    switch (made.outcome) {
      case 'made': {
        const { token, listed, announced } = made
        return c.json({ token, listed: tokenAnswer(listed, deed.at), sequence: announced }, 201)
      }
      case 'unknown-practice':
        throw refusal('not-found', 'There is no such practice.')
      case 'problems':
        throw invalid(made.problems)
    }
  })
  app.openapi(tokensRoutes.revoke, async (c) => {
    const deed = deedOf(c, plane, c.req.valid('json').reason)
    const revoked = await revokeToken(plane.store, { ...c.req.valid('param'), deed })
    if (revoked.outcome === 'unknown') throw refusal('not-found', 'There is no such token in this practice.')
    return c.json({ listed: tokenAnswer(revoked.listed, deed.at), sequence: revoked.announced }, 200)
  })
}
