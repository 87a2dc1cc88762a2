/**
 * The part of the configuration that is about codes by text message: who sends them, and how many.
 *
 * It opens nothing. Invariant: off unless an operator names a sender, since each message costs money and shows a number to
 * somebody else; secrets stay in files of their own; numbers and codes cross a network only encrypted. A sender chosen
 * by an admin of a practice was refused (SSRF).
 */
import { z } from 'zod'
import type { Problem } from '../policies/problem.ts'
import { isPrivateWay, secretFile } from './config-notifications.ts'

const url = z.url({ protocol: /^https?$/, error: 'expected https://host/path' }).max(1_000)

/** `twoFactor.sms` of the configuration. */
export const textMessagesSchema = z.strictObject({
  sender: z
    .enum(['off', 'twilio', 'webhook', 'console'])
    .default('off')
    .describe(
      'Who sends codes. `off`: nobody, and no number can be set up. `console`: into the log, with the code in it; for development only.',
    ),
  practiceDayMax: z
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(200)
    .describe('Messages a practice may cause in 24 hours.'),
  twilio: z
    .strictObject({
      baseUrl: url.default('https://api.twilio.com').describe('Where its API is; https, or this machine.'),
      accountSid: z
        .string()
        .regex(/^[A-Za-z0-9]{1,64}$/, 'expected an account SID such as AC0123…')
        .nullable()
        .default(null)
        .describe('The account.'),
      authTokenFile: secretFile
        .nullable()
        .default(null)
        .describe('A file with the auth token, readable by its owner only.'),
      from: z
        .string()
        .regex(/^(\+[1-9]\d{6,14}|[A-Za-z0-9 ]{1,11})$/, 'expected +15550100 or a sender name')
        .nullable()
        .default(null)
        .describe('The number or name that messages come from.'),
    })
    .prefault({})
    .describe('The account of `sender: twilio`.'),
  webhook: z
    .strictObject({
      url: url.nullable().default(null).describe('Where messages are posted; https, or this machine.'),
      secretFile: secretFile
        .nullable()
        .default(null)
        .describe(
          'A file with the key they are signed with: `whsec_` and 24 to 64 random bytes in base64; readable by its owner only.',
        ),
    })
    .prefault({})
    .describe(
      'The service of `sender: webhook`; it is posted `to` and `text`, signed (docs/notifications.md).',
    ),
})

/** Every Problem of `twoFactor.sms` whose single values are right. */
export function textMessageProblems({
  sender,
  twilio,
  webhook,
}: z.output<typeof textMessagesSchema>): readonly Problem[] {
  const problems: Problem[] = []
  const add = (key: string, sentence: string): void =>
    void problems.push({ path: `twoFactor.sms.${key}`, sentence })
  if (sender === 'twilio')
    for (const key of ['accountSid', 'authTokenFile', 'from'] as const)
      if (twilio[key] === null) add(`twilio.${key}`, 'must be given with sender: twilio')
  if (sender === 'webhook')
    for (const key of ['url', 'secretFile'] as const)
      if (webhook[key] === null) add(`webhook.${key}`, 'must be given with sender: webhook')
  if (!isPrivateWay(twilio.baseUrl)) add('twilio.baseUrl', 'must begin with https://: messages carry codes')
  if (webhook.url !== null && !isPrivateWay(webhook.url))
    add('webhook.url', 'must begin with https://: messages carry codes')
  return problems
}
