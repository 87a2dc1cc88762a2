/**
 * Answers of office heartbeats: list, make with the ready-made cron line, revoke.
 *
 * The tokens are `ip-list/heartbeat-tokens.ts`. Invariant: the token never stands in a command's arguments, where every
 * user of the machine could read it, but in a file of its own.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import { createHeartbeat, followable, listHeartbeats, revokeHeartbeat } from '../ip-list/heartbeat-tokens.ts'
import type { AdminEnv } from './admin-env.ts'
import { type ApiPlane, deedOf } from './api-plane.ts'
import { heartbeatRoutes } from './contract/heartbeats.ts'
import { invalid, refusal } from './refusals.ts'

const file = '"$HOME/.gatehouse-heartbeat"'

/** The lines for the machine at the office. The family is the entry's, so that both of an office do not take turns. */
const linesFor = (token: string, family: 4 | 6, portal: string) => ({
  setUp: `(umask 077; printf 'Authorization: Bearer %s\\n' '${token}' > ${file})`,
  cronLine: `*/5 * * * * curl -fsS -${family} -m 20 -o /dev/null -X POST -H @${file} ${portal}/heartbeat`,
})

/** Adds the answers. */
export function answerHeartbeats(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(heartbeatRoutes.list, async (c) => {
    const { practice } = c.req.valid('param')
    const { document } = await plane.views.read(practice)
    const found = await plane.store.read((rows) =>
      listHeartbeats(rows, practice, document.ipEntries, plane.now()),
    )
    return c.json({ heartbeats: [...found] }, 200)
  })
  app.openapi(heartbeatRoutes.create, async (c) => {
    const { practice, id: entry } = c.req.valid('param')
    const deed = deedOf(c, plane, c.req.valid('json').reason)
    const made = await createHeartbeat(plane.store, { practice, entry, deed })
    if (made.outcome === 'unknown-entry') throw refusal('not-found', 'There is no such entry.')
    if (made.outcome === 'refused') throw invalid([{ path: 'id', sentence: made.sentence }])
    const family = followable(made.entry)?.family ?? 4
    return c.json({ id: made.id, token: made.token, ...linesFor(made.token, family, plane.portal()) }, 201)
  })
  app.openapi(heartbeatRoutes.revoke, async (c) => {
    const { practice, id } = c.req.valid('param')
    const deed = deedOf(c, plane, c.req.valid('json').reason)
    if (!(await revokeHeartbeat(plane.store, { practice, id, deed })))
      throw refusal('not-found', 'There is no such heartbeat.')
    return c.json({ revoked: true as const }, 200)
  })
}
