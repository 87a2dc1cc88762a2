/**
 * From where people were seen: one row per person and address, the last 30 days of which the lockout guard asks for.
 *
 * It is not the traffic facts (those are per route, for impact previews) and no decision is made of it here.
 */
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { Rows } from './database.ts'

/** How long an address counts as used by somebody. */
export const addressUseMs: DurationMs = 30 * 86_400_000

/** Notes that `subject` (`usr_…`, `adm_…`) was seen at `address` (canonical text). */
export async function noteAddress(rows: Rows, subject: string, address: string, at: Instant): Promise<void> {
  await rows
    .insertInto('address_use')
    .values({ subject, address, first_at: at, last_at: at })
    .onConflict((oc) =>
      oc.columns(['subject', 'address']).doUpdateSet((eb) => ({
        last_at: eb.fn('greatest', ['address_use.last_at', eb.val(at)]),
      })),
    )
    .execute()
}

/** Addresses used by each of `subjects` within 30 days before `at`, newest first. */
export async function listAddresses(
  rows: Rows,
  subjects: readonly string[],
  at: Instant,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const used = new Map<string, string[]>(subjects.map((subject) => [subject, []]))
  if (subjects.length === 0) return used
  const found = await rows
    .selectFrom('address_use')
    .select(['subject', 'address'])
    .where('subject', 'in', subjects)
    .where('last_at', '>', at - addressUseMs)
    .orderBy('last_at', 'desc')
    .orderBy('address')
    .execute()
  for (const row of found) used.get(row.subject)?.push(row.address)
  return used
}

const memberAddressesMax = 50_000

/** Where members of a practice were seen within 30 days before `at`; the newest 50,000 of person and address. */
export async function listAddressesOfMembers(
  rows: Rows,
  practice: string,
  at: Instant,
): Promise<readonly { readonly user: string; readonly address: string }[]> {
  return await rows
    .selectFrom('membership as m')
    .innerJoin('address_use as a', 'a.subject', 'm.user_id')
    .select(['m.user_id as user', 'a.address'])
    .where('m.practice', '=', practice)
    .where('a.last_at', '>', at - addressUseMs)
    .orderBy('a.last_at', 'desc')
    .limit(memberAddressesMax)
    .execute()
}
