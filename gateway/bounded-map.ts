/**
 * A map that holds at most so many entries and forgets the one unused for longest.
 *
 * No time in it: whoever needs expiry keeps it in the value. Invariant: `size` never exceeds `max`, whatever
 * strangers send. A linked-list LRU was refused: a Map already keeps insertion order.
 */

/** A bounded map; `get` counts as use. */
export type BoundedMap<K, V> = {
  get(key: K): V | undefined
  /** Without counting as use. */
  peek(key: K): V | undefined
  set(key: K, value: V): void
  delete(key: K): boolean
  clear(): void
  values(): IterableIterator<V>
  entries(): IterableIterator<[K, V]>
  readonly size: number
}

/** A map of at most `max` entries (≥ 1). */
export function createBoundedMap<K, V>(max: number): BoundedMap<K, V> {
  const map = new Map<K, V>()
  return {
    get(key) {
      const value = map.get(key)
      // Moved to the end only when the map is near full: below that order does not matter, and moving costs.
      if (value !== undefined && map.size * 4 > max * 3) {
        map.delete(key)
        map.set(key, value)
      }
      return value
    },
    peek: (key) => map.get(key),
    set(key, value) {
      map.delete(key)
      map.set(key, value)
      if (map.size <= max) return
      const oldest = map.keys().next()
      if (oldest.done !== true) map.delete(oldest.value)
    },
    delete: (key) => map.delete(key),
    clear: () => map.clear(),
    values: () => map.values(),
    entries: () => map.entries(),
    get size() {
      return map.size
    },
  }
}
