/**
 * People at the portal, as the two-factor tests need them: signed in, handed over, with an authenticator app.
 *
 * Not the portal itself: there is no listener and no page. The app's codes come from an own reading of RFC 6238.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { confirmPolicy } from '../../../admin/commit-confirm.ts'
import { editPolicy } from '../../../admin/policy-edit.ts'
import { readDeadline } from '../../../admin/store/confirmations.ts'
import { readPolicy } from '../../../admin/store/practices.ts'
import type { SessionRow } from '../../../admin/store/sessions.ts'
import { beginTotp, confirmTotp } from '../../../admin/two-factor/enrolment.ts'
import { createFactorKeyring } from '../../../admin/two-factor/factor-keys.ts'
import type { FactorParts } from '../../../admin/two-factor/verification.ts'
import { handOver, openVisit, type PortalVisit } from '../../../admin/two-factor/visits.ts'
import type { PolicyDocument } from '../../../policies/document.ts'
import type { HandOver } from '../../../runtime/internal.ts'
import { hashToken, newToken } from '../../../runtime/token.ts'
import { createPracticeStore, north, type PracticeStore, sessionRequest, south } from '../practice-store.ts'

/** From where everybody comes here. */
export const home = '203.0.113.9'
/** 2027-01-15T08:00:00Z: the beginning of a time step. */
export const morning = Date.UTC(2027, 0, 15, 8)

/** The bytes of a base32 text. */
export const bytesOf = (base32: string): Buffer => {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  let bits = ''
  for (const letter of base32) bits += letters.indexOf(letter).toString(2).padStart(5, '0')
  return Buffer.from(bits.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? [])
}

/** The code of a secret at an instant, by the letter of RFC 4226 and 6238; the oracle of these tests. */
export const codeAt = (base32: string, at: number): string => {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)))
  const mac = createHmac('sha1', bytesOf(base32)).update(counter).digest()
  const offset = (mac[19] ?? 0) & 15
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

/** Six digits that are no code of the secret around an instant. */
export const wrongCode = (base32: string, at: number): string => {
  const near = Array.from({ length: 25 }, (_, place) => place - 12).map((step) =>
    codeAt(base32, Math.max(at + step * 30_000, 0)),
  )
  for (let guess = 917_364; ; guess += 1) {
    const text = String(guess).padStart(6, '0')
    if (!near.includes(text)) return text
  }
}

type Controls = PolicyDocument['controls']
type Edit = (document: PolicyDocument) => PolicyDocument

/** Changes to policies, and the two-factor events that come of what is done. */
const createOffice = (plane: PracticeStore) => {
  /** Confirms what waits, from the first listed network. */
  const confirm = async (practice: string): Promise<void> => {
    const saved = await plane.store.read((rows) => readPolicy(rows, practice))
    const waits =
      saved !== null && (await plane.store.read((rows) => readDeadline(rows, practice, saved.revision)))
    if (!waits) return
    const address = saved.document.ipEntries[0]?.range.split('/')[0] ?? '203.0.113.9'
    const deed = plane.deed({ address, at: waits.savedAt })
    const settled = await confirmPolicy(plane.store, { practice, revision: saved.revision, deed })
    if (settled.outcome !== 'settled') throw new Error(JSON.stringify(settled))
  }
  /** Changes a practice's policy; what waited there is confirmed first. */
  const edit = async (change: Edit, practice = north): Promise<void> => {
    await confirm(practice)
    const edited = await editPolicy(plane.store, {
      practice,
      ifRevision: null,
      deed: plane.deed(),
      typedName: `Practice ${practice}`,
      change,
    })
    if (edited.outcome !== 'saved') throw new Error(JSON.stringify(edited))
  }
  /** Enforces the second factor in a practice, for everyone unless told otherwise. */
  const require = (change: Partial<Controls['twoFactor']> = {}, practice = north): Promise<void> =>
    edit(({ controls, ...document }) => {
      const scope = { include: 'everyone' as const, exempt: { roles: [], users: [] } }
      const twoFactor = { ...controls.twoFactor, mode: 'enforce' as const, scope, ...change }
      return { ...document, controls: { ...controls, twoFactor } }
    }, practice)
  /** Two-factor events of a practice, oldest first, as they were recorded. */
  const events = async (practice = north) => {
    const rows = await plane.store.read((tx) =>
      tx
        .selectFrom('security_event')
        .select('body')
        .where('practice', '=', practice)
        .where('action', 'like', 'two-factor.%')
        .orderBy('seq')
        .execute(),
    )
    return rows.map(({ body }) => JSON.parse(body) as Record<string, unknown>)
  }
  return { edit, require, events }
}

/** People who sign in, are handed over and set up an app. */
const createPeople = (plane: PracticeStore, parts: FactorParts) => {
  const { now } = plane.clock
  /** Signs somebody in, in both practices unless told otherwise. */
  const signIn = (
    appUser: string,
    practices = [north, south],
    roles = ['Front Desk'],
  ): Promise<SessionRow> => {
    const named = practices.map((id) => ({ id, roles }))
    return plane.signIn(appUser, {
      identity: { ...sessionRequest(appUser).identity, practices: named },
    })
  }
  const request = (session: SessionRow, ticket: string, change: Partial<HandOver> = {}): HandOver => ({
    ticketHash: hashToken(ticket),
    tokenHash: session.token_hash,
    reason: 'two-factor-not-verified',
    origin: 'https://app.example',
    to: '/charts',
    address: home,
    ...change,
  })
  /** Hands somebody over and opens the visit, with its bearer token. */
  const arrive = async (session: SessionRow): Promise<{ token: string; visit: PortalVisit }> => {
    const ticket = newToken()
    if (!(await handOver(plane.store, request(session, ticket), now()))) throw new Error('not handed over')
    const opened = await openVisit(plane.store, ticket, now())
    if (opened === null) throw new Error('no visit')
    return opened
  }
  const visit = async (session: SessionRow): Promise<PortalVisit> => (await arrive(session)).visit
  /** Sets up a factor in a visit; then the clock stands two steps later, so that the app shows another code. */
  const enrol = async (
    at: PortalVisit,
    using: FactorParts = parts,
  ): Promise<{ key: string; codes: readonly string[] }> => {
    const begun = await beginTotp(using, at, now())
    if (begun === null) throw new Error('nothing to set up')
    const done = await confirmTotp(using, at, codeAt(begun.key, now()), now(), home)
    if (done.outcome !== 'enrolled') throw new Error(done.outcome)
    plane.clock.advance(60_000)
    return { key: begun.key, codes: done.recoveryCodes }
  }
  return { signIn, request, arrive, visit, enrol }
}

/** A stage on a database of its own. `changes`: how often the gateways were to be told something new. */
export const createFactorStage = async () => {
  const plane = await createPracticeStore()
  plane.clock.set(morning)
  let changes = 0
  const parts: FactorParts = {
    store: plane.store,
    keyring: createFactorKeyring([{ id: 'k1', bytes: randomBytes(32) }]),
    changed: () => {
      changes += 1
    },
  }
  return {
    plane,
    parts,
    now: plane.clock.now,
    changes: () => changes,
    ...createPeople(plane, parts),
    ...createOffice(plane),
    close: plane.close,
  }
}

/** What `createFactorStage` answers. */
export type FactorStage = Awaited<ReturnType<typeof createFactorStage>>
