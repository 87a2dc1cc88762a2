/**
 * What a gateway may ask the control plane directly: the rare things that write, and the second channel of
 * knowledge when the hot store is away. Called over HTTP with the cluster key, or as functions in one process.
 *
 * It is not the admin API: nothing here edits policy, and nothing of it is reachable from a browser.
 * Every answer's trust is its signature, exactly as for records read from the hot store.
 */
import { z } from 'zod'
import { sessionEnds, signInMethods } from './records.ts'

/**
 * How far the clock of an identity proxy may be off, ms. Always counted against the person: a sign-in this shortly after
 * a revocation is not after it, and one that lies further ahead than this is not believed.
 */
export const signInSkewMs = 5_000

const hash = z.string().regex(/^[A-Za-z0-9_-]{43}$/)

/** Who the application says is behind a cookie (introspection, token or claim), already checked for form. */
export const appIdentitySchema = z.strictObject({
  /** The application's own id of the user, 1–200 printable characters. */
  appUser: z.string().min(1).max(200),
  kind: z.enum(['staff', 'patient']),
  name: z.string().max(200).nullable(),
  email: z.string().max(254).nullable(),
  /** Practices with the application's role names; they only seed provisioning unless `roles: app`. */
  practices: z
    .array(z.strictObject({ id: z.string().max(64), roles: z.array(z.string().max(100)).max(50) }))
    .max(500),
  /** Authentication methods the application claims (RFC 8176). */
  amr: z.array(z.string().max(40)).max(10),
  /** The practice the application has them in now; absent or `null`: it names none. */
  practice: z.string().max(64).nullable().optional(),
})
/** Who the application says is behind a cookie. */
export type AppIdentity = z.infer<typeof appIdentitySchema>

/** A session to open. The gateway made the token; only its hash leaves it. Idempotent by `tokenHash`. */
export const openSessionSchema = z.strictObject({
  upstream: z.string().max(64),
  identity: appIdentitySchema,
  method: z.enum(signInMethods),
  tokenHash: hash,
  cookieHash: hash.nullable(),
  address: z.string().max(64),
  /** User-Agent, cut to 300 characters; shown to admins as a device, never trusted. */
  device: z.string().max(300),
  /** The session this one replaces (sign-in over an existing companion); ended with why `replaced`. */
  replaces: hash.nullable(),
  /** When an identity proxy saw them sign in, by its clock; absent: it does not say, and no sign-in is proved. */
  signedInAt: z.number().int().nonnegative().optional(),
})
/** A session to open. */
export type OpenSession = z.infer<typeof openSessionSchema>

/** What an application says now of somebody's roles, for an upstream with `roles: app`. Safe to repeat. */
export const assertRolesSchema = openSessionSchema.pick({ upstream: true, identity: true })
/** What an application says now of somebody's roles. */
export type AssertRoles = z.infer<typeof assertRolesSchema>

/** A signed record as it lies in the hot store. */
export const sealedRecordSchema = z.strictObject({ key: z.string(), text: z.string() })
/** A signed record with its key. */
export type SealedRecord = z.infer<typeof sealedRecordSchema>

/** Answer to a session opened: the records the gateway applies before it judges. */
export const sessionOpenedSchema = z.discriminatedUnion('outcome', [
  z.strictObject({
    outcome: z.literal('opened'),
    session: sealedRecordSchema,
    records: z.array(sealedRecordSchema),
  }),
  /** Unknown people are denied by the upstream's provisioning setting. */
  z.strictObject({ outcome: z.literal('unknown-user') }),
  z.strictObject({ outcome: z.literal('suspended') }),
])
/** Answer to a session opened. */
export type SessionOpened = z.infer<typeof sessionOpenedSchema>

/** Records that are new by what an application said of roles; none: everything was so already. */
export const rolesAssertedSchema = z.strictObject({ records: z.array(sealedRecordSchema) })
/** What came of it. */
export type RolesAsserted = z.infer<typeof rolesAssertedSchema>

/** A session to change: ended, or released from being held. */
export const changeSessionSchema = z.discriminatedUnion('to', [
  z.strictObject({ to: z.literal('ended'), tokenHash: hash, why: z.enum(sessionEnds) }),
  z.strictObject({ to: z.literal('held'), tokenHash: hash, reason: z.string() }),
  z.strictObject({ to: z.literal('live'), tokenHash: hash }),
])
/** A session to change. */
export type ChangeSession = z.infer<typeof changeSessionSchema>

/** Everything published after `since`, oldest first; at most 500, `more` says that there is more. */
export const changesSchema = z.strictObject({
  sequence: z.number().int().nonnegative(),
  records: z.array(sealedRecordSchema),
  manifest: sealedRecordSchema,
  more: z.boolean(),
})
/** What was published since. */
export type Changes = z.infer<typeof changesSchema>

