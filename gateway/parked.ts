/**
 * Parked answers: what an application said to a sign-in that waits for a step, kept until the step is done.
 *
 * It judges nobody. Invariant: the key comes from the companion's token, which only the browser has, so that neither
 * the hot store nor the fleet can open what lies there; it is taken once, bounded in size, in time and, by places that
 * are claimed one by one, in number per user. Keeping it in a gateway's memory was refused: the step may be done on
 * another one.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { DurationMs, Instant } from '../policies/instant.ts'
import type { HotStore } from '../runtime/hot-store.ts'
import { keys } from '../runtime/keys.ts'
import { type ParkedAnswer, type ParkedRecord, parkedRecordSchema } from '../runtime/records.ts'
import { hashToken } from '../runtime/token.ts'

/** Parked answers of all gateways on one hot store. */
export type Parked = {
  /**
   * Whether it was parked for `forMs`; not when it is too large, the user's places are taken or the store is away. Never
   * rejects.
   */
  park(token: string, user: string, answer: ParkedAnswer, forMs: DurationMs): Promise<boolean>
  /**
   * Takes what was parked under this companion token, once; `null`: nothing, run out, or not this token's. `putBack`
   * lays it down again for what is left of its time. Rejects with a `Fault` when the store is away.
   */
  take(token: string): Promise<{ readonly answer: ParkedAnswer; putBack(): Promise<void> } | null>
  /** Lays what is parked under one token under another, for what is left of its time. Never rejects. */
  move(from: string, to: string): Promise<void>
}

/** How many answers may be parked for one user at a time. */
export const parkedPerUserMax = 5

/** How long a parked answer waits: for a second factor 10 minutes, for an approval 15 (SPEC §2). */
export const parkedForMs: Readonly<Record<'factor' | 'approval', DurationMs>> = {
  factor: 10 * 60_000,
  approval: 15 * 60_000,
}

const bytesMax = 65_536
const ivBytes = 12
const tagBytes = 16

const keyOf = (token: string): Buffer =>
  Buffer.from(hkdfSync('sha256', token, '', 'gatehouse parked answer 1', 32))

/** The place it lies at is part of what is sealed: a text moved to another key does not open. */
function seal(token: string, place: string, text: string): string {
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv('aes-256-gcm', keyOf(token), iv).setAAD(Buffer.from(place))
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url')
}

function unseal(token: string, place: string, text: string): unknown {
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length <= ivBytes + tagBytes) return null
  try {
    const opener = createDecipheriv('aes-256-gcm', keyOf(token), bytes.subarray(0, ivBytes), {
      authTagLength: tagBytes,
    })
      .setAAD(Buffer.from(place))
      .setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes))
    const opened = Buffer.concat([opener.update(bytes.subarray(ivBytes + tagBytes)), opener.final()])
    return JSON.parse(opened.toString('utf8'))
  } catch {
    return null
  }
}

/** Claims a place of the user's for the time of parking; `null`: all are taken. */
async function claim(store: HotStore, user: string, forMs: DurationMs): Promise<string | null> {
  for (let at = 0; at < parkedPerUserMax; at += 1) {
    const place = keys.parkedPlace(user, at)
    if (await store.writeIfAbsent(place, '1', forMs)) return place
  }
  return null
}

/** Parked answers over `store` (`null`: nothing can be parked). */
export function createParked(store: HotStore | null, now: () => Instant): Parked {
  const lay = async (to: HotStore, token: string, laid: ParkedRecord): Promise<void> => {
    const key = keys.parked(hashToken(token))
    const left = laid.endsAt - now()
    if (left > 0) await to.write(key, seal(token, key, JSON.stringify(laid)), left)
  }
  const lift = async (from: HotStore, token: string): Promise<ParkedRecord | null> => {
    const key = keys.parked(hashToken(token))
    const text = await from.take(key)
    const laid = text === null ? null : parkedRecordSchema.safeParse(unseal(token, key, text))
    return laid === null || !laid.success || laid.data.endsAt <= now() ? null : laid.data
  }
  return {
    async park(token, user, answer, forMs) {
      if (store === null || Buffer.byteLength(JSON.stringify(answer)) > bytesMax) return false
      try {
        const place = await claim(store, user, forMs)
        if (place === null) return false
        await lay(store, token, { answer, place, endsAt: now() + forMs })
        return true
      } catch {
        return false
      }
    },
    async take(token) {
      const laid = store === null ? null : await lift(store, token)
      if (store === null || laid === null) return null
      // Best effort: a place that is not freed frees itself.
      await store.remove(laid.place).catch(() => {})
      return { answer: laid.answer, putBack: () => lay(store, token, laid).catch(() => {}) }
    },
    async move(from, to) {
      try {
        const laid = store === null ? null : await lift(store, from)
        if (store !== null && laid !== null) await lay(store, to, laid)
      } catch {
        // What is lost here costs another sign-in.
      }
    },
  }
}
