/**
 * The part of the configuration that says which roles of ours an application's roles mean, for people who come first.
 *
 * It gives nobody a role: the directory does, once, when somebody is provisioned, and admins change it from there.
 * Invariant: a role that a rule names means what the rule says and nothing else, also where it is called like one of
 * ours. Expressions over claims were refused: `roles` and `practiceRoles` already name the claims that are read.
 */
import { z } from 'zod'

const roleId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'expected the id of a role: 1 to 64 of a-z, 0-9 and -')

/** What one of the application's roles means. */
export const roleRuleSchema = z.strictObject({
  says: z.string().trim().min(1).max(100).describe('A role as the application names it, in any case.'),
  roles: z
    .array(roleId)
    .max(20)
    .describe('The roles of the practice that it means, by id; an empty list: it means none.'),
  practice: z
    .string()
    .max(64)
    .nullable()
    .default(null)
    .describe('The only practice in which it means so; `null`: in all of them.'),
})

/** What one of the application's roles means. */
export type RoleRule = z.output<typeof roleRuleSchema>
