/**
 * Things ordered by the instant at which they must be looked at again.
 *
 * It holds no timer and reads no clock. Invariant: `due` gives what is due, earliest first, and nothing else; each
 * item stands in it at most once. A binary heap with positions, so that an exchange that ends early leaves at
 * once: heaps that mark and skip grow without bound when deadlines are hours away.
 */
import type { Instant } from '../policies/instant.ts'

/** A place in a queue; hand it back to move or remove the item. */
export type Place<T> = { readonly item: T; readonly at: Instant; readonly position: number }

/** Earliest first. All but `size` and `earliest` cost O(log n). */
export type DeadlineQueue<T> = {
  add(item: T, at: Instant): Place<T>
  /** Takes the item out; nothing happens if it has left already. */
  remove(place: Place<T>): void
  /** Takes out and answers the earliest item with `at` or earlier; `null`: none is due. */
  due(at: Instant): T | null
  /** The earliest instant; `null` when empty. */
  earliest(): Instant | null
  size(): number
}

type Slot<T> = { readonly item: T; readonly at: Instant; position: number }

/** An empty queue. */
export const createDeadlineQueue = <T>(): DeadlineQueue<T> => {
  const heap: Slot<T>[] = []

  const put = (slot: Slot<T>, position: number): void => {
    heap[position] = slot
    slot.position = position
  }

  const rise = (slot: Slot<T>): void => {
    let position = slot.position
    while (position > 0) {
      const above = (position - 1) >> 1
      const other = heap[above]
      if (other === undefined || other.at <= slot.at) break
      put(other, position)
      position = above
    }
    put(slot, position)
  }

  const sink = (slot: Slot<T>): void => {
    let position = slot.position
    for (;;) {
      const left = heap[2 * position + 1]
      const right = heap[2 * position + 2]
      const below = right !== undefined && left !== undefined && right.at < left.at ? right : left
      if (below === undefined || below.at >= slot.at) break
      const next = below.position
      put(below, position)
      position = next
    }
    put(slot, position)
  }

  const remove = (place: Place<T>): void => {
    const slot = heap[place.position]
    if (slot === undefined || slot !== place) return
    const hole = slot.position
    slot.position = -1
    const last = heap.pop()
    if (last === undefined || last === slot) return
    put(last, hole)
    rise(last)
    sink(last)
  }

  return {
    add(item, at) {
      const slot: Slot<T> = { item, at, position: heap.length }
      heap.push(slot)
      rise(slot)
      return slot
    },
    remove,
    due(at) {
      const top = heap[0]
      if (top === undefined || top.at > at) return null
      remove(top)
      return top.item
    },
    earliest: () => heap[0]?.at ?? null,
    size: () => heap.length,
  }
}
