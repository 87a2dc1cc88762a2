/**
 * A stage for tests of the way into the admin origin: a portal and an admin origin on one database, people with
 * authenticator apps, and the whole way walked as a browser does.
 *
 * There is no gateway: tickets are laid as one would lay them. What a browser sends along is sent unless taken away.
 */
import { createAdminApp } from '../../../admin/admin-app.ts'
import { createAdmission } from '../../../admin/api/admission.ts'
import { createPolicyViews } from '../../../admin/api/policy-views.ts'
import { createLive } from '../../../admin/live.ts'
import { editPolicy } from '../../../admin/policy-edit.ts'
import { createAdminSessions } from '../../../admin/sign-in/admin-sessions.ts'
import { layEntry } from '../../../admin/sign-in/entries.ts'
import { createTryLimits } from '../../../admin/sign-in/try-limits.ts'
import type { SessionRow } from '../../../admin/store/sessions.ts'
import { createUiAssets } from '../../../admin/ui-assets.ts'
import type { PolicyDocument } from '../../../policies/document.ts'
import { hashToken, newToken } from '../../../runtime/token.ts'
import { address, createPortalStage, digits, origin as portal } from '../portal/portal-stage.ts'
import { north } from '../practice-store.ts'

/** The admin origin here. */
export const admin = 'https://admin.example'

/** Somebody with roles and an authenticator app, and the gateway session that they came by. */
export type Someone = { readonly session: SessionRow; readonly key: string }

/** A browser that is in. */
export type Inside = {
  readonly cookie: string
  readonly ask: (
    method: string,
    path: string,
    wish?: { readonly json?: unknown; readonly revision?: number; readonly from?: string },
  ) => Promise<Response>
}

const cookieOf = (answer: Response, name: string): string =>
  answer.headers
    .getSetCookie()
    .find((line) => line.startsWith(name))
    ?.split(';')[0] ?? ''

/** A query parameter of an answer's `Location`; empty: none. */
export const sentOn = (answer: Response, name: string): string =>
  new URL(answer.headers.get('location') ?? '', admin).searchParams.get(name) ?? ''

const createOrigins = async () => {
  const stage = await createPortalStage()
  const { store, clock, log } = stage
  const { now } = clock
  const limits = createTryLimits(store, now)
  const { keyring } = stage.parts
  const party = null
  const sessions = createAdminSessions({ store, now, limits, keyring, log, party })
  const views = createPolicyViews(store, now)
  const live = createLive({ store, now, log })
  const app = createAdminApp({
    plane: {
      ...{ store, now, views, live, sessions, keyring, limits, party, providers: new Map() },
      admission: createAdmission({ store, views, now, end: sessions.end }),
      ...{ notifications: { mailGoesOut: false, webhooks: [] }, passwordLinks: null },
      ...{ publicKey: stage.signer.publicKey, routes: new Map(), changed: () => {} },
      ...{ portal: () => portal, upstreams: ['demo'], sources: [] },
    },
    origin: admin,
    portal: () => portal,
    trustedProxies: [],
    ui: createUiAssets('/nowhere'),
    log,
    heartbeatMs: 20,
  })
  const request = (path: string, init: RequestInit = {}, peer: string = address): Promise<Response> =>
    Promise.resolve(app.request(`${admin}${path}`, init, { peer }))
  const get = (path: string, cookie = '', headers: Record<string, string> = {}, peer?: string) =>
    request(path, { headers: { ...(cookie === '' ? {} : { cookie }), ...headers } }, peer)
  return { stage, app, views, live, request, get }
}

type Origins = Awaited<ReturnType<typeof createOrigins>>

const createPeople = ({ stage }: Origins) => {
  const { store } = stage
  let people = 0
  /** Signs somebody in with these roles (of `north`) and sets up their app. */
  const someone = async (roles: readonly string[] = ['owner']): Promise<Someone> => {
    people += 1
    const session = await stage.signIn(`insider${people}`)
    await setRoles(session.user_id, roles)
    const { key } = await stage.enrol(session)
    return { session, key }
  }
  const setRoles = (user: string, roles: readonly string[], practice = north): Promise<unknown> =>
    store.read((rows) =>
      rows
        .updateTable('membership')
        .set({ roles: [...roles] })
        .where('user_id', '=', user)
        .where('practice', '=', practice)
        .execute(),
    )
  return { someone, setRoles }
}

