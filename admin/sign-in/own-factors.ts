/**
 * The second factor of own accounts: an authenticator app and ten recovery codes, set up, shown and removed; passkeys
 * beside them are `own-passkeys.ts`.
 *
 * It counts no tries (`try-limits.ts`) and opens no session. Invariant: a time step and a recovery code are accepted once,
 * each by one compare-and-set, so that of any number of parallel submissions exactly one succeeds; secrets are sealed for
 * their one account. Sharing the tables of people's factors was refused: those are reset by admins of a practice.
 */
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { Rows, Store, Tx } from '../store/database.ts'
import { newRecoveryCodes, readCode } from '../two-factor/codes.ts'
import type { FactorKeyring } from '../two-factor/factor-keys.ts'
import { matchingStep, newTotpSecret, totpUri } from '../two-factor/totp.ts'
import { listOwnPasskeys, type OwnPasskey } from './own-passkeys.ts'

/** What checking works with. */
export type OwnFactorParts = { readonly store: Store; readonly keyring: FactorKeyring }

/** How a code was accepted, or why not. */
export type OwnCodeOutcome = 'totp' | 'recovery-code' | 'wrong' | 'used'

const pendingMs: DurationMs = 900_000

/** What the secret of an own account is bound to. */
export const aboutOwnSecret = (account: string): string => `totp of ${account}`
const aboutCodes = (account: string): string => `recovery code of ${account}`

async function acceptTotp(
  tx: Tx,
  keyring: FactorKeyring,
  account: string,
  code: string,
  at: Instant,
): Promise<OwnCodeOutcome> {
  const factor = await tx
    .selectFrom('admin_factor')
    .selectAll()
    .where('account', '=', account)
    .executeTakeFirst()
  if (factor === undefined) return 'wrong'
  const secret = keyring.open(factor.key_id, factor.sealed, aboutOwnSecret(account))
  if (matchingStep(secret, code, at, null) === null) return 'wrong'
  const step = matchingStep(secret, code, at, factor.last_step)
  if (step === null) return 'used'
  const accepted = await tx
    .updateTable('admin_factor')
    .set({ last_step: step, last_verified_at: at })
    .where('account', '=', account)
    .where('last_step', '<', step)
    .returning('account')
    .executeTakeFirst()
  return accepted === undefined ? 'used' : 'totp'
}

async function acceptRecoveryCode(
  tx: Tx,
  keyring: FactorKeyring,
  account: string,
  code: string,
  at: Instant,
): Promise<OwnCodeOutcome> {
  const marks = keyring.marks(code, aboutCodes(account)).map(({ mark }) => mark)
  const used = await tx
    .updateTable('admin_recovery_code')
    .set({ used_at: at })
    .where('account', '=', account)
    .where('mark', 'in', marks)
    .where('used_at', 'is', null)
    .returning('mark')
    .executeTakeFirst()
  if (used !== undefined) return 'recovery-code'
  const known = await tx
    .selectFrom('admin_recovery_code')
    .select('mark')
    .where('account', '=', account)
    .where('mark', 'in', marks)
    .executeTakeFirst()
  return known === undefined ? 'wrong' : 'used'
}

/** Judges a typed code of an account's app, or a recovery code. Rejects where the stored secret was altered. */
export async function acceptOwnCode(
  tx: Tx,
  keyring: FactorKeyring,
  account: string,
  typed: string,
  at: Instant,
): Promise<OwnCodeOutcome> {
  const code = readCode(typed)
  if (code === null) return 'wrong'
  return code.kind === 'totp'
    ? acceptTotp(tx, keyring, account, code.code, at)
    : acceptRecoveryCode(tx, keyring, account, code.code, at)
}

/** What an account has. `enrolledAt: null`: no app. */
export type OwnFactorState = {
  readonly enrolledAt: Instant | null
  readonly lastVerifiedAt: Instant | null
  readonly recoveryCodesLeft: number
  readonly passkeys: OwnPasskey[]
}

/** What an account has now. */
export async function readOwnFactor(rows: Rows, account: string): Promise<OwnFactorState> {
  const factor = await rows
    .selectFrom('admin_factor')
    .select(['enrolled_at', 'last_verified_at'])
    .where('account', '=', account)
    .executeTakeFirst()
  const left = await rows
    .selectFrom('admin_recovery_code')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('account', '=', account)
    .where('used_at', 'is', null)
    .executeTakeFirstOrThrow()
  return {
    enrolledAt: factor?.enrolled_at ?? null,
    lastVerifiedAt: factor?.last_verified_at ?? null,
    recoveryCodesLeft: left.count,
    passkeys: await listOwnPasskeys(rows, account),
  }
}

