/**
 * The part of the configuration that tells finders of weaknesses whom to tell: `/.well-known/security.txt` (RFC 9116) of
 * the console's and the portal's origins.
 *
 * It writes no page. Invariant: what is written here becomes lines of a file, so a value is a URI without a space or
 * line break. A contact made up from a host name was refused: a report that nobody reads is worse than no address.
 */
import { z } from 'zod'

const uri = (schemes: string) =>
  z
    .string()
    .max(500)
    .regex(
      new RegExp(`^(?:${schemes})[\\x21-\\x7e]+$`),
      `expected one that begins with ${schemes.replaceAll('|', ' or ')}`,
    )

/** `securityText`. */
export const securityTextSchema = z.strictObject({
  contacts: z
    .array(uri('mailto:|https://|tel:'))
    .max(5)
    .default([])
    .describe(
      'Where weaknesses are reported, the best first, such as `mailto:security@example.org`; empty: no such file.',
    ),
  policy: uri('https://')
    .nullable()
    .default(null)
    .describe('The page that says how reports are dealt with; `null`: none.'),
  languages: z
    .string()
    .max(100)
    .regex(/^[A-Za-z0-9-]+(?:, [A-Za-z0-9-]+)*$/, 'expected languages such as `en, es`')
    .default('en')
    .describe('The languages in which reports are read.'),
})

/** What finders are told. */
export type SecurityText = z.output<typeof securityTextSchema>