/** A request for access, asked by somebody whose sign-in is held (SPEC §5). `network` follows from `address`. */
export const askAccessSchema = z.strictObject({
  /** Of the held session's companion token: who asks. */
  tokenHash: hash,
  kind: z.enum(['ip', 'time']),
  address: z.string().max(64),
  practices: z.array(z.string().max(64)).min(1).max(50),
  reason: z.string().trim().min(1).max(500),
})
/** A request for access. */
export type AskAccess = z.infer<typeof askAccessSchema>

/** To take a held session's user's pending requests back, in the practices named. */
export const withdrawAccessSchema = askAccessSchema.omit({ reason: true })
/** To take pending requests back. */
export type WithdrawAccess = z.infer<typeof withdrawAccessSchema>

/** Where somebody's request stands in one practice. */
export const accessStandingSchema = z.strictObject({
  practice: z.string(),
  name: z.string(),
  status: z.enum(['not-requested', 'pending', 'approved', 'rejected']),
  /** The reviewer's note, or why an earlier request counts no more; empty: none. */
  note: z.string(),
  /** After a rejection: from when they may ask again; `null`: now. */
  askAgainAt: z.number().int().nonnegative().nullable(),
  /** Whether the practice takes requests of this kind; else `contact` says whom to ask. */
  takes: z.boolean(),
  contact: z.string(),
})
/** Where somebody's request stands in one practice. */
export type AccessStanding = z.infer<typeof accessStandingSchema>

/** Answer to `askAccess` and `accessStandings`. `refused`: why nothing was asked, one public sentence; `null`: it was. */
export const accessStandingsSchema = z.strictObject({
  standings: z.array(accessStandingSchema),
  refused: z.string().nullable(),
})
/** Where somebody's requests stand, in all of their practices. */
export type AccessStandings = z.infer<typeof accessStandingsSchema>

/** Why a second factor is asked for: the reasons of the control `two-factor`; `null`: the person wants to see their factors. */
const factorReason = z.enum([
  'two-factor-not-enrolled',
  'two-factor-not-verified',
  'two-factor-too-old',
  'two-factor-too-weak',
  // They want emergency access, which needs a second factor in any case.
  'emergency',
])

