/**
 * Whom a provider's word means: the identity that an own account is linked with, and sign-ins on their way to a provider.
 *
 * It asks no provider. Invariant: an account has at most one identity and an identity one account; what a provider is
 * asked is derived from the browser's own token, of which only the hash is stored, and each visit is answered once. Finding
 * accounts by their login name was refused: whoever gets that address at the provider would be the admin.
 */
import { createHash, hkdfSync } from 'node:crypto'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import { hashToken, newToken } from '../../runtime/token.ts'
import { type Deed, eventOf } from '../deed.ts'
import { foldId } from '../directory/directory.ts'
import type { Challenge } from '../own-sign-in/visits.ts'
import { type AdminAccount, findAdmin } from '../store/admin-accounts.ts'
import type { Rows, Store } from '../store/database.ts'
import { appendEvent } from '../store/events.ts'
import type { AdminProvider } from './admin-providers.ts'

const visitMs: DurationMs = 600_000

const derived = (token: string, label: string): string =>
  Buffer.from(hkdfSync('sha256', token, '', `gatehouse admin sign-in ${label} 1`, 32)).toString('base64url')

const challengeOf = (token: string): Challenge => ({
  state: derived(token, 'state'),
  nonce: derived(token, 'nonce'),
  verifier: derived(token, 'verifier'),
})

/** Lets a browser go to a provider: the bearer text of its cookie, and what the provider is asked. */
export async function beginProviderVisit(
  store: Store,
  visit: { readonly provider: string; readonly returnTo: string },
  at: Instant,
): Promise<{ readonly token: string; readonly challenge: Challenge }> {
  const token = newToken()
  await store.transaction(async (tx) => {
    await tx.deleteFrom('admin_provider_visit').where('ends_at', '<=', at).execute()
    await tx
      .insertInto('admin_provider_visit')
      .values({
        ...{ token_hash: hashToken(token), provider: visit.provider },
        ...{ return_to: visit.returnTo.length > 2_000 ? '/' : visit.returnTo, ends_at: at + visitMs },
      })
      .execute()
  })
  return { token, challenge: challengeOf(token) }
}

/** Ends a browser's visit with a provider, whatever comes of it; `null`: none, another's, or over. */
export async function takeProviderVisit(
  store: Store,
  visit: { readonly token: string; readonly provider: string },
  at: Instant,
): Promise<{ readonly challenge: Challenge; readonly returnTo: string } | null> {
  const row = await store.read((rows) =>
    rows
      .deleteFrom('admin_provider_visit')
      .where('token_hash', '=', hashToken(visit.token))
      .where('provider', '=', visit.provider)
      .where('ends_at', '>', at)
      .returning('return_to')
      .executeTakeFirst(),
  )
  return row === undefined ? null : { challenge: challengeOf(visit.token), returnTo: row.return_to }
}

/** The account that a provider's word means; `null`: none, or it is suspended. */
export async function findLinked(
  rows: Rows,
  provider: string,
  subject: string,
): Promise<AdminAccount | null> {
  const row = await rows
    .selectFrom('admin_identity')
    .select('account')
    .where('provider', '=', provider)
    .where('subject', '=', subject)
    .executeTakeFirst()
  const account = row === undefined ? null : await findAdmin(rows, row.account)
  return account === null || account.suspended ? null : account
}

/** Who somebody is to a provider, from what an operator knows: their address there, or the provider's own id. */
export const subjectOf = ({ id, match }: Pick<AdminProvider, 'id' | 'match'>, who: string): string =>
  match === 'email' ? foldId(who.trim()) : `${id}:${createHash('sha256').update(who).digest('hex')}`

type Linking = { readonly id: string; readonly deed: Deed }

/** Links an account with an identity in place of any before; false: no such account. Rejects (`isDuplicate`) where it is another's. */
export function linkIdentity(
  store: Store,
  { id, deed, provider, subject }: Linking & { readonly provider: string; readonly subject: string },
): Promise<boolean> {
  return store.transaction(async (tx) => {
    const account = await findAdmin(tx, id)
    if (account === null) return false
    const row = { provider, subject, linked_at: deed.at }
    await tx
      .insertInto('admin_identity')
      .values({ account: id, ...row })
      .onConflict((oc) => oc.column('account').doUpdateSet(row))
      .execute()
    await appendEvent(tx, {
      ...eventOf(deed),
      ...{ practice: null, action: 'admin.identity-linked', before: null, after: { provider, subject } },
      target: { kind: 'admin', id, name: account.name },
    })
    return true
  })
}

/** Takes an account's identity from it and ends its sessions; false: no such account, or it has none. */
export function unlinkIdentity(store: Store, { id, deed }: Linking): Promise<boolean> {
  return store.transaction(async (tx) => {
    const account = await findAdmin(tx, id)
    const row = await tx
      .deleteFrom('admin_identity')
      .where('account', '=', id)
      .returning(['provider', 'subject'])
      .executeTakeFirst()
    if (account === null || row === undefined) return false
    await tx
      .updateTable('admin_session')
      .set({ ended_at: deed.at })
      .where('account', '=', id)
      .where('ended_at', 'is', null)
      .execute()
    await appendEvent(tx, {
      ...eventOf(deed),
      ...{ practice: null, action: 'admin.identity-unlinked', before: row, after: null },
      target: { kind: 'admin', id, name: account.name },
    })
    return true
  })
}
