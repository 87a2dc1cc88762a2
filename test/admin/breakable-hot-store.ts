/**
 * A hot store that fails when told to, around a real one.
 *
 * Not a fake store: what gets through behaves as ever. Only calls that the publisher makes are guarded.
 */
import { fault } from '../../runtime/fault.ts'
import type { HotStore } from '../../runtime/hot-store.ts'

/** A hot store whose calls fail while `down` is true; `writesLeft`: how many still succeed before it goes down. */
export const breakable = (inner: HotStore) => {
  const state = { down: false, writesLeft: Number.POSITIVE_INFINITY }
  const guard = (write: boolean): void => {
    if (write && state.writesLeft-- <= 0) state.down = true
    if (state.down) throw fault('hot-store', 'unreachable', 'switched off by the test')
  }
  const unless =
    <A extends readonly unknown[], R>(write: boolean, call: (...given: A) => Promise<R>) =>
    async (...given: A): Promise<R> => {
      guard(write)
      return call(...given)
    }
  const store: HotStore = {
    ...inner,
    read: unless(false, inner.read),
    readMany: unless(false, inner.readMany),
    write: unless(true, inner.write),
    remove: unless(false, inner.remove),
    append: unless(false, inner.append),
  }
  return { store, state }
}
