// Lets one process at a time do a thing that lasts on disk: an install, a download, a build.
// Not a lock against bugs or malice: a folder made with mkdir, which the file system makes atomic everywhere.
// Invariant: a lock whose owner is dead is taken over, so a killed run never blocks the next one.
// Refused: flock, which Node does not offer without an addon.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const pauseMs = 100

/** @param {number} pid @returns {boolean} whether that process lives */
function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM'
  }
}

/** @param {string} path @returns {boolean} whether the lock is now ours */
function tryTake(path) {
  mkdirSync(dirname(path), { recursive: true })
  const mine = `${path}.${process.pid}.${Math.trunc(performance.now() * 1000)}`
  mkdirSync(mine)
  writeFileSync(join(mine, 'pid'), String(process.pid))
  try {
    // Renaming a filled folder onto another filled one fails: the lock appears with its owner's name in it, or not at all.
    renameSync(mine, path)
    return true
  } catch {
    rmSync(mine, { recursive: true, force: true })
    return false
  }
}

/**
 * Takes the lock's folder away in one step: renamed first, because a folder emptied in place could be taken meanwhile.
 * @param {string} path
 */
function remove(path) {
  const grave = `${path}.gone.${process.pid}.${Math.trunc(performance.now() * 1000)}`
  try {
    renameSync(path, grave)
  } catch {
    return
  }
  rmSync(grave, { recursive: true, force: true })
}

/** @param {string} path removes the lock if its owner is dead */
function clearDead(path) {
  try {
    if (!isAlive(Number(readFileSync(join(path, 'pid'), 'utf8')))) remove(path)
  } catch {
    // Somebody else released or cleared it between our two looks.
  }
}

/** Waits without burning the processor, for callers that cannot await. */
function pause() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs)
}

/**
 * What `work` returns, done while no other process of ours does the same; waits as long as the owner lives.
 * Synchronous on both sides: `work` must not return a promise (use withFileLockAsync for that).
 * @template T
 * @param {string} path of the lock, in a folder that may be made
 * @param {() => T} work
 * @returns {T}
 */
export function withFileLock(path, work) {
  while (!tryTake(path)) {
    clearDead(path)
    pause()
  }
  try {
    return work()
  } finally {
    remove(path)
  }
}

/**
 * As withFileLock, for work that awaits.
 * @template T
 * @param {string} path of the lock, in a folder that may be made
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withFileLockAsync(path, work) {
  while (!tryTake(path)) {
    clearDead(path)
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
  try {
    return await work()
  } finally {
    remove(path)
  }
}
