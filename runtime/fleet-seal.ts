/**
 * The fleet's seal: HMAC-SHA-256 on what gateways write into the hot store, under a key that all planes share.
 *
 * It says "one of us wrote this, for this place", not who; what only the control plane may say is signed
 * (`signing.ts`). The purpose is part of what is sealed: give the full store key, so that a text moved to another
 * key no longer opens. Keys for different uses come from the cluster key by HKDF under different labels; using
 * the cluster key itself was refused, since its leak through one use would then open all.
 */
import { createHmac, createSecretKey, hash, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto'
import type { Checked } from '../policies/problem.ts'
import { keepSecret } from './secret-file.ts'
import { newToken } from './token.ts'

const macLength = 43

const derive = (clusterKey: string, label: string): Buffer =>
  Buffer.from(hkdfSync('sha256', clusterKey, '', `gatehouse ${label} 1`, 32))

/** The cluster key kept in `file` (mode 0600) for a fleet on one machine, made at the first call: 43 characters. */
export const keepClusterKey = (file: string): Checked<string> => keepSecret(file, newToken)

/** The key of the fleet's seal, from the cluster key (at least 32 characters, as `config.ts` demands). */
export const fleetKey = (clusterKey: string): KeyObject => createSecretKey(derive(clusterKey, 'fleet seal'))

const mac = (key: KeyObject, purpose: string, text: string): string =>
  createHmac('sha256', key).update(`${purpose.length} ${purpose} ${text}`).digest('base64url')

/** `text` under the fleet's seal for `purpose` (the store key it will lie under). About 6 µs. */
export const sealFleet = (key: KeyObject, purpose: string, text: string): string =>
  `${mac(key, purpose, text)} ${text}`

/** The text that was sealed for this very `purpose`; `null` for anything else. Compares in constant time. */
export function openFleet(key: KeyObject, purpose: string, sealed: string): string | null {
  if (sealed.length <= macLength || sealed[macLength] !== ' ') return null
  const text = sealed.slice(macLength + 1)
  return sameText(sealed.slice(0, macLength), mac(key, purpose, text)) ? text : null
}

/** What a plane sends as `Authorization: Bearer …` on internal calls; it reveals nothing of the cluster key. */
export const internalBearer = (clusterKey: string): string =>
  derive(clusterKey, 'internal bearer').toString('base64url')

/**
 * A check of the `Authorization` header of internal calls: true for exactly `Bearer ` + `internalBearer`.
 * The key is derived once; each comparison takes the same time whatever differs.
 */
export function createBearerCheck(clusterKey: string): (authorization: string | undefined) => boolean {
  const expected = `Bearer ${internalBearer(clusterKey)}`
  return (authorization) => authorization !== undefined && sameText(authorization, expected)
}

/** Reports whether two texts are equal, in a time that does not depend on where they differ. */
export const sameText = (a: string, b: string): boolean =>
  timingSafeEqual(hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer'))
