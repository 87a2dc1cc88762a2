/**
 * Contract: one's own account (password, second factor), and, for accounts with every practice, all own accounts and the
 * sessions of the admin origin.
 *
 * People of practices are not here: their passwords and factors are theirs. Invariant: no answer carries a hash, and a
 * secret, a recovery code and a link are answered once, to who made them.
 */
import { createRoute, z } from '@hono/zod-openapi'
import {
  answers,
  body,
  editRefusals,
  instantSchema,
  opaqueIdSchema,
  reason,
  refusals,
  slugSchema,
} from './wire.ts'

const code = z.string().max(64)

const passkeySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    /** It can be on several devices of its owner, through their account there. */
    synced: z.boolean(),
    enrolledAt: instantSchema,
    lastVerifiedAt: instantSchema,
  })
  .openapi('OwnPasskey')

const factorSchema = z
  .object({
    /** Of the authenticator app; `null`: none is set up. */
    enrolledAt: instantSchema.nullable(),
    lastVerifiedAt: instantSchema.nullable(),
    recoveryCodesLeft: z.number().int(),
    passkeys: z.array(passkeySchema),
    /** Whether passkeys can be made here at all: browsers do so over https, at a host with a name. */
    passkeysWork: z.boolean(),
  })
  .openapi('OwnFactor')

/** What a browser made or is asked, in the JSON form of WebAuthn Level 3; judged by the answer. */
const ceremonySchema = z.record(z.string(), z.unknown())
const passkeyName = z.string().trim().min(1).max(60)
const passkeyParams = z.strictObject({ id: opaqueIdSchema })

const practicesSchema = z.union([
  z.literal('every'),
  z.record(slugSchema, z.array(z.string().regex(/^gw\.[a-z.-]{1,60}$/)).max(50)),
])
const name = z.string().trim().min(1).max(100)

const accountSchema = z
  .object({
    id: z.string(),
    login: z.string(),
    name: z.string(),
    practices: practicesSchema,
    suspended: z.boolean(),
    hasFactor: z.boolean(),
    /** Who they are to a provider, by which they sign in too; `null`: linked with nobody. */
    identity: z
      .object({
        provider: z.string(),
        /** Their address there, or, where the provider is asked by `sub`, a hash of its own id for them. */
        subject: z.string(),
        linkedAt: instantSchema,
      })
      .nullable(),
    /** False: its link has not been used yet. */
    hasPassword: z.boolean(),
    createdAt: instantSchema,
    lastSeenAt: instantSchema.nullable(),
    /** Sealed break-glass codes that are unused. */
    sealedCodesLeft: z.number().int(),
    /** This is who asks. */
    mine: z.boolean(),
  })
  .openapi('OwnAccount')

const linkSchema = z.object({
  id: z.string(),
  /** A path of this origin with a token: hand it over by a way you trust. It works once, for a day. */
  link: z.string(),
})

const sessionSchema = z
  .object({
    id: z.string(),
    who: z.object({ kind: z.enum(['admin', 'user']), id: z.string(), name: z.string() }),
    address: z.string(),
    device: z.string(),
    factor: z.string().nullable(),
    createdAt: instantSchema,
    lastSeenAt: instantSchema,
    endsAt: instantSchema,
    mine: z.boolean(),
  })
  .openapi('AdminSession')

const accountParams = z.strictObject({ id: opaqueIdSchema })
const done = z.object({ done: z.literal(true) })

