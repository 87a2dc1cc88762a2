/**
 * The part of the configuration that is about signing in to Security Management itself: the OIDC providers whose word own
 * accounts come in by.
 *
 * Which account a word means is linked there, account by account, never configured here. Invariant: a provider's word for a
 * second factor counts only where this file says so; else the account's own is asked for. Accounts made by a provider's
 * word were refused: whoever runs the provider's directory would appoint the admins.
 */
import { z } from 'zod'
import { providerListProblems, providerSchema } from './config-own-sign-in.ts'

const adminProviderSchema = providerSchema.extend({
  trustsFactor: z
    .boolean()
    .default(false)
    .describe(
      'What the provider says of a second factor (`amr`, `factorAcr`, with `auth_time`) counts; else the account’s own is asked for.',
    ),
})

/** `admin`. */
export const adminSchema = z.strictObject({
  providers: z
    .array(adminProviderSchema)
    .max(10)
    .default([])
    .describe(
      'OIDC providers that own accounts may sign in with, once linked; sent back to `ADMIN/sign-in/from/ID`.',
    ),
})

/** A provider of own accounts as read. */
export type AdminProviderRules = z.output<typeof adminProviderSchema>

/** Every Problem of `admin`. */
export const adminProblems = ({ providers }: z.output<typeof adminSchema>) =>
  providerListProblems(providers, 'admin.providers')
