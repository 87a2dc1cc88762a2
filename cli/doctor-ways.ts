/**
 * What the doctor looks at on the ways in: listeners, forwarding, certificates, and ways around the gateway.
 *
 * It sends a few harmless GETs, with a made-up address in one header. Invariant: each look is bounded in time, and a way
 * that cannot be tried is said to be so, not called safe.
 */
import { connect } from 'node:tls'
import { z } from 'zod'
import { parseAddress } from '../policies/address.ts'
import type { DurationMs, Instant } from '../policies/instant.ts'
import type { Config } from '../runtime/config.ts'
import { certificateFileFindings } from './doctor-certificates.ts'
import { type Finding, fail, fine, warn } from './doctor-stores.ts'

/** No machine of anybody's: an address of the documentation (RFC 5737). */
const madeUp = '203.0.113.77'
const lookMs: DurationMs = 3_000
const expiresSoonMs: DurationMs = 14 * 86_400_000

const statusSchema = z.object({ address: z.string() })

const get = (url: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(lookMs), headers })

const isOpenEverywhere = (listen: string): boolean => /^(?:0\.0\.0\.0|\[::\]):/.test(listen)

/** A listener's address as this host reaches it. */
const here = (listen: string): string => `http://${listen.replace(/^(?:0\.0\.0\.0|\[::\])/, '127.0.0.1')}`

/** Whether a plane of this host is ready, by its own word. */
async function readyFinding(check: string, listen: string): Promise<Finding> {
  try {
    const response = await get(`${here(listen)}/readyz`)
    const said = (await response.text()).trim().split('\n').join('; ').slice(0, 200)
    return response.ok
      ? fine(check, 'ready')
      : fail(check, `not ready: ${said}`, 'See its log; the words name what is missing.')
  } catch {
    return warn(check, `nothing answers at ${listen}`, 'If it should run on this host, start it.')
  }
}

const privateFindings = ({ listen }: Config): readonly Finding[] =>
  (['internal', 'gatewayMetrics', 'adminMetrics'] as const)
    .filter((name) => isOpenEverywhere(listen[name]))
    .map((name) =>
      warn(
        `listen.${name}`,
        'listens on every address',
        'Bind it to a private one, or keep it behind a firewall.',
      ),
    )

/** Which address the gateway takes the client for; `null`: it does not say. */
async function seenAddress(origin: string): Promise<string | null> {
  const response = await get(`${origin}/.gatehouse/status`, { 'X-Forwarded-For': madeUp })
  const { data } = statusSchema.safeParse(await response.json().catch(() => null))
  return data === undefined || parseAddress(data.address) === null ? null : data.address
}

async function ownHopFinding(config: Config): Promise<Finding> {
  const check = 'forwarding, from here'
  // Its certificate is for the name by which browsers call it, not for an address of this host.
  if (config.gateway.tls.certificateFile !== null)
    return fine(check, 'left to the look from outside, since the listener speaks TLS')
  try {
    const seen = await seenAddress(here(config.listen.application))
    if (seen === null)
      return warn(check, 'the listener does not say whom it sees', 'Is it a gateway of this version?')
    return seen === madeUp
      ? warn(
          check,
          'this host may claim any address, since it is in gateway.trustedProxies',
          'Right if a proxy runs here and overwrites X-Forwarded-For; else take it out.',
        )
      : fine(check, `a made-up X-Forwarded-For changes nothing: ${seen}`)
  } catch {
    return warn(
      check,
      `nothing answers at ${config.listen.application}`,
      'Run this on the gateway’s host, while it runs.',
    )
  }
}

async function publicHopFinding(origin: string): Promise<Finding> {
  const check = 'forwarding, from outside'
  try {
    const seen = await seenAddress(origin)
    if (seen === madeUp)
      return fail(
        check,
        'anybody may claim any address: a proxy in front passes on what clients write',
        'Let it overwrite X-Forwarded-For, or name only the last proxy in gateway.trustedProxies.',
      )
    return seen === null
      ? fail(
          check,
          `${origin} is not answered by a gateway`,
          'Check where that name leads: people may be reaching the application itself.',
        )
      : fine(check, `seen as ${seen}`)
  } catch {
    return warn(check, `${origin} cannot be reached from here`, 'Try it from a machine outside.')
  }
}

const isPrivateHost = (url: string): boolean => {
  const host = new URL(url).hostname
  return (
    /^(?:localhost|127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|\[::1\]|\[f[cd])/.test(host) ||
    !host.includes('.')
  )
}

/** Whether the application can be had around the gateway, at each address that somebody names. */
async function aroundFinding(url: string): Promise<Finding> {
  const check = 'around the gateway'
  try {
    const response = await get(url)
    await response.body?.cancel()
    return fail(
      check,
      `${url} answers (${response.status}) without passing here`,
      'Bind the application to a private address, or let its firewall admit gateways alone.',
    )
  } catch {
    return fine(check, `${url} does not answer this host`)
  }
}

const upstreamFindings = ({ upstreams }: Config): readonly Finding[] =>
  upstreams.map(({ id, url }) =>
    isPrivateHost(url)
      ? fine(`application ${id}`, 'has a private address')
      : warn(
          `application ${id}`,
          'has an address that is not private',
          'Try it from outside: `gatehouse doctor --around URL`.',
        ),
  )

/** When the certificate of an https origin ends. */
function certificateFinding(origin: string, at: Instant): Promise<Finding> {
  const { hostname, port } = new URL(origin)
  const check = `certificate of ${hostname}`
  return new Promise((resolve) => {
    const socket = connect({
      host: hostname,
      port: Number(port || 443),
      servername: hostname,
      rejectUnauthorized: false,
    })
    const end = (finding: Finding): void => {
      socket.destroy()
      resolve(finding)
    }
    socket.setTimeout(lookMs, () => end(warn(check, 'does not answer', 'Try it from a machine outside.')))
    socket.once('error', () =>
      end(warn(check, 'cannot be reached from here', 'Try it from a machine outside.')),
    )
    socket.once('secureConnect', () => {
      const ends = Date.parse(socket.getPeerCertificate().valid_to)
      const left = ends - at
      const day = new Date(Number.isNaN(ends) ? 0 : ends).toISOString().slice(0, 10)
      if (!(left > 0)) return end(fail(check, `ended on ${day}`, 'Renew it.'))
      if (left < expiresSoonMs) return end(warn(check, `ends on ${day}`, 'Renew it before that.'))
      return socket.authorized
        ? end(fine(check, `until ${day}`))
        : end(
            fail(
              check,
              `is not trusted here (${String(socket.authorizationError)})`,
              'Browsers will warn: send the whole chain.',
            ),
          )
    })
  })
}

/** All ways in. `around`: addresses of the application that nobody should reach. */
export async function wayFindings(
  config: Config,
  around: readonly string[],
  at: Instant,
): Promise<readonly Finding[]> {
  const { listen, origins } = config
  const named = [origins.application, origins.portal, origins.admin].filter((origin) => origin !== null)
  const looked = await Promise.all([
    readyFinding('gateway', listen.gatewayMetrics),
    readyFinding('control plane', listen.adminMetrics),
    ownHopFinding(config),
    ...(origins.application === null ? [] : [publicHopFinding(origins.application)]),
    ...around.map(aroundFinding),
    ...named.filter((origin) => origin.startsWith('https:')).map((origin) => certificateFinding(origin, at)),
  ])
  return [
    ...looked,
    ...certificateFileFindings(config, at),
    ...privateFindings(config),
    ...upstreamFindings(config),
  ]
}
