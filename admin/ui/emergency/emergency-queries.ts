/**
 * What the screen of emergency access asks, by its types.
 *
 * The question itself is the shell's (`shell-queries.ts`), whose banner asks the same. Invariant: banner and screen never
 * show different answers.
 */
import type { InferResponseType } from 'hono/client'
import type { api } from '../api-client.ts'

/** The switch and the uses, newest first. */
export type Emergency = InferResponseType<
  (typeof api.practices)[':practice']['emergency-access']['$get'],
  200
>
/** One use. */
export type EmergencyUse = Emergency['uses'][number]
