/**
 * A migrated database with two practices, as the control plane's tests start from, and people who sign in.
 *
 * Not a control plane: nothing runs by itself here. Every instant is the test's own clock's.
 */
import { ensurePractices } from '../../admin/bootstrap.ts'
import type { Deed } from '../../admin/deed.ts'
import type { Provisioning } from '../../admin/directory/directory.ts'
import { openSession } from '../../admin/sessions/session-opening.ts'
import { openStore, type Store } from '../../admin/store/database.ts'
import type { SessionRow } from '../../admin/store/sessions.ts'
import type { OpenSession } from '../../runtime/internal.ts'
import type { Log, LogFields } from '../../runtime/log.ts'
import { createSigner, generateSigningKey } from '../../runtime/signing.ts'
import { hashToken, newToken } from '../../runtime/token.ts'
import { createClock } from '../support/clock.ts'
import { createDatabase } from '../support/postgres.ts'
import { keepSealedCode } from '../support/sealed-code.ts'

/** The first practice of these tests. */
export const north = 'north'
/** The second. */
export const south = 'south'

/** What was logged, for tests that care. */
export const createListeningLog = (): Log & {
  readonly lines: { level: string; message: string; fields: LogFields }[]
} => {
  const lines: { level: string; message: string; fields: LogFields }[] = []
  const at = (level: string) => (fields: LogFields, message: string) =>
    void lines.push({ level, message, fields })
  const log = {
    lines,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: () => log,
  }
  return log
}

/** A request to open a session; `change` overrides. */
export const sessionRequest = (
  appUser: string,
  change: Partial<OpenSession> = {},
  roles: readonly string[] = ['Front Desk'],
): OpenSession => ({
  upstream: 'demo',
  identity: {
    appUser,
    kind: 'staff',
    name: appUser.toUpperCase(),
    email: null,
    practices: [{ id: north, roles: [...roles] }],
    amr: [],
  },
  method: 'app-password',
  tokenHash: hashToken(newToken()),
  cookieHash: null,
  address: '203.0.113.9',
  device: 'Firefox',
  replaces: null,
  ...change,
})

/** A database with the practices `north` and `south`, both as new. */
export const createPracticeStore = async () => {
  const database = await createDatabase()
  const store: Store = openStore({ url: database.url, poolMax: 10 })
  const clock = createClock()
  const signer = createSigner(generateSigningKey())
  const ensured = await ensurePractices(
    store,
    [north, south].map((id) => ({
      id,
      name: `Practice ${id}`,
      zone: 'Europe/Berlin',
      roles: 'standard' as const,
    })),
    clock.now(),
  )
  if (!ensured.ok) throw new Error(JSON.stringify(ensured.problems))
  await keepSealedCode(store, clock.now())
  const deed = (change: Partial<Deed> = {}): Deed => ({
    actor: { kind: 'admin', id: 'adm_1', name: 'First admin' },
    origin: 'ui',
    at: clock.now(),
    ...change,
  })
  /** Signs somebody in and answers the session; throws if it is not opened. */
  const signIn = async (
    appUser: string,
    change: Partial<OpenSession> = {},
    roles: readonly string[] = ['Front Desk'],
    provisioning: Provisioning = 'app-roles',
  ): Promise<SessionRow> => {
    const opened = await openSession(store, sessionRequest(appUser, change, roles), provisioning, clock.now())
    if (opened.outcome !== 'opened') throw new Error(opened.outcome)
    return opened.session
  }
  return {
    url: database.url,
    store,
    clock,
    signer,
    deed,
    signIn,
    close: async () => {
      await store.close()
      await database.drop()
    },
  }
}

/** A database with two practices. */
export type PracticeStore = Awaited<ReturnType<typeof createPracticeStore>>
