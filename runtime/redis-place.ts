/**
 * A place where Redis is, as connections need it: one server, a primary by its Sentinels, or a Cluster.
 *
 * No connection is opened here. Invariant: over TLS the certificate is always checked, and with a CA file nobody else may
 * vouch for it. A switch that skips the check was refused: whoever answered there could keep revocations from gateways.
 */
import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import type { Checked } from '../policies/problem.ts'
import type { HotStoreConfig } from './config-hot-store.ts'

/** One address. */
export type RedisAddress = { readonly host: string; readonly port: number }

type Access = {
  readonly username?: string
  readonly password?: string
  /** How TLS is spoken; absent: it is not. */
  readonly tls?: ConnectionOptions
}

/** Where Redis is. A `url` says itself whether TLS is spoken; its `tls` then refines how. */
export type RedisPlace =
  | { readonly url: string; readonly tls?: ConnectionOptions }
  | ({
      readonly sentinels: readonly RedisAddress[]
      readonly masterName: string
      readonly sentinelUsername?: string
      readonly sentinelPassword?: string
    } & Access)
  | ({ readonly cluster: readonly RedisAddress[] } & Access)

const addressOf = (text: string): RedisAddress => {
  const colon = text.lastIndexOf(':')
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) }
}

const texts = <K extends string>(given: Readonly<Record<K, string | null>>): Partial<Record<K, string>> => {
  const kept = Object.entries(given).filter(([, value]) => value !== null)
  return Object.fromEntries(kept) as Partial<Record<K, string>>
}

function tlsOf({ tls }: HotStoreConfig): Checked<ConnectionOptions> {
  const options: ConnectionOptions = {
    // Said although it is the default: `NODE_TLS_REJECT_UNAUTHORIZED=0` must not be a switch either.
    rejectUnauthorized: true,
    ...(tls.serverName === null ? {} : { servername: tls.serverName }),
  }
  if (tls.caFile === null) return { ok: true, value: options }
  try {
    const ca = readFileSync(tls.caFile, 'utf8')
    if (ca.includes('-----BEGIN CERTIFICATE-----')) return { ok: true, value: { ...options, ca } }
    return { ok: false, problems: [{ path: 'hotStore.tls.caFile', sentence: 'holds no certificate' }] }
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    return { ok: false, problems: [{ path: 'hotStore.tls.caFile', sentence: `cannot be read (${why})` }] }
  }
}

/** The place that is configured, `null` where there is none; Problems: a CA file that cannot be used. */
export function redisPlaceOf(config: HotStoreConfig): Checked<RedisPlace | null> {
  const { url, sentinels, masterName, cluster, username, password } = config
  const isTls = config.tls.on || url?.startsWith('rediss:') === true
  const tls = isTls ? tlsOf(config) : null
  if (tls !== null && !tls.ok) return tls
  const access = { ...texts({ username, password }), ...(tls === null ? {} : { tls: tls.value }) }
  if (url !== null) return { ok: true, value: { url, ...(tls === null ? {} : { tls: tls.value }) } }
  if (cluster.length > 0) return { ok: true, value: { cluster: cluster.map(addressOf), ...access } }
  if (sentinels.length === 0 || masterName === null) return { ok: true, value: null }
  const { sentinelUsername, sentinelPassword } = config
  return {
    ok: true,
    value: {
      sentinels: sentinels.map(addressOf),
      masterName,
      ...texts({ sentinelUsername, sentinelPassword }),
      ...access,
    },
  }
}
