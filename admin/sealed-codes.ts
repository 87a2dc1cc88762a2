/**
 * Sealed break-glass codes of an own account (SPEC §4, §11): printed, put into an envelope, each good for one session.
 *
 * For the day on which an admin can get in no other way. Invariant: only argon2id texts are kept; a code is used by one
 * compare-and-set, so that of many who type it at once one gets in; whatever is wrong with a code, the check costs one
 * hash and answers the same. Making new ones voids the old. Using one is told to every account that reads events, and
 * mailed to every security admin.
 */
import type { Instant } from '../policies/instant.ts'
import { newToken } from '../runtime/token.ts'
import { type Deed, eventOf } from './deed.ts'
import { securityAdmins } from './directory/security-admins.ts'
import { queueMail } from './notify/mail-queue.ts'
import { hashPassword, verifyPassword } from './passwords.ts'
import type { AdminAccount } from './store/admin-accounts.ts'
import type { Rows, Store, Tx } from './store/database.ts'
import { appendEvent } from './store/events.ts'
import { readMembers } from './store/members.ts'
import { readPolicy } from './store/practices.ts'

const codesCount = 10
const idLength = 8

/** `slc-` and the code's public part, then its secret of 132 bits. */
const form = /^slc-([A-Za-z0-9_-]{8})-([A-Za-z0-9_-]{22})$/

/** Whether a text has the form of a sealed code; it need not be one. */
export const isSealedCode = (text: string): boolean => form.test(text.trim())

/**
 * New codes for an account, which void all earlier ones; shown once. Ten argon2id hashes, made before the transaction:
 * about half a second.
 */
export async function makeSealedCodes(
  store: Store,
  account: Pick<AdminAccount, 'id' | 'name'>,
  deed: Deed,
): Promise<readonly string[]> {
  const codes = Array.from({ length: codesCount }, () => ({
    id: newToken().slice(0, idLength),
    secret: newToken().slice(0, 22),
  }))
  const rows = await Promise.all(
    codes.map(async ({ id, secret }) => ({
      ...{ id: `slc_${id}`, account: account.id, code_hash: await hashPassword(secret) },
      ...{ made_at: deed.at, made_by_name: deed.actor.name },
    })),
  )
  await store.transaction(async (tx) => {
    await tx
      .deleteFrom('sealed_code')
      .where('account', '=', account.id)
      .where('used_at', 'is', null)
      .execute()
    await tx.insertInto('sealed_code').values(rows).execute()
    await appendEvent(tx, {
      ...eventOf(deed),
      practice: null,
      action: 'break-glass.codes-made',
      target: { kind: 'admin', id: account.id, name: account.name },
      before: null,
      after: { count: codesCount },
    })
  })
  return codes.map(({ id, secret }) => `slc-${id}-${secret}`)
}

/** Makes all unused codes of an account void; answers how many there were. With none nothing is written. */
export const voidSealedCodes = (
  store: Store,
  account: Pick<AdminAccount, 'id' | 'name'>,
  deed: Deed,
): Promise<number> =>
  store.transaction(async (tx) => {
    const { numDeletedRows } = await tx
      .deleteFrom('sealed_code')
      .where('account', '=', account.id)
      .where('used_at', 'is', null)
      .executeTakeFirst()
    const count = Number(numDeletedRows)
    if (count > 0)
      await appendEvent(tx, {
        ...eventOf(deed),
        practice: null,
        action: 'break-glass.codes-voided',
        target: { kind: 'admin', id: account.id, name: account.name },
        before: { count },
        after: null,
      })
    return count
  })

/** How many unused codes an account has. */
export async function countSealedCodes(rows: Rows, account: string): Promise<number> {
  const { count } = await rows
    .selectFrom('sealed_code')
    .select(({ fn }) => fn.countAll<string>().as('count'))
    .where('account', '=', account)
    .where('used_at', 'is', null)
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** The code's row where the secret is right and the account's; works as long for any other text. */
export async function checkSealedCode(store: Store, account: string, typed: string): Promise<string | null> {
  const [, id = '', secret = ''] = form.exec(typed.trim()) ?? []
  const row = await store.read((rows) =>
    rows
      .selectFrom('sealed_code')
      .select(['id', 'code_hash'])
      .where('id', '=', `slc_${id}`)
      .where('account', '=', account)
      .where('used_at', 'is', null)
      .executeTakeFirst(),
  )
  const right = await verifyPassword(row?.code_hash ?? null, secret)
  return right && row !== undefined ? row.id : null
}

/** Every security admin of every practice that the account may administer. */
async function tellAdmins(tx: Tx, account: AdminAccount, address: string, at: Instant): Promise<void> {
  const practices = await tx.selectFrom('practice').select('id').orderBy('id').execute()
  const told = new Set<string>()
  for (const { id } of practices) {
    if (account.practices !== 'every' && !Object.hasOwn(account.practices, id)) continue
    const policy = await readPolicy(tx, id)
    const members = (await readMembers(tx, id, at))?.members ?? []
    if (policy === null) continue
    for (const { email } of securityAdmins(policy.document, members)) if (email !== null) told.add(email)
  }
  const text = [
    `${account.name} signed in to Security Management with a sealed break-glass code, from ${address}.`,
    'Such a code asks for no second factor and holds from anywhere, for one hour. If this was not agreed, suspend that account now and make new codes.',
  ].join('\n\n')
  for (const to of told) await queueMail(tx, { to, subject: 'A sealed break-glass code was used', text }, at)
}

/**
 * Spends a checked code in the transaction that opens its session, and tells. `false`: somebody else was first.
 */
export async function spendSealedCode(
  tx: Tx,
  code: string,
  account: AdminAccount,
  address: string,
  at: Instant,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('sealed_code')
    .set({ used_at: at, used_from: address })
    .where('id', '=', code)
    .where('used_at', 'is', null)
    .executeTakeFirst()
  if (numUpdatedRows !== 1n) return false
  await tellAdmins(tx, account, address, at)
  await appendEvent(tx, {
    ...{ practice: null, at, origin: 'ui', action: 'break-glass.code-used', address },
    actor: { kind: 'admin', id: account.id, name: account.name },
    target: { kind: 'admin', id: account.id, name: account.name },
    before: null,
    after: { endsAt: at + sealedSessionMs },
  })
  return true
}

/** How long a session that a code opened lasts. */
export const sealedSessionMs = 3_600_000
