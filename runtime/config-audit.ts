/**
 * The part of the configuration that is about the record of security events: where it goes beside the database.
 *
 * It opens nothing. Invariant: where events and checkpoints are sent is written here and never by an admin of a practice,
 * so that nobody makes the control plane call an address of their choice, and nobody whose deeds are recorded chooses who
 * hears of them. How long events are kept is a practice's own choice, and stands in the database.
 */
import { z } from 'zod'
import type { Problem } from '../policies/problem.ts'
import { isPrivateWay, secretFile, webhookSchema } from './config-notifications.ts'

const common = {
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
} as const

const streamSchema = webhookSchema.extend(common)

const syslogSchema = z.strictObject({
  ...common,
  host: z
    .string()
    .regex(/^[A-Za-z0-9.:-]{1,253}$/, 'expected a host name or an address')
    .describe('The syslog server; its certificate must name it.'),
  port: z.number().int().min(1).max(65_535).default(6514).describe('Its port for syslog over TLS.'),
  caFile: secretFile
    .nullable()
    .default(null)
    .describe('A PEM file of the authorities that may vouch for it; `null`: those that Node.js trusts.'),
})

/** `audit` of the configuration. */
export const auditSchema = z.strictObject({
  checkpointFile: z
    .string()
    .max(1_000)
    .regex(/^\/\P{Cc}+$/u, 'expected a path from the root, such as /mnt/elsewhere/checkpoints.ndjson')
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
  syslog: z
    .array(syslogSchema)
    .max(10)
    .default([])
    .describe(
      'Where every event is sent as syslog (RFC 5424) over TLS, in order, at least once (docs/audit.md).',
    ),
})

/** Every Problem of `audit` whose single values are right. */
export function auditProblems({ streams, syslog }: z.output<typeof auditSchema>): readonly Problem[] {
  const problems: Problem[] = []
  for (const [at, { url }] of streams.entries())
    if (!isPrivateWay(url))
      problems.push({
        path: `audit.streams[${at}].url`,
        sentence: 'must begin with https://: events name people',
      })
  const names = [
    ...streams.map(({ name }, at) => ({ name, path: `audit.streams[${at}].name` })),
    ...syslog.map(({ name }, at) => ({ name, path: `audit.syslog[${at}].name` })),
  ]
  for (const [at, { name, path }] of names.entries())
    if (names.findIndex((one) => one.name === name) !== at)
      problems.push({ path, sentence: `"${name}" is the name of another stream too` })
  return problems
}
