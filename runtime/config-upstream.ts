/**
 * The part of the configuration that is about one application behind the gateway: where it is, how its people are
 * known, which practice a request is about, and what each route asks for.
 *
 * Only here, never in a browser: nothing that an admin can click may point the gateway at another host or make a
 * route public. Every key carries its sentence (`describe`), from which the documentation's table is made; a key
 * without one fails a test. Regular expressions from users were refused: patterns are matched in linear time.
 */
import { z } from 'zod'
import { ownSignInPath, ownSignInSchema } from './config-own-sign-in.ts'
import { logosSchema, path, practiceSourceSchema, questionPath, tokenText } from './config-practice.ts'
import { roleRuleSchema } from './config-role-rules.ts'
import { trustedHeaderSchema } from './config-trusted-header.ts'

/** A length of time in milliseconds: at least 1, at most `max` (an hour unless told otherwise). */
export const milliseconds = (standard: number, max = 3_600_000) =>
  z.number().int().min(1).max(max).default(standard)

/** `http(s)://host[:port]` and nothing after it. */
export const originText = z
  .url({ protocol: /^https?$/, error: 'expected http:// or https:// with a host', abort: true })
  .refine((text) => new URL(text).origin === text, 'expected scheme://host[:port] and nothing after it')

const fieldPath = z.string().regex(/^[A-Za-z0-9_.-]{1,100}$/, 'expected a field, dotted where it lies deeper')
const match = z.string().max(300).describe('`METHODS [HOST]PATH`, as in `routes[].match`.')

const successSchema = z.strictObject({
  status: z
    .array(z.number().int().min(100).max(599))
    .min(1)
    .default([200, 302, 303])
    .describe('Statuses that a success has.'),
  setCookie: tokenText
    .nullable()
    .default(null)
    .describe('A cookie that a success sets to a non-empty value.'),
  locationNot: z
    .array(z.string().max(200))
    .max(20)
    .default([])
    .describe('What `Location` does not start with on success (`/login?error`).'),
  jsonField: fieldPath
    .nullable()
    .default(null)
    .describe('A JSON field of the answer that is `true` or a non-empty string on success.'),
})

const loginSchema = z.strictObject({
  match,
  kind: z
    .enum(['password', 'callback', 'magic-link', 'reset'])
    .default('password')
    .describe('What kind of sign-in this route is.'),
  body: z.enum(['form', 'json', 'none']).default('form').describe('How the request carries its fields.'),
  userField: fieldPath
    .nullable()
    .default(null)
    .describe('The field with the typed name: a hint for rate limits and texts, never identity.'),
  success: successSchema.prefault({}).describe('How success shows; every given condition must hold.'),
})

/** Where the application's word on a person carries what; the same for its answer and for its token. */
const claimsShape = {
  user: fieldPath.default('id').describe('The field with the application’s own id of the user.'),
  kindField: fieldPath
    .nullable()
    .default(null)
    .describe('The field that tells staff from patients; `null`: everyone is staff.'),
  patientKinds: z
    .array(z.string().max(40))
    .max(10)
    .default(['patient'])
    .describe('Values of `kindField` that mean a patient.'),
  email: fieldPath.nullable().default('email').describe('The field with the e-mail address.'),
  name: fieldPath.nullable().default('name').describe('The field with the name people read.'),
  practices: fieldPath
    .nullable()
    .default(null)
    .describe('An array of practices (objects or ids); `null`: the one in `practice.fixed`.'),
  practiceId: fieldPath.default('id').describe('The id within each element of `practices`.'),
  practiceRoles: fieldPath
    .nullable()
    .default('roles')
    .describe('The roles within each element of `practices`.'),
  roles: fieldPath.nullable().default(null).describe('Roles that hold for every practice of the user.'),
  amr: fieldPath.nullable().default(null).describe('The field with authentication methods (RFC 8176).'),
  currentPractice: fieldPath
    .nullable()
    .default(null)
    .describe(
      'The field with the practice the person is in now, by which the application scopes its data; `null`: it names none.',
    ),
}

const nobodySchema = z.strictObject({
  field: fieldPath.describe('The field that tells.'),
  values: z
    .array(z.union([z.string().max(200), z.number(), z.boolean()]))
    .min(1)
    .max(10)
    .describe('Values of it, exactly, that mean that the credential is nobody’s.'),
})

const introspectionSchema = z.strictObject({
  path: questionPath.describe(
    'The fixed path, with its query if it needs one, that answers who a credential belongs to.',
  ),
  nobody: nobodySchema
    .nullable()
    .default(null)
    .describe('How it says 200 for nobody (`{"id": 0}`); `null`: it says 401 or 403, as it should.'),
  ...claimsShape,
  timeoutMs: milliseconds(3_000, 30_000).describe('After this the answer counts as not known.'),
  positiveMs: milliseconds(30_000, 30_000).describe('How long a positive answer is kept.'),
  negativeMs: milliseconds(1_000, 1_000).describe('How long a negative answer is kept.'),
})

