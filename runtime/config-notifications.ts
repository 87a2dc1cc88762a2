/**
 * The part of the configuration that is about telling people and machines: mail and webhooks.
 *
 * It opens nothing. Invariant: where Gatehouse sends anything is written here and never by an admin of a practice, so
 * that nobody makes the control plane call an address of their choice; secrets stay in files of their own; mail and
 * webhooks cross a network only encrypted. An address in practice policy was refused (SSRF).
 */
import { z } from 'zod'
import type { Problem } from '../policies/problem.ts'

/** The name of a file that holds a secret. */
export const secretFile = z
  .string()
  .min(1)
  .max(1_000)
  .regex(/^\P{Cc}+$/u, 'expected the name of a file')

const smtpSchema = z.strictObject({
  host: z
    .string()
    .regex(/^[A-Za-z0-9.:-]{1,253}$/, 'expected a host name or an address')
    .nullable()
    .default(null)
    .describe('The mail server.'),
  port: z.number().int().min(1).max(65_535).default(587).describe('Its port.'),
  encryption: z
    .enum(['starttls', 'tls', 'none'])
    .default('starttls')
    .describe(
      '`starttls`: required after the greeting; `tls`: from the first byte (port 465); `none`: only on this machine.',
    ),
  user: z
    .string()
    .min(1)
    .max(200)
    .regex(/^\P{Cc}+$/u, 'expected a name without control characters')
    .nullable()
    .default(null)
    .describe('Who signs in there; `null`: nobody.'),
  passwordFile: secretFile
    .nullable()
    .default(null)
    .describe('A file with the password, readable by its owner only.'),
  from: z
    .string()
    .max(254)
    .regex(/^[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+$/, 'expected an address such as gatehouse@example.com')
    .nullable()
    .default(null)
    .describe('The sender’s address.'),
})

/** One address that signed messages are posted to. */
export const webhookSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'expected 1 to 64 of a-z, 0-9 and -')
    .describe('What practices choose it by.'),
  url: z
    .url({ protocol: /^https?$/, error: 'expected https://host/path' })
    .max(1_000)
    .describe('Where messages are posted; https, or this machine.'),
  secretFile: secretFile.describe(
    'A file with the key they are signed with: `whsec_` and 24 to 64 random bytes in base64; readable by its owner only.',
  ),
})

/** `notifications` of the configuration. */
export const notificationsSchema = z.strictObject({
  mail: z
    .enum(['off', 'smtp', 'console'])
    .default('off')
    .describe(
      'How mail goes out. `console`: into the log, with every link and code in it; for development only. `off`: what would be sent is dropped and counted.',
    ),
  smtp: smtpSchema.prefault({}).describe('The mail server of `mail: smtp`.'),
  webhooks: z
    .array(webhookSchema)
    .max(20)
    .default([])
    .describe('Where signed messages may go; each practice chooses from these (docs/notifications.md).'),
})

/** Whether what is posted there is seen by nobody else: https, or this machine. */
export const isPrivateWay = (url: string): boolean => {
  const { protocol, hostname } = new URL(url)
  return protocol === 'https:' || isLoopback(hostname)
}

const isLoopback = (host: string): boolean => /^(?:localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/.test(host)

/** Every Problem of `notifications` whose single values are right. */
export function notificationProblems({
  mail,
  smtp,
  webhooks,
}: z.output<typeof notificationsSchema>): readonly Problem[] {
  const problems: Problem[] = []
  const add = (key: string, sentence: string): void =>
    void problems.push({ path: `notifications.${key}`, sentence })
  if (mail === 'smtp' && smtp.host === null) add('smtp.host', 'must be given with mail: smtp')
  if (mail === 'smtp' && smtp.from === null) add('smtp.from', 'must be given with mail: smtp')
  if (smtp.encryption === 'none' && smtp.host !== null && !isLoopback(smtp.host))
    add('smtp.encryption', 'none is for a server on this machine: mails carry links that let people in')
  if ((smtp.user === null) !== (smtp.passwordFile === null))
    add(smtp.user === null ? 'smtp.user' : 'smtp.passwordFile', 'must be given too: both or neither')
  webhooks.forEach(({ name, url }, at) => {
    if (!isPrivateWay(url)) add(`webhooks[${at}].url`, 'must begin with https://: messages name people')
    if (webhooks.findIndex((one) => one.name === name) !== at)
      add(`webhooks[${at}].name`, `"${name}" is the name of another webhook too`)
  })
  return problems
}
