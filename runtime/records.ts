/**
 * What travels between the planes: the shapes of signed records, change entries and reports.
 *
 * A record is JSON, signed over key, version and body (`signing.ts`), and parsed here strictly: a field this
 * build does not know is refused, never skipped. Versions of one key only grow. Rows of the database are not
 * here (`admin/store`), and what a decision sees of them is `policies/access-request.ts`.
 */
import { z } from 'zod'

const instant = z.number().int().nonnegative()
const practiceId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/)
const factorMethod = z.enum(['sms', 'recovery-code', 'app', 'google', 'totp', 'unvouched-passkey', 'passkey'])

/** Leave to pass one control for a while. */
export const grantSchema = z.strictObject({
  id: z.string(),
  kind: z.enum(['ip', 'time', 'break-glass']),
  range: z.string().nullable(),
  startsAt: instant,
  endsAt: instant,
})

/** One member of a practice as gateways know them (`policies/access-request.ts`, `Member`). */
export const memberSchema = z.strictObject({
  user: z.string(),
  name: z.string(),
  login: z.string(),
  email: z.string().nullable(),
  roles: z.array(z.string()).readonly(),
  suspended: z.boolean(),
  epoch: z.number().int().nonnegative(),
  factors: z.array(factorMethod).readonly(),
  enrolBy: instant.nullable(),
  grants: z.array(grantSchema).readonly(),
})

/** A service token of a practice (SPEC §11): what it may do, and the hash that it is known by. Never the token. */
export const tokenRecordSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  /** SHA-256 of the token, base64url (`token.ts`). */
  hash: z.string().length(43),
  routes: z.union([z.literal('anything'), z.array(z.string()).readonly()]),
  methods: z.union([z.literal('anything'), z.array(z.string()).readonly()]),
  ranges: z.union([z.literal('anywhere'), z.array(z.string()).readonly()]),
  permissions: z.array(z.string()).readonly(),
  revoked: z.boolean(),
  expiresAt: instant,
})
/** A service token as gateways know it. */
export type TokenRecord = z.infer<typeof tokenRecordSchema>

/** `gh:members:{P}`: everyone of a practice, machines too; version grows with each change to any of them. */
export const membersRecordSchema = z.strictObject({
  practice: practiceId,
  members: z.array(memberSchema).readonly(),
  /** Absent: none, as in records of before there were any. */
  tokens: z.array(tokenRecordSchema).readonly().optional(),
})
/** Everyone of a practice. */
export type MembersRecord = z.infer<typeof membersRecordSchema>

/** `gh:policy:{P}`: the compiled policy; `compiled` is parsed by `policies/compile.ts`. Version = revision. */
export const policyRecordSchema = z.strictObject({
  practice: practiceId,
  revision: z.number().int().positive(),
  compiled: z.unknown(),
  /** Commit-confirm: until when it holds unconfirmed, and what to fall back to; `null`: confirmed. */
  confirmBy: instant.nullable(),
  predecessor: z.unknown().nullable(),
})
/** A compiled policy on its way to the gateways. */
export type PolicyRecord = z.infer<typeof policyRecordSchema>

/** `gh:canary`: a round of the canary (`canary.ts`). `sessionEpoch`: of the sign-in that is decided about. */
export const canaryRecordSchema = z.strictObject({
  round: z.number().int().nonnegative(),
  compiled: z.unknown(),
  member: memberSchema,
  sessionEpoch: z.number().int().nonnegative(),
})
/** The canary on its way to the gateways. */
export type CanaryRecord = z.infer<typeof canaryRecordSchema>

/** `gh:practices`: which revision and members version each practice is at. Its hash is the manifest's root. */
export const practicesRecordSchema = z.strictObject({
  practices: z.record(
    practiceId,
    z.strictObject({
      name: z.string(),
      policy: z.number().int().positive(),
      members: z.number().int().positive(),
    }),
  ),
  /** Practices that are no longer here: nothing of them is taken in. Absent: none, as in records of before there were any. */
  retired: z.record(practiceId, z.strictObject({ name: z.string(), contact: z.string() })).optional(),
})
/** What people are told of a practice that is no longer here. */
export type RetiredPractice = NonNullable<PracticesRecord['retired']>[string]
/** The table of practices. */
export type PracticesRecord = z.infer<typeof practicesRecordSchema>

/** `gh:manifest`: the one truth about how new everything must be. Version = sequence. */
export const manifestSchema = z.strictObject({
  sequence: z.number().int().nonnegative(),
  /** SHA-256 (base64url) of the body of `gh:practices`. */
  root: z.string(),
  issuedAt: instant,
})
/** The manifest. */
export type Manifest = z.infer<typeof manifestSchema>

