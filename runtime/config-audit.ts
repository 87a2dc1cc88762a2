/**
 * The part of the configuration that is about the record of security events: where it goes beside the database.
 *
 * It opens nothing. Invariant: where events and checkpoints are sent is written here and never by an admin of a practice,
 * so that nobody makes the control plane call an address of their choice, and nobody whose deeds are recorded chooses who
 * hears of them. How long events are kept is a practice's own choice, and stands in the database.
 */
import { z } from 'zod'

/** `audit` of the configuration. */
export const auditSchema = z.strictObject({
  checkpointFile: z
    .string()
    .min(1)
    .max(1_000)
    .nullable()
    .default(null)
    .describe(
      'A file that signed checkpoints of the audit chains are appended to; best on another machine’s disk. `null`: in the database only.',
    ),
})
