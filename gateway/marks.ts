/**
 * Whether a hot store may be believed: its signed marks of being filled, and of how new it is.
 *
 * It reads three keys and changes nothing. Invariant: a store without the signed `gh:seeded`, with a manifest that does
 * not fit its table of practices, or behind the highest sequence this gateway ever saw is `unseeded`: an old, an
 * emptied or an isolated store may not make anything valid again. Believing a store because it answers was refused.
 */
import type { DurationMs, Instant } from '../policies/instant.ts'
import type { HotStore } from '../runtime/hot-store.ts'
import type { SealedRecord } from '../runtime/internal.ts'
import { keys } from '../runtime/keys.ts'
import { manifestSchema, seededSchema } from '../runtime/records.ts'
import { bodyHash, openRecord, type Verifier } from '../runtime/signing.ts'

/** What a store says of itself. `practices`: the table its manifest vouches for. */
export type Marks =
  | { readonly seeded: true; readonly sequence: number; readonly practices: SealedRecord }
  | { readonly seeded: false; readonly why: string }

/**
 * Without a floor of our own an older manifest than this could be a replay (SPEC §11). One from the future as well: by
 * a clock that is an hour behind, an hour-old one looks new.
 */
const freshMs: DurationMs = 60_000

/** The sequence of a signed manifest that vouches for this table of practices; `null`: it does not. */
export function sequenceOf(verifier: Verifier, manifest: SealedRecord, practicesText: string): number | null {
  const opened = openRecord(verifier, keys.manifest, manifest.text, manifestSchema)
  if (manifest.key !== keys.manifest || opened === null) return null
  if (opened.version !== opened.value.sequence || opened.value.root !== bodyHash(practicesText)) return null
  return opened.value.sequence
}

const unseeded = (why: string): Marks => ({ seeded: false, why })

/** Reads and checks the marks; rejects with the store's fault. Texts seen before are not verified again. */
export function createMarksReader(parts: {
  readonly store: HotStore
  readonly verifier: Verifier
  now(): Instant
  /** The highest sequence ever seen here; `null`: none. */
  floor(): number | null
}): () => Promise<Marks> {
  const { store, verifier } = parts
  let last: { readonly texts: string; readonly marks: Marks } | null = null

  const check = (seeded: string, manifest: string, practices: string): Marks => {
    const mark = openRecord(verifier, keys.seeded, seeded, seededSchema)
    if (mark === null) return unseeded('its mark of being filled is not signed')
    const opened = openRecord(verifier, keys.manifest, manifest, manifestSchema)
    const sequence = sequenceOf(verifier, { key: keys.manifest, text: manifest }, practices)
    if (opened === null || sequence === null) return unseeded('its manifest does not fit its practices')
    if (sequence < mark.value.sequence) return unseeded('its manifest is older than its filling')
    if (parts.floor() === null && Math.abs(parts.now() - opened.value.issuedAt) > freshMs)
      return unseeded('its manifest is not of this minute, and nothing was ever seen here')
    return { seeded: true, sequence, practices: { key: keys.practices, text: practices } }
  }

  return async () => {
    const [seeded, manifest, practices] = await store.readMany([keys.seeded, keys.manifest, keys.practices])
    if (seeded == null || manifest == null || practices == null) return unseeded('it was not filled')
    const texts = `${seeded}\n${manifest}\n${practices}`
    const marks = last?.texts === texts ? last.marks : check(seeded, manifest, practices)
    if (marks.seeded) last = { texts, marks }
    const floor = parts.floor()
    if (marks.seeded && floor !== null && marks.sequence < floor)
      return unseeded('it is behind what was seen here')
    return marks
  }
}