const originText = z.string().regex(/^https?:\/\/[^/?#@\s]{1,300}$/)

/**
 * Somebody to hand over to the portal (SPEC §7). The gateway made the ticket, good for 30 s and once; only its hash
 * leaves it. Idempotent by `ticketHash`.
 */
export const handOverSchema = z.strictObject({
  ticketHash: hash,
  /** Of the companion token of the browser that goes there: what is proved counts for this session only. */
  tokenHash: hash,
  reason: factorReason.nullable(),
  /** The application as this browser calls it: `http(s)://host[:port]`. */
  origin: originText,
  /** Where they were going, a path of that origin; `null`: nowhere to return to. */
  to: z.string().max(1_000).nullable(),
  address: z.string().max(64),
})
/** Somebody to hand over to the portal. */
export type HandOver = z.infer<typeof handOverSchema>

/** Where the portal is, as browsers call it: `http(s)://host[:port]`. The ticket goes to its `/hand-over?ticket=`. */
export const handedOverSchema = z.strictObject({ portal: z.string() })
/** Where the portal is. */
export type HandedOver = z.infer<typeof handedOverSchema>

/**
 * Somebody who wants into the admin origin (SPEC §12). The gateway made the ticket, good for 30 s and once; only its hash
 * leaves it. Idempotent by `ticketHash`.
 */
export const enterAdminSchema = z.strictObject({
  ticketHash: hash,
  /** Of the companion token of the browser that goes there: the session there stands on this one. */
  tokenHash: hash,
  /** The application as this browser calls it. Absent: from a gateway of before it was told. */
  origin: originText.optional(),
})
/** Somebody who wants into the admin origin. */
export type EnterAdmin = z.infer<typeof enterAdminSchema>

/** Where the admin origin is, as browsers call it: `http(s)://host[:port]`. The ticket goes to its `/hand-over?ticket=`. */
export const adminEnteredSchema = z.strictObject({ admin: z.string() })
/** Where the admin origin is. */
export type AdminEntered = z.infer<typeof adminEnteredSchema>

/**
 * The proof that the portal gave a browser to take back (`/.gatehouse/access?proof=`), good for 60 s and once. It counts
 * only for the session whose companion brought it: a code coaxed out of somebody on another machine opens nothing.
 */
export const proveFactorSchema = z.strictObject({
  tokenHash: hash,
  proofHash: hash,
  /** Of the token that the browser gets instead: a copy of its companion from before shares nothing of the proof. */
  renewedHash: hash,
})
/** A proof brought back. */
export type ProveFactor = z.infer<typeof proveFactorSchema>

/** A session raised, under its new token, and what is left of it under the old one: ended, `replaced`. */
export const factorProvedSchema = z.strictObject({
  session: sealedRecordSchema,
  replaced: sealedRecordSchema,
})
/** A session raised. */
export type FactorProved = z.infer<typeof factorProvedSchema>

/**
 * Somebody who is to sign in at the portal. The gateway made the token of this browser's cookie; its hash is all that
 * leaves it, and goes to the portal's `/sign-in?begin=` too: it is a name, and opens nothing. Idempotent by `beginHash`.
 */
export const beginSignInSchema = z.strictObject({
  beginHash: hash,
  upstream: z.string().max(64),
  /** The application as this browser calls it: `http(s)://host[:port]`. */
  origin: z.string().regex(/^https?:\/\/[^/?#@\s]{1,300}$/),
  /** Where they were going, a path of that origin; `null`: nowhere. */
  to: z.string().max(1_000).nullable(),
})
/** Somebody who is to sign in at the portal. */
export type BeginSignIn = z.infer<typeof beginSignInSchema>

/**
 * What the portal gave a browser to take back (`/.gatehouse/access?signed-in=`), good for 60 s, once, and with the cookie
 * of the browser that began alone. `tokenHash`: of the session to open; idempotent by it.
 */
export const finishSignInSchema = openSessionSchema
  .pick({ upstream: true, tokenHash: true, address: true, device: true, replaces: true })
  .extend({ beginHash: hash, proofHash: hash })
/** A sign-in at the portal brought back. */
export type FinishSignIn = z.infer<typeof finishSignInSchema>

/**
 * What became of it; `no-proof`: there is none such of this browser, or it has run out; `way-closed`: their practice lets
 * nobody sign in so. `to`: where they were going.
 */
export const signInFinishedSchema = z.strictObject({
  answer: z.union([
    sessionOpenedSchema,
    z.strictObject({ outcome: z.literal('no-proof') }),
    z.strictObject({ outcome: z.literal('way-closed') }),
  ]),
  to: z.string().nullable(),
})
/** What became of a sign-in at the portal. */
export type SignInFinished = z.infer<typeof signInFinishedSchema>

/** The control plane as a gateway sees it. Every call rejects with a `Fault` (source `control-plane`) when it can't be had. */
export type ControlPlane = {
  openSession(request: OpenSession): Promise<SessionOpened>
  /** Has the directory follow an application's word on somebody's roles, where configuration says that it counts. */
  assertRoles(request: AssertRoles): Promise<RolesAsserted>
  /** The new record, or `null` when there is no such session. */
  changeSession(request: ChangeSession): Promise<SealedRecord | null>
  /** `since: 0` answers every record a gateway needs to start (policies, members, practices), sessions excepted. */
  changes(since: number, gateway: string): Promise<Changes>
  /** Asks for access in the name of a held session's user; idempotent per user, practice, network and kind. */
  askAccess(request: AskAccess): Promise<AccessStandings>
  /** Takes pending requests of a held session's user back; idempotent. */
  withdrawAccess(request: WithdrawAccess): Promise<AccessStandings>
  /** Where the requests of a held session's user stand for this address and kind; `null`: no such session. */
  accessStandings(tokenHash: string, kind: 'ip' | 'time', address: string): Promise<AccessStandings | null>
  /** Lays down a ticket for the portal; `null`: there is no such live session. */
  handOver(request: HandOver): Promise<HandedOver | null>
  /** Hands somebody over to the admin origin; `null`: their session has ended, or is held. */
  enterAdmin(request: EnterAdmin): Promise<AdminEntered | null>
  /** Raises a session, under a new token; idempotent by that. `null`: no such proof for it, or it has run out. */
  proveFactor(request: ProveFactor): Promise<FactorProved | null>
  /** Notes that this browser is to sign in at the portal; `null`: the upstream has no sign-in here. */
  beginSignIn(request: BeginSignIn): Promise<HandedOver | null>
  /** Opens the session of whoever signed in at the portal. */
  finishSignIn(request: FinishSignIn): Promise<SignInFinished>
  /** One record by key (`gh:session:…`, `gh:policy:…`, `gh:members:…`, `gh:practices`); `null`: there is none. */
  record(key: string): Promise<SealedRecord | null>
  /** The public key records are verified with: raw Ed25519, base64url. */
  publicKey(): Promise<string>
}