const createWay = ({ stage, request, get }: Origins) => {
  const { store, clock } = stage
  const { now } = clock
  /** A gateway's ticket for a session. */
  const ticketOf = async ({ token_hash: tokenHash }: SessionRow): Promise<string> => {
    const ticket = newToken()
    const origin = 'https://desk.example'
    if (!(await layEntry(store, { ticketHash: hashToken(ticket), tokenHash, origin }, now())))
      throw new Error('no ticket')
    return ticket
  }
  /** Takes what the admin origin sent on to the portal, proves there, and answers what the portal sends back. */
  const prove = async (ticket: string, key: string): Promise<Response> => {
    const arrived = await stage.get(`/hand-over?ticket=${ticket}`)
    const cookie = arrived.headers.get('set-cookie')?.split(';')[0] ?? ''
    clock.advance(30_000)
    return stage.send(cookie, '/verify', '/verify', {
      code: digits(key, now()),
      by: 'app',
      purpose: 'access',
    })
  }
  /** The way until the proof: the cookie of the beginning, and the proof. */
  const walk = async ({ session, key }: Someone): Promise<{ begin: string; proof: string }> => {
    const begun = await get(`/hand-over?ticket=${await ticketOf(session)}`)
    if (begun.status !== 303) throw new Error(`${begun.status} ${await begun.text()}`)
    const begin = cookieOf(begun, '__Host-gatehouse-admin-begin=')
    const proved = await prove(sentOn(begun, 'ticket'), key)
    if (proved.status !== 303) throw new Error(`${proved.status} ${await proved.text()}`)
    return { begin, proof: sentOn(proved, 'proof') }
  }
  const inside = async (entered: Response): Promise<Inside> => {
    const cookie = cookieOf(entered, '__Host-gatehouse-admin=')
    if (entered.status !== 303 || cookie === '') throw new Error(`${entered.status} ${await entered.text()}`)
    const { csrf } = (await (await get('/api/me', cookie)).json()) as { csrf: string }
    const base = { cookie, origin: admin, 'sec-fetch-site': 'same-origin', 'x-gatehouse-csrf': csrf }
    return {
      cookie,
      ask: (method, path, { json, revision, from } = {}) =>
        request(
          path,
          {
            method,
            headers: {
              ...base,
              ...(json === undefined ? {} : { 'content-type': 'application/json' }),
              ...(revision === undefined ? {} : { 'if-match': `"${revision}"` }),
            },
            ...(json === undefined ? {} : { body: JSON.stringify(json) }),
          },
          from,
        ),
    }
  }
  /** The whole way in. */
  const enter = async (who: Someone): Promise<Inside> => {
    const { begin, proof } = await walk(who)
    return inside(await get(`/hand-over?proof=${proof}`, begin))
  }
  return { ticketOf, prove, walk, inside, enter }
}

const createPolicies = ({ stage }: Origins) => {
  const { store } = stage
  /** Saves a policy as Gatehouse's operator would, with nothing to confirm left behind unless `waiting`. */
  const policy = async (
    change: (document: PolicyDocument) => PolicyDocument,
    { practice = north, waiting = false } = {},
  ): Promise<void> => {
    const edited = await editPolicy(store, {
      ...{
        practice,
        ifRevision: null,
        deed: stage.deed({ actor: { kind: 'cli', id: 'op', name: 'Operator' } }),
      },
      ...{ typedName: `Practice ${practice}`, change },
    })
    if (edited.outcome !== 'saved') throw new Error(JSON.stringify(edited))
    if (!waiting)
      await store.read((rows) =>
        rows
          .updateTable('policy_revision')
          .set({ confirm_by: null, predecessor: null })
          .where('practice', '=', practice)
          .where('revision', '=', edited.revision)
          .execute(),
      )
  }
  return { policy }
}

/** A portal and an admin origin with nobody at them. */
export const createEntryStage = async () => {
  const origins = await createOrigins()
  const { stage, live, views, request, get } = origins
  return {
    ...{ ...stage, live, views, admin: { get, request } },
    ...{ ...createPeople(origins), ...createWay(origins), ...createPolicies(origins) },
    close: async () => {
      live.close()
      await stage.close()
    },
  }
}

/** A portal and an admin origin. */
export type EntryStage = Awaited<ReturnType<typeof createEntryStage>>
