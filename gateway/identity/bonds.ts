/**
 * Bonds: which gateway sessions a credential of the application was ever used with.
 *
 * A bond identifies nobody: the application's word does (`introspect.ts`). It is here so that ending a session also
 * ends the cookie it came with, whoever presents that cookie, with or without the companion, on any gateway.
 * Invariant: a sealed text of the fleet or nothing; a store that is away yields no bond, and the control plane, which
 * keeps the credential of each sign-in, is asked at adoption. Bonds in memory alone were refused: gateways restart.
 */
import type { KeyObject } from 'node:crypto'
import type { DurationMs } from '../../policies/instant.ts'
import { openFleet, sealFleet } from '../../runtime/fleet-seal.ts'
import type { HotStore } from '../../runtime/hot-store.ts'
import { keys } from '../../runtime/keys.ts'
import { createBoundedMap } from '../bounded-map.ts'

/** The bonds of credentials, by their hash; token hashes, newest last. */
export type Bonds = {
  /** `null`: not looked up yet. */
  known(credential: string): readonly string[] | null
  /** Looked up where need be. Never rejects. */
  load(credential: string): Promise<readonly string[]>
  /** Adds a bond; `alone`: a proved sign-in made this credential anew, so earlier bonds no longer count. */
  add(credential: string, tokenHash: string, alone: boolean): void
}

const bondsMax = 4
const keptMs: DurationMs = 90 * 86_400_000
const textForm = /^[A-Za-z0-9_-]{43}(,[A-Za-z0-9_-]{43}){0,3}$/

/** Bonds over `store` (`null`: known here only), at most `credentialsMax` in memory. */
export function createBonds(parts: {
  readonly store: HotStore | null
  readonly fleetKey: KeyObject
  readonly credentialsMax: number
}): Bonds {
  const { store, fleetKey } = parts
  const known = createBoundedMap<string, readonly string[]>(parts.credentialsMax)
  const flights = new Map<string, Promise<readonly string[]>>()

  const read = async (credential: string): Promise<readonly string[]> => {
    if (store === null) return []
    const key = keys.binding(credential)
    try {
      const sealed = await store.read(key)
      const text = sealed === null ? null : openFleet(fleetKey, key, sealed)
      const tokens = text === null || !textForm.test(text) ? [] : text.split(',')
      const since = known.peek(credential)
      if (since !== undefined) return since
      known.set(credential, tokens)
      return tokens
    } catch {
      // Not remembered, so that the store is asked again once it is back.
      return known.peek(credential) ?? []
    }
  }

  return {
    known: (credential) => known.get(credential) ?? null,
    async load(credential) {
      const found = known.get(credential)
      if (found !== undefined) return found
      const flight = flights.get(credential) ?? read(credential).finally(() => flights.delete(credential))
      flights.set(credential, flight)
      return flight
    },
    add(credential, tokenHash, alone) {
      const before = alone ? [] : (known.peek(credential) ?? [])
      if (before.at(-1) === tokenHash) return
      const tokens = [...before.filter((one) => one !== tokenHash), tokenHash].slice(-bondsMax)
      known.set(credential, tokens)
      const key = keys.binding(credential)
      store?.write(key, sealFleet(fleetKey, key, tokens.join(',')), keptMs).catch(() => {})
    },
  }
}