/** `gh:seeded`: says that this hot store was filled completely, up to which sequence. */
export const seededSchema = z.strictObject({ sequence: z.number().int().nonnegative(), at: instant })
/** The mark of a filled hot store. */
export type Seeded = z.infer<typeof seededSchema>

/** How somebody signed in. */
export const signInMethods = [
  'app-password',
  'app-callback',
  'adopted',
  'token',
  'own-password',
  'own-passkey',
  'own-oidc',
  'trusted-header',
] as const
/** How somebody signed in. */
export type SignInMethod = (typeof signInMethods)[number]

/** Why a session ended. */
export const sessionEnds = [
  'signed-out',
  'app-signed-out',
  'revoked',
  'identity-mismatch',
  'limit',
  'expired',
  'replaced',
  'refused',
] as const
/** Why a session ended. */
export type SessionEnd = (typeof sessionEnds)[number]

/** The epoch of a session in a practice whose admins ended it there: below any member's, so that it is refused. */
export const endedHere = -1

/** `gh:session:{HASH}`: a gateway session. Version grows at each change (factor, end). */
export const sessionRecordSchema = z.strictObject({
  id: z.string(),
  upstream: z.string(),
  user: z.string(),
  /** The user's id in the application behind `upstream`; what introspection must keep answering. */
  appUser: z.string(),
  method: z.enum(signInMethods),
  /** Per practice the revocation epoch of the proved sign-in; adopted cookies carry 0, `endedHere` where it was ended. */
  epochs: z.record(practiceId, z.number().int().min(endedHere)),
  /** SHA-256 of the application's cookie at sign-in; `null` where the mode has none. */
  cookieHash: z.string().nullable(),
  startedAt: instant,
  absoluteDeadline: instant,
  held: z.boolean(),
  ended: z.strictObject({ at: instant, why: z.enum(sessionEnds) }).nullable(),
  factor: z.strictObject({ method: factorMethod, verifiedAt: instant }).nullable(),
  trustedDevices: z.record(practiceId, instant),
  /** The address at sign-in, canonical text. */
  address: z.string(),
})
/** A gateway session as gateways know it. */
export type SessionRecord = z.infer<typeof sessionRecordSchema>

/** One entry of `gh:changes`: a nudge to re-read a key. `beat` is a gateway's own mark (lease, DESIGN §4). */
export const changeSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('record'),
    sequence: z.number().int(),
    key: z.string(),
    version: z.number().int(),
  }),
  z.strictObject({ kind: z.literal('beat'), gateway: z.string(), mark: z.string() }),
])
/** One entry of the change stream. */
export type Change = z.infer<typeof changeSchema>

const permissionIds = z.array(z.string())

/**
 * What `decide` was asked when somebody was refused: with the policy of the revisions named, enough to ask it again.
 * Roles, epochs and times only: no bearer, no name, no path but the pattern of the route.
 */
export const recordedQuestionSchema = z.strictObject({
  /** When the decision held; the gateway's clock. */
  at: instant,
  /** One permitting practice would have sufficed. */
  picking: z.boolean(),
  /** The request named its practice; else every membership was asked. */
  resolved: z.boolean(),
  /** What the request owed under each reading of its path, as configured then (`policies/routes.ts`). */
  routes: z.array(
    z.strictObject({
      id: z.string(),
      class: z.enum(['public', 'staff', 'picker', 'background', 'login', 'logout']),
      stepUp: z.string().nullable(),
      permissions: z
        .union([z.strictObject({ any: permissionIds }), z.strictObject({ all: permissionIds })])
        .nullable(),
      mapped: z.boolean(),
      unmapped: z.enum(['report', 'deny']).nullable(),
      paths: z.enum(['lenient', 'strict']),
    }),
  ),
  /** `null`: nobody of the directory; no policy was asked. */
  session: z
    .strictObject({
      startedAt: instant,
      lastSeenAt: instant,
      held: z.boolean(),
      ended: z.boolean(),
      factor: z.strictObject({ method: factorMethod, verifiedAt: instant }).nullable(),
      boundTo: z.string().nullable(),
    })
    .nullable(),
  /** Every practice asked. `policy: null`: the gateway knew none of it. `member: null`: no member there. */
  practices: z.array(
    z.strictObject({
      practice: practiceId,
      policy: z
        .strictObject({
          revision: z.number().int().positive(),
          compiledAt: instant,
          tzdata: z.string(),
          /** Under the operator's override: address and hours were watched instead of enforced. */
          observed: z.literal(true).optional(),
        })
        .nullable(),
      epoch: z.number().int().min(endedHere),
      deviceTrustedUntil: instant.nullable(),
      member: memberSchema.omit({ user: true, name: true, login: true, email: true }).nullable(),
    }),
  ),
})
/** What `decide` was asked when somebody was refused. */
export type RecordedQuestion = z.infer<typeof recordedQuestionSchema>