/** Algorithms by the kind of key that verifies them; a token may not choose between kinds (RFC 8725 §3.1). */
export const tokenAlgorithms = {
  shared: ['HS256', 'HS384', 'HS512'],
  public: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'],
} as const

const jwtSchema = z.strictObject({
  algorithms: z
    .array(z.enum([...tokenAlgorithms.public, ...tokenAlgorithms.shared]))
    .min(1)
    .max(10)
    .describe(
      'The only algorithms taken, of one kind of key; what a token says of itself chooses nothing else.',
    ),
  issuer: z.string().min(1).max(300).describe('What `iss` must be.'),
  audience: z.string().min(1).max(300).describe('What `aud` must be or contain.'),
  jwks: z
    .string()
    .max(1_000)
    .regex(
      /^(?:\/(?![/\\])|https?:\/\/[^/?#@\s]+\/)[^\s#\\]*$/,
      'expected a path, or http(s):// with a host and a path',
    )
    .nullable()
    .default(null)
    .describe('Where the keys are: a path of the application, or an address. Either this or `keyFile`.'),
  keyFile: z
    .string()
    .min(1)
    .max(1_000)
    .nullable()
    .default(null)
    .describe(
      'A file with the key: a public key as PEM, or, for HS…, the shared secret of at least 32 bytes.',
    ),
  type: z
    .string()
    .max(60)
    .nullable()
    .default(null)
    .describe('What `typ` must be, where the issuer signs other tokens with this key too.'),
  ...claimsShape,
  user: fieldPath.default('sub').describe('The claim with the application’s own id of the user.'),
  skewMs: milliseconds(5_000, 60_000).describe('How far the issuer’s clock may be off.'),
  timeoutMs: milliseconds(3_000, 30_000).describe('After this the keys count as not to be had.'),
})

const endSessionSchema = z.strictObject({
  method: z.enum(['GET', 'POST', 'DELETE']).describe('The method of that call.'),
  path: path.describe('The path of that call.'),
  tokenField: fieldPath
    .nullable()
    .default(null)
    .describe('The field of a JSON body that repeats the token, for `bearer`; `null`: no body.'),
})

const bearerSchema = z.strictObject({
  tokenField: fieldPath
    .default('access_token')
    .describe('The JSON field of a sign-in’s answer with the new token.'),
  newAtSignIn: z
    .boolean()
    .default(false)
    .describe(
      'Each sign-in makes a token that did not exist before, as signed and random ones are. Then a client that keeps no cookies (npm, a mobile application) is known by the sign-in that made its token, and works again after a revocation and a new sign-in. Leave it off where people have one lasting token.',
    ),
  webSockets: z
    .enum(['token', 'companion'])
    .default('token')
    .describe(
      '`companion`: a handshake of the same origin without a token is known by the gateway’s own cookie, for applications that send their token in the first message.',
    ),
})

const identitySchema = z.strictObject({
  mode: z
    .enum(['observe', 'own'])
    .default('observe')
    .describe(
      'How people are known. `observe`: their sign-in is observed and verified by the application’s own word; `own`: they sign in here, and the application, which has no sign-in, is told who they are.',
    ),
  own: ownSignInSchema
    .nullable()
    .default(null)
    .describe('How people sign in here, for `mode: own`; `null`: they sign in at the application.'),
  cookies: z
    .array(tokenText)
    .max(5)
    .default([])
    .describe(
      'Names of the application’s session cookies; all of them are the credential. Either these, `bearer` or `trustedHeader`.',
    ),
  bearer: bearerSchema
    .nullable()
    .default(null)
    .describe('Its pages send `Authorization: Bearer` instead of a cookie; `null`: they do not.'),
  trustedHeader: trustedHeaderSchema
    .nullable()
    .default(null)
    .describe('An identity proxy in front of the gateway says who asks, in headers; `null`: none does.'),
  introspection: introspectionSchema
    .nullable()
    .default(null)
    .describe('Who the application says a credential is. Field paths are dotted. Either this or `jwt`.'),
  jwt: jwtSchema
    .nullable()
    .default(null)
    .describe('The credential is a signed token that says who it is (RFC 7519), verified here.'),
  login: z.array(loginSchema).max(20).default([]).describe('The routes on which people sign in.'),
  logout: z
    .array(z.strictObject({ match }))
    .max(20)
    .default([])
    .describe('The routes on which they sign out.'),
  endSession: endSessionSchema
    .nullable()
    .default(null)
    .describe(
      'Called, best effort, with the credential of a sign-in that is discarded, or of a session that is over here, when it comes back; `null`: not called.',
    ),
  signInPage: path
    .default(ownSignInPath)
    .describe('Where a person without a session is sent; must be given unless `mode` is `own`.'),
  returnParameter: z
    .string()
    .regex(/^[A-Za-z0-9_.~-]{1,40}$/, 'expected the name of a query parameter')
    .nullable()
    .default(null)
    .describe('The query parameter of `signInPage` that takes where the person wanted to go.'),
  binding: z
    .enum(['value', 'user'])
    .default('value')
    .describe('`user` for applications that rewrite their cookie on each response.'),
  provisioning: z
    .enum(['app-roles', 'unassigned', 'deny'])
    .default('app-roles')
    .describe('What unknown staff become: members with the application’s roles, with none, or refused.'),
  roles: z
    .enum(['directory', 'app'])
    .default('directory')
    .describe(
      'Whose word on roles counts for members: the directory’s, or the application’s, followed whenever it says anew who somebody is.',
    ),
  roleRules: z
    .array(roleRuleSchema)
    .max(200)
    .default([])
    .describe(
      'What the application’s roles mean, for `provisioning: app-roles` and `roles: app`; others go by their id or name.',
    ),
})

const permissionsOf = z.array(z.string().max(80)).min(1).max(50).optional()

const routeSchema = z.strictObject({
  match: z
    .string()
    .max(300)
    .describe(
      '`METHODS [HOST]PATH`: methods with commas or `*`, an exact host if wanted, a pattern with `:name`, `*`, a final `**`.',
    ),
  class: z
    .enum(['public', 'staff', 'picker', 'background'])
    .optional()
    .describe(
      '`public`: no control; `picker`: any membership; `background`: does not renew idle time. Else `staff`.',
    ),
  stepUp: z
    .string()
    .max(64)
    .optional()
    .describe('The step-up group whose second factor this route asks for.'),
  any: permissionsOf.describe('Permissions of which one suffices.'),
  all: permissionsOf.describe('Permissions that are all needed.'),
  paths: z
    .enum(['lenient', 'strict'])
    .optional()
    .describe('`strict` refuses odd paths instead of judging them under every reading.'),
})

const tlsSchema = z.strictObject({
  caFile: z
    .string()
    .min(1)
    .max(1_000)
    .nullable()
    .default(null)
    .describe(
      'A PEM file with the only certificates that may vouch for it; `null`: those that Node.js trusts. There is no way to skip the check.',
    ),
  serverName: z
    .string()
    .max(253)
    .regex(/^[a-z0-9_](?:[a-z0-9._-]*[a-z0-9])?$/i, 'expected a host name')
    .refine((text) => !/^[\d.]+$/.test(text), 'expected a host name, not an address')
    .nullable()
    .default(null)
    .describe('The name that its certificate must carry; `null`: the host in `url`.'),
})

/** How the application's word on a person is read. */
export type ClaimRules = Pick<z.output<typeof jwtSchema>, keyof typeof claimsShape>
/** How the application's tokens are verified. */
export type TokenRules = z.output<typeof jwtSchema>

/** One application behind the gateway. */
export const upstreamSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'expected 1 to 64 of a-z, 0-9 and -')
    .describe('Its id in records, routes and logs.'),
  name: z.string().min(1).max(80).describe('Its name on pages.'),
  url: originText.describe('Where it listens: `http://host:port`.'),
  tls: tlsSchema.prefault({}).describe('Whom to trust where `url` is `https://`.'),
  hosts: z
    .array(z.string().min(1).max(253))
    .min(1)
    .default(['*'])
    .describe('Host names it answers to; `*`: any.'),
  identity: identitySchema
    .nullable()
    .default(null)
    .describe('How its people are known; `null`: nobody is, and only `public` routes pass.'),
  practice: practiceSourceSchema
    .prefault({})
    .describe('Which practice a request is about, in this order, before the user’s only membership.'),
  logos: logosSchema.describe(
    'Practice → file with its logo for people’s pages: PNG, JPEG or WebP, at most 8 KiB; both planes read it.',
  ),
  routes: z
    .array(routeSchema)
    .max(2_000)
    .default([])
    .describe('What requests ask for; the most specific wins.'),
  unmapped: z
    .enum(['report', 'deny'])
    .default('report')
    .describe('Requests that no route matches: passed and listed, or refused.'),
  learn: z
    .enum(['off', 'roles', 'paths'])
    .default('off')
    .describe(
      'What is gathered of requests that no route matches, for a proposed route table (docs/integrating.md, "Learning routes"): nothing, which roles sent them, or the words of their paths too.',
    ),
  methodOverride: z
    .enum(['form', 'none'])
    .default('form')
    .describe('`form`: a POST also needs what PUT, PATCH and DELETE of that path need.'),
  connectTimeoutMs: milliseconds(3_000, 60_000).describe('For the connection to be there.'),
  firstByteTimeoutMs: milliseconds(60_000, 600_000).describe('For the answer to begin.'),
  idleTimeoutMs: milliseconds(120_000, 3_600_000).describe('Silence in the middle of an answer.'),
  totalTimeoutMs: z
    .number()
    .int()
    .min(1)
    .max(86_400_000)
    .nullable()
    .default(null)
    .describe(
      'For a whole request and answer, downloads too; event streams and WebSockets are exempt. `null`: no such limit.',
    ),
})