/** A new secret to set up within 15 minutes, in place of any shown before: base32, and what the picture says. */
export async function beginOwnTotp(
  { store, keyring }: OwnFactorParts,
  { id: account, login }: { readonly id: string; readonly login: string },
  at: Instant,
): Promise<{ readonly key: string; readonly uri: string }> {
  const key = newTotpSecret()
  const { keyId, sealed } = keyring.seal(key, aboutOwnSecret(account))
  const row = { key_id: keyId, sealed, ends_at: at + pendingMs }
  await store.read((rows) =>
    rows
      .insertInto('admin_factor_pending')
      .values({ account, ...row })
      .onConflict((oc) => oc.column('account').doUpdateSet(row))
      .execute(),
  )
  return { key, uri: totpUri(key, 'Gatehouse', login) }
}

/**
 * Takes the first code of a shown secret, which then is the account's factor, with ten new recovery codes that are answered
 * this once. `null`: no secret was shown, it has run out, or the code is not its.
 */
export async function confirmOwnTotp(
  tx: Tx,
  keyring: FactorKeyring,
  account: string,
  typed: string,
  at: Instant,
): Promise<readonly string[] | null> {
  const pending = await tx
    .selectFrom('admin_factor_pending')
    .selectAll()
    .where('account', '=', account)
    .where('ends_at', '>', at)
    .forUpdate()
    .executeTakeFirst()
  const code = readCode(typed)
  if (pending === undefined || code?.kind !== 'totp') return null
  const secret = keyring.open(pending.key_id, pending.sealed, aboutOwnSecret(account))
  const step = matchingStep(secret, code.code, at, null)
  if (step === null) return null
  await removeApp(tx, account)
  await tx
    .insertInto('admin_factor')
    .values({
      ...{ account, key_id: pending.key_id, sealed: pending.sealed, last_step: step },
      ...{ enrolled_at: at, last_verified_at: at },
    })
    .execute()
  return issueCodes(tx, keyring, account)
}

/** Ten new recovery codes in place of any before, answered this once. */
async function issueCodes(tx: Tx, keyring: FactorKeyring, account: string): Promise<readonly string[]> {
  await tx.deleteFrom('admin_recovery_code').where('account', '=', account).execute()
  const codes = newRecoveryCodes()
  const marks = codes.flatMap((one) => {
    const [current] = keyring.marks(readCode(one)?.code ?? one, aboutCodes(account))
    return current === undefined
      ? []
      : [{ account, mark: current.mark, key_id: current.keyId, used_at: null }]
  })
  await tx.insertInto('admin_recovery_code').values(marks).execute()
  return codes
}

/** Ten recovery codes for an account that has had none so far; empty: it has had some. */
export async function issueFirstOwnCodes(
  tx: Tx,
  keyring: FactorKeyring,
  account: string,
): Promise<readonly string[]> {
  const some = await tx
    .selectFrom('admin_recovery_code')
    .select('mark')
    .where('account', '=', account)
    .limit(1)
    .executeTakeFirst()
  return some === undefined ? issueCodes(tx, keyring, account) : []
}

async function removeApp(tx: Tx, account: string): Promise<boolean> {
  await tx.deleteFrom('admin_factor_pending').where('account', '=', account).execute()
  const gone = await tx.deleteFrom('admin_factor').where('account', '=', account).executeTakeFirst()
  return gone.numDeletedRows > 0n
}

/** One change of an account’s factors at a time: what is left is known only once the others are done. */
const lockAccount = (tx: Tx, account: string) =>
  tx.selectFrom('admin_account').select('id').where('id', '=', account).forUpdate().execute()

/** Ten new recovery codes for an account that has a second factor, in place of any before; `null`: it has none. */
export async function renewOwnCodes(
  tx: Tx,
  keyring: FactorKeyring,
  account: string,
): Promise<readonly string[] | null> {
  await lockAccount(tx, account)
  const { enrolledAt, passkeys } = await readOwnFactor(tx, account)
  return enrolledAt === null && passkeys.length === 0 ? null : issueCodes(tx, keyring, account)
}

/** Whether anything is left to ask an account for; with the last thing go its recovery codes. */
export async function settleOwnCodes(tx: Tx, account: string): Promise<boolean> {
  await lockAccount(tx, account)
  const { enrolledAt, passkeys } = await readOwnFactor(tx, account)
  const isLeft = enrolledAt !== null || passkeys.length > 0
  if (!isLeft) await tx.deleteFrom('admin_recovery_code').where('account', '=', account).execute()
  return isLeft
}

/** Removes an account's app and any secret that was shown; whether there was an app. */
export async function removeOwnApp(tx: Tx, account: string): Promise<boolean> {
  const removed = await removeApp(tx, account)
  if (removed) await settleOwnCodes(tx, account)
  return removed
}

/** Removes all that an account has: app, passkeys, recovery codes; whether there was a factor. */
export async function removeOwnFactor(tx: Tx, account: string): Promise<boolean> {
  const app = await removeApp(tx, account)
  const passkeys = await tx.deleteFrom('admin_passkey').where('account', '=', account).executeTakeFirst()
  await tx.deleteFrom('admin_passkey_challenge').where('account', '=', account).execute()
  await settleOwnCodes(tx, account)
  return app || passkeys.numDeletedRows > 0n
}
