/**
 * The part of the configuration that is about the record of security events: where it goes beside the database.
 *
 * It opens nothing. Invariant: where events and checkpoints are sent is written here and never by an admin of a practice,
 * so that nobody makes the control plane call an address of their choice, and nobody whose deeds are recorded chooses who
 * hears of them. How long events are kept is a practice's own choice, and stands in the database.
 */
import { z } from 'zod'
import type { Problem } from '../policies/problem.ts'
import { isPrivateWay, webhookSchema } from './config-notifications.ts'

const streamSchema = webhookSchema.extend({
  name: webhookSchema.shape.name.describe('Its name; a new name begins with the first event there is.'),
  practices: z
    .union([z.literal('all'), z.array(z.string().max(64)).min(1).max(10_000)], {
      error: 'expected `all`, or a list of practices’ ids',
    })
    .default('all')
    .describe('Whose events go there; `all`: every practice’s and the gateways’ own.'),
  format: z
    .enum(['gatehouse', 'ocsf'])
    .default('gatehouse')
    .describe('How events are written: as in an export, or as OCSF 1.3 (docs/audit.md).'),
})

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
  streams: z
    .array(streamSchema)
    .max(10)
    .default([])
    .describe('Where every event is posted, signed, in order, at least once: a SIEM (docs/audit.md).'),
})

/** Every Problem of `audit` whose single values are right. */
export function auditProblems({ streams }: z.output<typeof auditSchema>): readonly Problem[] {
  return streams.flatMap(({ name, url }, at) => {
    const path = `audit.streams[${at}]`
    const problems: Problem[] = []
    if (!isPrivateWay(url))
      problems.push({ path: `${path}.url`, sentence: 'must begin with https://: events name people' })
    if (streams.findIndex((one) => one.name === name) !== at)
      problems.push({ path: `${path}.name`, sentence: `"${name}" is the name of another stream too` })
    return problems
  })
}
