/**
 * An admin for tests: signs in with the first account and calls the admin API as the admin pages do (cookie,
 * origin, token against forged requests). No shortcut into the store.
 */
import { type Answer, type Client, createClient } from './client.ts'

/** A signed-in admin. */
export type AdminClient = {
  readonly client: Client
  read(path: string): Promise<Answer>
  /** Sends JSON with the token, and `If-Match` where given. */
  send(
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    ifMatch?: number,
  ): Promise<Answer>
  /**
   * The value, or an error that shows the answer when its status is not 2xx. What has to be confirmed is confirmed at
   * once if it can be from here, and the revision and sequence are then those of the confirmation; `send` confirms not.
   */
  edit<T = Record<string, unknown>>(
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    ifMatch?: number,
  ): Promise<T>
}

const good = (answer: Answer, what: string): Answer => {
  if (answer.status < 200 || answer.status > 299)
    throw new Error(`${what}: ${answer.status} ${answer.text.slice(0, 600)}`)
  return answer
}

/** Confirms what waits in a practice; what was saved by that, or `null`: nothing waits, or not to be confirmed here. */
const confirmWaiting = async (
  admin: Pick<AdminClient, 'read' | 'send'>,
  practice: string,
): Promise<{ readonly revision: number; readonly sequence: number } | null> => {
  const general = (await admin.read(`/api/practices/${practice}/general`)).json() as {
    readonly revision: number
    readonly confirmation: { readonly state: string; readonly refused?: string | null } | null
  }
  const { confirmation, revision } = general
  if (confirmation?.state !== 'waiting' || confirmation.refused !== null) return null
  const path = `/api/practices/${practice}/confirmation/confirm`
  const confirmed = good(await admin.send('POST', path, {}, revision), path)
  return confirmed.json() as { revision: number; sequence: number }
}

/** A scope of everybody at the demo but own accounts: they hold no role, and so can confirm at any hour, from anywhere. */
export const everyRole = {
  include: { roles: ['owner', 'office-manager', 'front-desk', 'dentist', 'hygienist'], users: [] },
  exempt: { roles: [], users: [] },
}

/** The policy's own edits; people, sessions and requests are not confirmed. */
const policyPath = /^\/api\/practices\/([^/]+)\/(controls|presets|ip-entries|time-|roles|confirmation\/again)/

/** Signs in at `origin` (the admin listener). */
export const signInAdmin = async (
  origin: string,
  account: { readonly login: string; readonly password: string },
  from = '127.0.0.1',
): Promise<AdminClient> => {
  const client = createClient(origin, from)
  await client.get('/sign-in')
  const signedIn = await client.post('/sign-in', {
    form: { login: account.login, password: account.password },
    headers: { origin },
  })
  if (signedIn.status !== 303)
    throw new Error(`admin sign-in: ${signedIn.status} ${signedIn.text.slice(0, 400)}`)
  const me = good(await client.get('/api/me', { navigation: false }), 'me').json() as { csrf: string }
  const send: AdminClient['send'] = (method, path, body, ifMatch) =>
    client.send(path, {
      method,
      navigation: false,
      ...(body === undefined ? {} : { json: body }),
      headers: {
        origin,
        'x-gatehouse-csrf': me.csrf,
        ...(ifMatch === undefined ? {} : { 'if-match': `"${ifMatch}"` }),
      },
    })
  const read: AdminClient['read'] = async (path) => good(await client.get(path, { navigation: false }), path)
  return {
    client,
    read,
    send,
    edit: async <T>(
      method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
      path: string,
      body?: unknown,
      ifMatch?: number,
    ) => {
      const saved = good(await send(method, path, body, ifMatch), `${method} ${path}`).json() as T
      const practice = policyPath.exec(path)?.[1]
      const confirmed = practice === undefined ? null : await confirmWaiting({ read, send }, practice)
      return { ...saved, ...confirmed }
    },
  }
}

/** The revision of a practice's policy now. */
export const revisionOf = async (admin: AdminClient, practice: string): Promise<number> =>
  ((await admin.read(`/api/practices/${practice}/general`)).json() as { revision: number }).revision

/** Resolves once every live gateway enforces `sequence`; fails after 5 s. */
export const activeEverywhere = async (admin: AdminClient, sequence: number): Promise<void> => {
  const deadline = performance.now() + 5_000
  for (;;) {
    const { state } = (await admin.read(`/api/publish/${sequence}`)).json() as { state: string }
    if (state === 'everywhere') return
    if (performance.now() > deadline) throw new Error(`sequence ${sequence} is still ${state} after 5 s`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
