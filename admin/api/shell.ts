/**
 * Answers around the tabs: who am I, which practices, how far a save has come, what changed just now.
 *
 * Nothing of a practice that the account holds no permission in is answered or told. Invariant: an event
 * stream ends with the session that opened it, with a permission lost, or when the practice's policy refuses
 * its reader; it never puts off the idle end.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { streamSSE } from 'hono/streaming'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { ClientHop } from '../../runtime/forwarded.ts'
import { accountPath } from '../../runtime/pages/management-line.ts'
import { publishAnswer } from '../live.ts'
import { countSealedCodes } from '../sealed-codes.ts'
import type { Administrator } from '../sign-in/admin-sessions.ts'
import { readCookie } from '../sign-in/cookie.ts'
import { listFeaturesOff } from '../store/practice-features.ts'
import { listPracticeHeads } from '../store/practices.ts'
import { readPublishState } from '../store/publish-state.ts'
import { holds, permissionsIn } from './access.ts'
import type { AdminEnv } from './admin-env.ts'
import type { ApiPlane } from './api-plane.ts'
import { type LiveMessage, shellRoutes } from './contract/me.ts'
import { listedWidely } from './networks.ts'
import { refusal } from './refusals.ts'

/** Which hop gave the address, for people. */
export const hopSentence = ({ vouchedBy, malformed }: ClientHop): string => {
  const source =
    vouchedBy === null ? 'the connection itself' : `X-Forwarded-For, as added by ${vouchedBy.text}`
  return malformed ? `${source}; what stood before it was malformed` : source
}

async function practicesOf(plane: ApiPlane, account: Administrator) {
  const all = await plane.store.read(listPracticeHeads)
  return all.filter(({ id }) => permissionsIn(account, id).size > 0)
}

async function answerMe(c: Context<AdminEnv>, plane: ApiPlane) {
  const { account, csrf, endsAt, gateway } = c.get('admin')
  const application = gateway?.application ?? null
  const hop = c.get('hop')
  const practices = await practicesOf(plane, account)
  const views = await plane.views.readMany(practices.map(({ id }) => id))
  const at = plane.now()
  return {
    account: { login: account.login, name: account.name },
    csrf,
    endsAt,
    sealedCodesLeft:
      account.kind === 'admin' ? await plane.store.read((rows) => countSealedCodes(rows, account.id)) : null,
    accountPage: application === null ? null : `${application}${accountPath}`,
    operator: account.practices === 'every',
    seenAt: { address: hop.client.text, sentence: hopSentence(hop) },
    practices: practices.map(({ id, name, zone }) => {
      const snapshot = views.get(id)?.snapshot
      const entry = snapshot === undefined ? null : listedWidely(snapshot, hop.client, at)
      return {
        ...{ id, name, zone, permissions: [...permissionsIn(account, id)] },
        address: { listed: entry !== null, label: entry?.label ?? null },
      }
    }),
  }
}

async function answerPractices(c: Context<AdminEnv>, plane: ApiPlane) {
  const practices = await practicesOf(plane, c.get('admin').account)
  const counts = await plane.store.read((rows) =>
    rows
      .selectFrom('membership')
      .select((eb) => ['practice', eb.fn.countAll<number>().as('members')])
      .groupBy('practice')
      .execute(),
  )
  const members = new Map(counts.map((row) => [row.practice, row.members]))
  const off = await plane.store.read((rows) => listFeaturesOff(rows, 'every'))
  return practices.map(({ id, name, zone, revision, controls }) => {
    const { ip, time, twoFactor, permission } = controls
    return {
      ...{ id, name, zone, revision, members: members.get(id) ?? 0, lacks: [...(off.get(id) ?? [])] },
      controls: { ip: ip.mode, time: time.mode, twoFactor: twoFactor.mode, permission: permission.mode },
    }
  })
}

/** `secure`: the origin is https. `heartbeatMs`: how often an event stream says that it is there. */
export type LiveOptions = { readonly secure: boolean; readonly heartbeatMs: DurationMs }

/**
 * Sends what is told, in order, and a comment at each heartbeat, until the browser or the session is gone.
 */
async function answerLive(
  c: Context<AdminEnv>,
  plane: ApiPlane,
  practice: string,
  { secure, heartbeatMs }: LiveOptions,
): Promise<Response> {
  const token = readCookie(c.req.header('cookie'), secure) ?? ''
  const { client } = c.get('hop')
  const waiting: LiveMessage[] = []
  let tell = (message: LiveMessage): void => void waiting.push(message)
  const stop = plane.live.subscribe(practice, (message) => tell(message))
  // Watching begins before the headers go out: what a browser loads once it is connected misses nothing.
  await plane.live.look()
  return streamSSE(c, async (stream) => {
    const ended = Promise.withResolvers<void>()
    let sending: Promise<unknown> = Promise.resolve()
    const send = (work: () => Promise<unknown>): void => {
      sending = sending.then(work).catch(() => ended.resolve())
    }
    const beat = async (): Promise<void> => {
      const admin = await plane.sessions.find(token, client, false)
      const may = admin !== null && holds(admin.account, practice, 'gw.security.view')
      const asking = { practice, client, method: 'GET' }
      if (!may || (await plane.admission.admit({ admin, ...asking })) !== null) ended.resolve()
      else await stream.write(': here\n\n')
    }
    const timer = setInterval(() => send(beat), heartbeatMs)
    stream.onAbort(() => ended.resolve())
    void plane.live.closed.then(() => ended.resolve())
    tell = ({ kind, ...rest }) => send(() => stream.writeSSE({ event: kind, data: JSON.stringify(rest) }))
    send(() => stream.write(': watching\n\n'))
    for (const message of waiting) tell(message)
    await ended.promise
    clearInterval(timer)
    stop()
  })
}

/** Adds the answers. */
export function answerShell(app: OpenAPIHono<AdminEnv>, plane: ApiPlane, live: LiveOptions): void {
  app.openapi(shellRoutes.me, async (c) => c.json(await answerMe(c, plane), 200))
  app.openapi(shellRoutes.practices, async (c) => c.json({ practices: await answerPractices(c, plane) }, 200))
  app.openapi(shellRoutes.publish, async (c) => {
    const { sequence } = c.req.valid('param')
    const at: Instant = plane.now()
    const state = await plane.store.read((rows) => readPublishState(rows, sequence, at))
    if (state === null) throw refusal('not-found', 'Nothing was saved under this number within a day.')
    return c.json(publishAnswer(state), 200)
  })
  app.openapi(shellRoutes.live, (c) => answerLive(c, plane, c.req.valid('query').practice, live))
}