/** Routes of own accounts. */
export const ownAccountsRoutes = {
  factor: createRoute({
    method: 'get',
    path: '/api/me/factors',
    summary: "The second factor of one's own account",
    responses: { 200: answers(factorSchema, 'What is set up.'), ...refusals },
  }),
  beginTotp: createRoute({
    method: 'post',
    path: '/api/me/factors/totp',
    summary: 'A secret for an authenticator app, to be confirmed within 15 minutes',
    responses: {
      200: answers(z.object({ key: z.string(), uri: z.string() }), 'Base32, and what the picture says.'),
      ...refusals,
    },
  }),
  confirmTotp: createRoute({
    method: 'post',
    path: '/api/me/factors/totp/confirm',
    summary: 'Sets the app up with its first code, in place of any before',
    request: { body: body(z.strictObject({ code })) },
    responses: {
      200: answers(z.object({ recoveryCodes: z.array(z.string()) }), 'Ten codes, shown this once.'),
      ...refusals,
    },
  }),
  removeTotp: createRoute({
    method: 'delete',
    path: '/api/me/factors/totp',
    summary: 'Removes the authenticator app; recovery codes go with the last second factor',
    responses: { 200: answers(done, 'Removed.'), ...refusals },
  }),
  beginPasskey: createRoute({
    method: 'post',
    path: '/api/me/factors/passkeys',
    summary: 'What the browser is to be asked to make a passkey, to be confirmed within 5 minutes',
    responses: {
      200: answers(
        z.object({ publicKey: ceremonySchema }),
        '`PublicKeyCredentialCreationOptionsJSON`, for `PublicKeyCredential.parseCreationOptionsFromJSON`.',
      ),
      ...refusals,
    },
  }),
  confirmPasskey: createRoute({
    method: 'post',
    path: '/api/me/factors/passkeys/confirm',
    summary: 'Keeps the passkey that the browser made; other sessions of the account end',
    request: { body: body(z.strictObject({ name: passkeyName, credential: ceremonySchema })) },
    responses: {
      200: answers(
        z.object({ passkey: passkeySchema, recoveryCodes: z.array(z.string()) }),
        'With ten codes, shown this once, where it is the first second factor; else none.',
      ),
      ...refusals,
    },
  }),
  renamePasskey: createRoute({
    method: 'patch',
    path: '/api/me/factors/passkeys/{id}',
    summary: 'Renames a passkey',
    request: { params: passkeyParams, body: body(z.strictObject({ name: passkeyName })) },
    responses: { 200: answers(done, 'Renamed.'), ...refusals },
  }),
  removePasskey: createRoute({
    method: 'delete',
    path: '/api/me/factors/passkeys/{id}',
    summary: 'Removes a passkey; other sessions of the account end',
    request: { params: passkeyParams },
    responses: { 200: answers(done, 'Removed.'), ...refusals },
  }),
  removeFactor: createRoute({
    method: 'delete',
    path: '/api/me/factors',
    summary: "Removes every second factor of one's own account",
    responses: { 200: answers(done, 'Removed.'), ...refusals },
  }),
  renewCodes: createRoute({
    method: 'post',
    path: '/api/me/factors/recovery-codes',
    summary:
      'Ten new recovery codes, asked for with an app or a passkey; those before are void, other sessions end',
    responses: {
      200: answers(z.object({ recoveryCodes: z.array(z.string()) }), 'Ten codes, shown this once.'),
      ...refusals,
    },
  }),
  sealedCodes: createRoute({
    method: 'post',
    path: '/api/me/sealed-codes',
    summary: 'Ten sealed break-glass codes of one’s own account, to print; earlier unused ones are void',
    request: { body: body(z.strictObject({ reason })) },
    responses: {
      200: answers(z.object({ codes: z.array(z.string()) }), 'Ten codes, shown this once.'),
      ...refusals,
    },
  }),
  voidSealedCodes: createRoute({
    method: 'post',
    path: '/api/me/sealed-codes/revoke',
    summary: 'Makes all unused sealed codes of one’s own account void',
    request: { body: body(z.strictObject({ reason })) },
    responses: {
      200: answers(z.object({ voided: z.number().int() }), 'How many there were; 0 changes nothing.'),
      ...refusals,
    },
  }),
  password: createRoute({
    method: 'post',
    path: '/api/me/password',
    summary: "Changes one's own password; other sessions end",
    request: { body: body(z.strictObject({ current: z.string().max(1_000), next: z.string().max(1_000) })) },
    responses: { 200: answers(done, 'Changed.'), ...refusals },
  }),
  list: createRoute({
    method: 'get',
    path: '/api/admins',
    summary: 'Own accounts, by login',
    responses: { 200: answers(z.object({ accounts: z.array(accountSchema) }), 'All of them.'), ...refusals },
  }),
  create: createRoute({
    method: 'post',
    path: '/api/admins',
    summary: 'Makes an own account without a password',
    request: {
      body: body(
        z.strictObject({
          login: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._@+-]{2,99}$/),
          ...{ name, practices: practicesSchema, reason },
        }),
      ),
    },
    responses: { 200: answers(linkSchema, 'With the link that sets its password.'), ...editRefusals },
  }),
  change: createRoute({
    method: 'put',
    path: '/api/admins/{id}',
    summary: 'Changes name, reach or suspension',
    request: {
      params: accountParams,
      body: body(z.strictObject({ name, practices: practicesSchema, suspended: z.boolean(), reason })),
    },
    responses: { 200: answers(done, 'Changed.'), ...editRefusals },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/api/admins/{id}',
    summary: 'Removes an own account',
    request: { params: accountParams },
    responses: { 200: answers(done, 'Removed.'), ...editRefusals },
  }),
  reset: createRoute({
    method: 'post',
    path: '/api/admins/{id}/reset',
    summary: 'A new link to set the password; with `factor`, the second factor is removed too',
    request: { params: accountParams, body: body(z.strictObject({ factor: z.boolean(), reason })) },
    responses: { 200: answers(linkSchema, 'Its sessions have ended.'), ...refusals },
  }),
  link: createRoute({
    method: 'put',
    path: '/api/admins/{id}/identity',
    summary: 'Links an own account with who somebody is to a provider, in place of any link before',
    request: {
      params: accountParams,
      body: body(
        z.strictObject({
          provider: z.string().max(32),
          /** Their address there, or, where the provider is asked by `sub`, its own id for them. */
          subject: z.string().min(1).max(160),
          reason,
        }),
      ),
    },
    responses: { 200: answers(done, 'Linked.'), ...editRefusals },
  }),
  unlink: createRoute({
    method: 'delete',
    path: '/api/admins/{id}/identity',
    summary: 'Takes the link with a provider away; sessions of the account end',
    request: { params: accountParams },
    responses: { 200: answers(done, 'Unlinked.'), ...editRefusals },
  }),
  sessions: createRoute({
    method: 'get',
    path: '/api/admin-sessions',
    summary: 'Who is in at the admin origin, newest first',
    responses: { 200: answers(z.object({ sessions: z.array(sessionSchema) }), 'At most 500.'), ...refusals },
  }),
  endSession: createRoute({
    method: 'post',
    path: '/api/admin-sessions/{id}/end',
    summary: 'Ends a session of the admin origin',
    request: { params: accountParams, body: body(z.strictObject({ reason })) },
    responses: { 200: answers(done, 'Ended.'), ...refusals },
  }),
} as const
