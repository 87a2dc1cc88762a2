/**
 * A sealed code in the safe, so that a test's only admin may enforce an allowlist or hours (SPEC §4).
 *
 * No text is this code: tests that use one make their own. Invariant: it is of an account with every practice, which is
 * made where there is none.
 */
import type { Store } from '../../admin/store/database.ts'

/** Keeps one unused code of an account with every practice. */
export const keepSealedCode = async (store: Store, at: number): Promise<void> => {
  await store.read(async (rows) => {
    const known = await rows
      .selectFrom('admin_account')
      .select('id')
      .where('every_practice', '=', true)
      .executeTakeFirst()
    const account = known?.id ?? 'adm_safe'
    if (known === undefined)
      await rows
        .insertInto('admin_account')
        .values({
          ...{ id: account, login: 'safe', name: 'Whoever opens the safe', password_hash: null },
          ...{ every_practice: true, created_at: at, password_changed_at: at },
        })
        .execute()
    await rows
      .insertInto('sealed_code')
      .values({
        id: 'slc_in-safe1',
        account,
        code_hash: 'the hash of nothing',
        made_at: at,
        made_by_name: 'Test',
      })
      .execute()
  })
}
