/**
 * What a plane in a child process tells the process that started it: that it is ready, or why it is not.
 *
 * Only the form; who acts on it are `planes.ts` and `worker-process.ts`. A file of its own, so that a supervisor of
 * workers need not load both planes.
 */

/** `ready`: what the plane tells of itself. `stopped`: why it could not go on, as lines for people. */
export type ChildMessage =
  | { readonly ready: unknown }
  | { readonly stopped: { readonly exitCode: number; readonly lines: readonly string[] } }

/** The message, or `null` for anything else that comes over the channel. */
export const readChildMessage = (value: unknown): ChildMessage | null =>
  typeof value === 'object' && value !== null && ('ready' in value || 'stopped' in value)
    ? (value as ChildMessage)
    : null