/** One entry of `gh:reports` is a fleet-sealed JSON array of these (at most 500). Idempotent by `id` where given. */
export const reportSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    /** First of its entry: the run of a gateway, and its how many-eth entry this is. One sent twice counts once. */
    kind: z.literal('batch'),
    source: z.string().min(1).max(64),
    number: z.number().int().positive(),
  }),
  z.strictObject({ kind: z.literal('ack'), gateway: z.string(), sequence: z.number().int(), at: instant }),
  /** What a gateway decided about the canary of a round. */
  z.strictObject({
    kind: z.literal('canary'),
    gateway: z.string(),
    round: z.number().int().nonnegative(),
    reason: z.string().max(64),
  }),
  z.strictObject({
    kind: z.literal('seen'),
    session: z.string(),
    at: instant,
    address: z.string(),
    streams: z.number().int(),
  }),
  z.strictObject({
    kind: z.literal('refusal'),
    /** The reference code shown to the user; unique. `null` for one in monitor mode. */
    code: z.string().nullable(),
    monitored: z.boolean(),
    at: instant,
    gateway: z.string(),
    practice: z.string().nullable(),
    user: z.string().nullable(),
    session: z.string().nullable(),
    /** The service token that was refused, by its id; absent: a person, or nobody. */
    token: z.string().optional(),
    address: z.string(),
    upstream: z.string(),
    method: z.string(),
    route: z.string(),
    verdict: z.string(),
    reason: z.string(),
    control: z.string().nullable(),
    revision: z.number().int(),
    /** All failing controls' reasons, in gate order (SPEC §1). */
    failing: z.array(z.string()),
    /** In monitor mode, how many more; absent: one. */
    count: z.number().int().positive().optional(),
    /** To replay the decision by its code; absent in monitor mode and from gateways of before there was any. */
    asked: recordedQuestionSchema.optional(),
  }),
  z.strictObject({
    /** A refusal that came again within its minute: how often in all so far, and when last. */
    kind: z.literal('repeat'),
    code: z.string(),
    count: z.number().int().positive(),
    at: instant,
  }),
  z.strictObject({
    /** A service token passed; one a minute. */
    kind: z.literal('token-used'),
    token: z.string(),
    at: instant,
    address: z.string(),
  }),
  z.strictObject({
    kind: z.literal('fact'),
    at: instant,
    practice: z.string(),
    user: z.string(),
    address: z.string(),
    route: z.string(),
    assurance: z.string(),
  }),
  z.strictObject({
    kind: z.literal('hit'),
    at: instant,
    practice: z.string(),
    entry: z.string(),
    count: z.number().int(),
  }),
  z.strictObject({
    /** How many requests of a practice were permitted since the last one of these. */
    kind: z.literal('permits'),
    at: instant,
    practice: z.string(),
    count: z.number().int().positive(),
  }),
  z.strictObject({
    kind: z.literal('unmapped'),
    at: instant,
    upstream: z.string(),
    method: z.string(),
    template: z.string(),
    count: z.number().int(),
    /** What is odd about the path; absent: nothing, and no route maps it. */
    odd: z.string().max(40).optional(),
  }),
  /** Requests that no route maps, and by which roles, where an upstream learns; `roles`: how many of them each role sent. */
  z.strictObject({
    kind: z.literal('use'),
    at: instant,
    practice: z.string(),
    upstream: z.string(),
    method: z.string(),
    template: z.string(),
    count: z.number().int(),
    roles: z.record(z.string(), z.number().int()),
  }),
  z.strictObject({
    kind: z.literal('event'),
    at: instant,
    gateway: z.string(),
    name: z.string(),
    practice: z.string().nullable(),
    user: z.string().nullable(),
    detail: z.record(z.string(), z.string()),
  }),
])
/** One report of a gateway. */
export type Report = z.infer<typeof reportSchema>

const parkedAnswerSchema = z.strictObject({
  /** The application's status and, as it was sent, its `Location`; `null`: none. */
  status: z.number().int(),
  location: z.string().nullable(),
  /** `Set-Cookie` values, in order. */
  setCookies: z.array(z.string()),
  /** The application's credential after the sign-in: by name and value. */
  pairs: z.array(z.tuple([z.string(), z.string()])),
})
/** What an application answered to a sign-in, as far as it is needed to go on. */
export type ParkedAnswer = z.infer<typeof parkedAnswerSchema>

/** `gh:parked:{HASH}`, opened: the answer, the place of the user it fills, and until when it waits. */
export const parkedRecordSchema = z.strictObject({
  answer: parkedAnswerSchema,
  place: z.string(),
  endsAt: instant,
})
/** A parked answer as it lies in the hot store, opened. */
export type ParkedRecord = z.infer<typeof parkedRecordSchema>
