/**
 * A stand of two gateways for tests of the second factor: people who owe one, their way over to the portal and back.
 *
 * It proves nothing by itself; what is expected of each answer is the test's.
 */
import type { Member } from '../../policies/access-request.ts'
import type { Config } from '../../runtime/config.ts'
import { hashToken } from '../../runtime/token.ts'
import type { Answer, Client } from './client.ts'
import { eventually, startStand } from './gateway-stand.ts'

/** The step's own paths. */
export const step = '/.gatehouse/access'
/** Where a browser is handed over. */
export const over = '/.gatehouse/second-factor'
/** Milliseconds. */
export const minutes = 60_000

/** A hundred at once take their time on a busy machine: nothing here is about deadlines. */
const patient = (config: Config): Config => ({
  ...config,
  gateway: { ...config.gateway, leaseMs: 600_000 },
  upstreams: config.upstreams.map(({ identity, ...upstream }) => ({
    ...upstream,
    identity: identity && {
      ...identity,
      introspection: identity.introspection && { ...identity.introspection, timeoutMs: 10_000 },
    },
  })),
})

/** The values of a page's hidden fields. */
export const fieldsOf = (html: string): Record<string, string> =>
  Object.fromEntries(
    [...html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name, value]) => [
      name ?? '',
      value ?? '',
    ]),
  )

/** The hash of a client's companion. */
export const hashOf = (client: Client): string => hashToken(client.cookies.get('gatehouse') ?? '')

/** A running stand of two gateways, with what tests of the second factor do there. */
export const startFactorStand = async (change: (config: Config) => Config = (same) => same) => {
  const stand = await startStand({ gateways: 2, change: (config) => change(patient(config)) })
  const base = (at = 0): string => stand.gateways[at]!.addresses.application
  /** Resolves once both gateways know what the control plane said last. */
  const known = (): Promise<void> =>
    eventually(
      () => stand.gateways.every(({ state }) => state.sequence() === stand.control.sequence()),
      'known to both',
    )
  const prove = (client: Client, to?: string, proof?: string): Promise<Answer> => {
    const brought = proof ?? stand.control.layProof(hashOf(client))
    const back = to === undefined ? '' : `&to=${encodeURIComponent(to)}`
    return client.get(`${step}?proof=${brought}${back}`)
  }
  return {
    ...{ ...stand, base, known, prove },
    elsewhere: (client: Client, at = 1): Client => client.elsewhere({ base: base(at) }),
    /** Asks everybody of the practice for a second factor, and of `/reports` one of the last 15 minutes. */
    require2fa: async (practice = 'riverside', mode: 'enforce' | 'monitor' | 'off' = 'enforce') => {
      await stand.control.savePolicy(practice, (document) => ({
        ...document,
        controls: { ...document.controls, twoFactor: { ...document.controls.twoFactor, mode } },
        stepUp: { reports: { maxAgeMs: 15 * minutes, phishingResistant: false } },
      }))
      await known()
    },
    member: async (change: Partial<Member>, user = 'usr_ann') => {
      await stand.control.saveMember('riverside', user, (before) => ({ ...before, ...change }))
      await known()
    },
    sessionOf: (client: Client) => stand.control.sessions.get(hashOf(client))?.record,
    held: () => [...stand.control.sessions.values()].filter(({ record }) => record.held),
    /** Signs Ann in, and fails unless she is held with nothing but the companion. */
    signInHeld: async (from = '127.0.0.1', at = 0): Promise<Client> => {
      const client = stand.client(from, at)
      const answer = await stand.signIn(client, 'ann')
      const names = [...client.cookies.keys()].join(' ')
      if (answer.headers.location?.startsWith(step) !== true || names !== 'gatehouse')
        throw new Error(`not held: ${answer.status} ${answer.headers.location} ${names}`)
      return client
    },
    /** Goes to the portal; the ticket. */
    goOver: async (client: Client, path = over): Promise<string> => {
      const gone = await client.get(path)
      const form = /^http:\/\/portal\.example\/hand-over\?ticket=([A-Za-z0-9_-]{43})$/
      const ticket = form.exec(gone.headers.location ?? '')?.[1]
      const kept = gone.headers['cache-control'] === 'no-store'
      if (gone.status !== 303 || ticket === undefined || !kept) throw new Error(`no ticket: ${gone.status}`)
      if (gone.headers['referrer-policy'] !== 'no-referrer') throw new Error('the ticket may leak')
      return ticket
    },
    /** Presses a button of the page at `path`, as a browser does. */
    press: async (client: Client, does: string, path = step): Promise<Answer> => {
      const page = await client.get(path)
      return client.post(step, { form: { ...fieldsOf(page.text), do: does }, headers: { origin: base() } })
    },
  }
}

/** A running stand for tests of the second factor. */
export type FactorStand = Awaited<ReturnType<typeof startFactorStand>>

/** Signs Ann in, with a factor proved just now. */
export const signInProved = async (stand: FactorStand): Promise<Client> => {
  const client = await stand.signInHeld()
  const proved = await stand.prove(client)
  const gone = await client.get(proved.headers.location ?? '')
  if (gone.headers.location !== '/home') throw new Error(`not released: ${gone.status}`)
  return client
}
