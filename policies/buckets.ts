/**
 * Where in a sorted list to look: as many equal stretches as there are keys, each knowing which keys lie in it.
 *
 * It compares nothing itself; who searches looks through the few keys of one stretch. Invariant: a key smaller than those
 * of its stretch lies in an earlier one, since the stretch is a rising function of the key; so however the keys
 * lie, a search finds what it would find in the whole list. Remembering where the last search ended was refused: a
 * snapshot has no state, and two members would take turns spoiling it.
 */

/** Keys in `keys[starts[n]]` up to, not including, `keys[starts[n + 1]]` lie in stretch n. */
export type Buckets = {
  readonly first: number
  readonly last: number
  /** Stretches by difference of keys; 0 where all keys are equal. */
  readonly perKey: number
  readonly starts: Uint32Array
}

/** The stretch of a key from `first` to `last`. */
export const bucketOf = ({ first, perKey }: Buckets, key: number): number => ((key - first) * perKey) | 0

/** The stretches of these keys, which never fall; at most 2^30 of them. */
export const bucketsOf = (keys: Float64Array): Buckets => {
  const first = keys[0] ?? 0
  const last = keys.at(-1) ?? 0
  const perKey = last > first ? (keys.length - 1) / (last - first) : 0
  const starts = new Uint32Array(keys.length + 1)
  const buckets = { first, last, perKey, starts }
  let stretch = 0
  for (const [at, key] of keys.entries()) {
    for (const own = bucketOf(buckets, key); stretch < own; stretch++) starts[stretch + 1] = at
  }
  starts.fill(keys.length, stretch + 1)
  return buckets
}
