/**
 * The internal API over HTTP: what `runtime/internal.ts` says, for gateways in processes of their own.
 *
 * It is never reachable from a browser: every call carries the fleet's bearer, and a request that a browser marks
 * (`Origin`, `Sec-Fetch-Site`) is refused. Invariant: bodies and answers are checked by the contract's schemas on
 * both sides; what fails says nothing about why beyond a status.
 */
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { z } from 'zod'
import { isFault } from '../runtime/fault.ts'
import { createBearerCheck } from '../runtime/fleet-seal.ts'
import {
  askAccessSchema,
  assertRolesSchema,
  beginSignInSchema,
  type ControlPlane,
  changeSessionSchema,
  enterAdminSchema,
  finishSignInSchema,
  handOverSchema,
  openSessionSchema,
  proveFactorSchema,
  withdrawAccessSchema,
} from '../runtime/internal.ts'
import { internalRoutes } from '../runtime/internal-routes.ts'
import type { Log } from '../runtime/log.ts'

const bodyBytesMax = 262_144

const changesQuery = z.strictObject({
  since: z.coerce.number().int().nonnegative(),
  gateway: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/),
})
const standingsBody = askAccessSchema.pick({ tokenHash: true, kind: true, address: true })
const recordQuery = z.strictObject({ key: z.string().min(1).max(300) })

/** Not a mistake of ours: the caller sent something the contract does not know. */
const badCall = (what: string): Error => Object.assign(new Error(what), { badCall: true })
const isBadCall = (error: Error): boolean => 'badCall' in error

const parsed = <T>(schema: z.ZodType<T>, value: unknown): T => {
  const result = schema.safeParse(value)
  if (!result.success) throw badCall(result.error.issues[0]?.message ?? 'malformed')
  return result.data
}

const bodyOf = async (c: Context): Promise<unknown> => {
  try {
    return await c.req.json()
  } catch {
    throw badCall('not JSON')
  }
}

/**
 * The app. `clusterKey`: what gateways derive their bearer from. 401: not one of us; 422: not of the contract; 503:
 * the database cannot be had.
 */
export function createInternalApp(options: {
  readonly plane: ControlPlane
  readonly clusterKey: string
  readonly log: Log
}): Hono {
  const { plane, log } = options
  const isOneOfUs = createBearerCheck(options.clusterKey)
  const app = new Hono()
  app.use(async (c, next) => {
    const browser = c.req.header('origin') !== undefined || c.req.header('sec-fetch-site') !== undefined
    if (browser || !isOneOfUs(c.req.header('authorization'))) return c.json(null, 401)
    await next()
    c.res.headers.set('cache-control', 'no-store')
    return undefined
  })
  app.use(bodyLimit({ maxSize: bodyBytesMax }))
  app.post(internalRoutes.openSession.path, async (c) =>
    c.json(await plane.openSession(parsed(openSessionSchema, await bodyOf(c)))),
  )
  app.post(internalRoutes.assertRoles.path, async (c) =>
    c.json(await plane.assertRoles(parsed(assertRolesSchema, await bodyOf(c)))),
  )
  app.post(internalRoutes.changeSession.path, async (c) =>
    c.json(await plane.changeSession(parsed(changeSessionSchema, await bodyOf(c)))),
  )
  app.get(internalRoutes.changes.path, async (c) => {
    const { since, gateway } = parsed(changesQuery, c.req.query())
    return c.json(await plane.changes(since, gateway))
  })
  app.get(internalRoutes.record.path, async (c) =>
    c.json(await plane.record(parsed(recordQuery, c.req.query()).key)),
  )
  app.post(internalRoutes.askAccess.path, async (c) =>
    c.json(await plane.askAccess(parsed(askAccessSchema, await bodyOf(c)))),
  )
  app.post(internalRoutes.withdrawAccess.path, async (c) =>
    c.json(await plane.withdrawAccess(parsed(withdrawAccessSchema, await bodyOf(c)))),
  )
  app.post(internalRoutes.accessStandings.path, async (c) => {
    const { tokenHash, kind, address } = parsed(standingsBody, await bodyOf(c))
    return c.json(await plane.accessStandings(tokenHash, kind, address))
  })
  app.post(internalRoutes.handOver.path, async (c) =>
    c.json(await plane.handOver(parsed(handOverSchema, await bodyOf(c)))),
  )
  app.post(internalRoutes.enterAdmin.path, async (c) =>
    c.json(await plane.enterAdmin(parsed(enterAdminSchema, await bodyOf(c)))),
  )
  app.post(internalRoutes.proveFactor.path, async (c) =>
    c.json(await plane.proveFactor(parsed(proveFactorSchema, await bodyOf(c)))),
  )
  app.post(internalRoutes.beginSignIn.path, async (c) =>
    c.json(await plane.beginSignIn(parsed(beginSignInSchema, await bodyOf(c)))),
  )
  app.post(internalRoutes.finishSignIn.path, async (c) =>
    c.json(await plane.finishSignIn(parsed(finishSignInSchema, await bodyOf(c)))),
  )
  app.get(internalRoutes.publicKey.path, async (c) => c.json({ publicKey: await plane.publicKey() }))
  app.notFound((c) => c.json(null, 404))
  app.onError((error, c) => {
    if (isBadCall(error)) return c.json(null, 422)
    if (isFault(error)) return c.json(null, 503)
    log.error({ error, path: c.req.path }, 'an internal call failed')
    return c.json(null, 500)
  })
  return app
}
