/**
 * The two ceremonies of a passkey (WebAuthn Level 3): making one, and showing it; for the portal, sign-in and admins alike.
 *
 * It stores nothing and counts no tries: the caller keeps the challenge with the visit it belongs to, takes it away in
 * the step that judges the answer (so that it counts once), and compares and sets the counter. Invariant: only an answer
 * made for this very origin, in no frame, with the person verified by their device, and with a counter that grew counts;
 * whatever else is wrong is one `null`. Attestation was refused: its certificates name devices, and checking them would
 * fetch addresses that a stranger wrote.
 */
import { hash, randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server'
import { decodeAttestationObject } from '@simplewebauthn/server/helpers'
import { z } from 'zod'
import type { DurationMs } from '../policies/instant.ts'

/** Who asks for a passkey: the name that devices show, and the origin as browsers write it. */
export type RelyingParty = { readonly name: string; readonly origin: string }

/**
 * A passkey as it is kept. `id`: of the credential, base64url; `publicKey`: COSE, base64url; `counter`: as last shown, 0
 * for those that do not count; `transports`: how the browser may reach it.
 */
export type Passkey = {
  readonly id: string
  readonly publicKey: string
  readonly counter: number
  readonly transports: readonly string[]
}

/** A passkey just made. `synced`: it can be on several devices of its owner, through their account. */
export type NewPasskey = Passkey & { readonly synced: boolean }

/** What a browser answered when a passkey was shown. `handle`: of its person, where it came along; else `null`. */
export type PasskeyAssertion = {
  readonly id: string
  readonly handle: string | null
  readonly clientDataJSON: string
  readonly authenticatorData: string
  readonly signature: string
}

/** How long a browser asks its person before it gives up. */
const patienceMs: DurationMs = 120_000

/** Longer answers are none of ours; an RSA key with its statement has under 2 kB. */
export const passkeyAnswerMax = 8_192

/** ES256, EdDSA, RS256 (COSE), in the order asked for. */
const algorithms = [-7, -8, -257]

const base64url = (max: number) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/)
    .max(max)

const transport = z.enum(['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb'])

const credential = { id: base64url(1_400), type: z.literal('public-key') }

const creationSchema = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: base64url(2_000),
    attestationObject: base64url(6_000),
    transports: z.array(z.string().max(40)).max(10).optional(),
  }),
})

const assertionSchema = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: base64url(2_000),
    authenticatorData: base64url(2_000),
    signature: base64url(1_400),
    userHandle: base64url(100).nullish(),
  }),
})

function readJson(text: string): unknown {
  if (text.length > passkeyAnswerMax) return null
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const partyId = ({ origin }: RelyingParty): string => new URL(origin).hostname

/** Whether browsers make passkeys at an origin: https on a host with a name, or plain `localhost`. */
function canHavePasskeys(origin: string): boolean {
  const { protocol, hostname } = new URL(origin)
  if (hostname.startsWith('[') || isIP(hostname) !== 0) return false
  return protocol === 'https:' || hostname === 'localhost' || hostname.endsWith('.localhost')
}

/** Who asks for passkeys at an origin; `null`: browsers make none there. */
export const partyAt = (origin: string): RelyingParty | null =>
  canHavePasskeys(origin) ? { name: 'Gatehouse', origin } : null

/** A new challenge: 256 random bits, base64url, 43 characters. It is shown to the browser and counts once. */
export const newChallenge = (): string => randomBytes(32).toString('base64url')

/** The handle that a passkey carries for a person: opaque, always the same for one id, 43 characters of base64url. */
export const passkeyHandle = (person: string): string =>
  hash('sha256', `gatehouse passkey handle 1 ${person}`, 'base64url')

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text, 'base64url'))

const descriptors = (passkeys: readonly Passkey[]) =>
  passkeys.map(({ id, transports }) => ({ id, transports: [...transports] }))

/** For whom a passkey is made. `login` and `name` are shown by devices; `known`: those they have already. */
export type PasskeyOwner = {
  readonly handle: string
  readonly login: string
  readonly name: string
  readonly known: readonly Passkey[]
}

/** What `navigator.credentials.create` is to be asked, as JSON (`PublicKeyCredentialCreationOptionsJSON`). */
export async function creationOptions(
  party: RelyingParty,
  challenge: string,
  owner: PasskeyOwner,
): Promise<string> {
  const options = await generateRegistrationOptions({
    rpName: party.name,
    rpID: partyId(party),
    userID: bytesOf(owner.handle),
    userName: owner.login,
    userDisplayName: owner.name,
    challenge: bytesOf(challenge),
    timeout: patienceMs,
    attestationType: 'none',
    excludeCredentials: descriptors(owner.known),
    // Discoverable where the device can: the same passkey may then sign its owner in without a name.
    authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
    supportedAlgorithmIDs: algorithms,
  })
  return JSON.stringify(options)
}

/**
 * What `navigator.credentials.get` is to be asked, as JSON (`PublicKeyCredentialRequestOptionsJSON`). `anyone`: whoever
 * has a passkey for this origin; the assertion's `handle` then says who it is.
 */
export async function requestOptions(
  party: RelyingParty,
  challenge: string,
  allowed: readonly Passkey[] | 'anyone',
): Promise<string> {
  const options = await generateAuthenticationOptions({
    rpID: partyId(party),
    challenge: bytesOf(challenge),
    timeout: patienceMs,
    userVerification: 'required',
    ...(allowed === 'anyone' ? {} : { allowCredentials: descriptors(allowed) }),
  })
  return JSON.stringify(options)
}

/** Whether a page in a frame of another origin asked: the package lets that pass where no top origin is told. */
function isFramed(clientDataJSON: string): boolean {
  const data = readJson(Buffer.from(clientDataJSON, 'base64url').toString('utf8'))
  if (data === null || typeof data !== 'object') return true
  return ('crossOrigin' in data && data.crossOrigin !== false) || 'topOrigin' in data
}

/** Whether a statement brings no certificate: none at all, or the key speaking for itself. */
function isPlainStatement(attestationObject: string): boolean {
  const object = decodeAttestationObject(bytesOf(attestationObject))
  const format = object.get('fmt')
  return format === 'none' || (format === 'packed' && object.get('attStmt').get('x5c') === undefined)
}

const expectations = (party: RelyingParty, challenge: string) => ({
  expectedChallenge: challenge,
  expectedOrigin: party.origin,
  expectedRPID: partyId(party),
  requireUserVerification: true,
})

async function readCreation(
  party: RelyingParty,
  challenge: string,
  text: string,
): Promise<NewPasskey | null> {
  const read = creationSchema.safeParse(readJson(text))
  if (!read.success) return null
  const { id, type, response } = read.data
  if (isFramed(response.clientDataJSON) || !isPlainStatement(response.attestationObject)) return null
  const { clientDataJSON, attestationObject, transports = [] } = response
  const verified = await verifyRegistrationResponse({
    response: {
      id,
      rawId: id,
      type,
      response: { clientDataJSON, attestationObject },
      clientExtensionResults: {},
    },
    ...expectations(party, challenge),
    requireUserPresence: true,
    supportedAlgorithmIDs: algorithms,
  })
  if (!verified.verified) return null
  const { credential: made, credentialDeviceType } = verified.registrationInfo
  return {
    id: made.id,
    publicKey: Buffer.from(made.publicKey).toString('base64url'),
    counter: made.counter,
    transports: transports.filter((name) => transport.safeParse(name).success),
    synced: credentialDeviceType === 'multiDevice',
  }
}

/** The passkey that a browser's answer (JSON text) to `creationOptions` made; `null`: none that counts here. */
export async function acceptCreation(
  party: RelyingParty,
  challenge: string,
  text: string,
): Promise<NewPasskey | null> {
  try {
    return await readCreation(party, challenge, text)
  } catch {
    // The package throws for each thing that may be wrong with what a stranger sent; which one is not told.
    return null
  }
}

/** A browser's answer (JSON text) to `requestOptions`, not judged yet; `null`: no answer of that form. */
export function readAssertion(text: string): PasskeyAssertion | null {
  const read = assertionSchema.safeParse(readJson(text))
  if (!read.success) return null
  const { clientDataJSON, authenticatorData, signature, userHandle } = read.data.response
  return { id: read.data.id, handle: userHandle ?? null, clientDataJSON, authenticatorData, signature }
}

async function judge(
  party: RelyingParty,
  challenge: string,
  assertion: PasskeyAssertion,
  passkey: Passkey,
): Promise<number | null> {
  const { id, clientDataJSON, authenticatorData, signature } = assertion
  if (id !== passkey.id || isFramed(clientDataJSON)) return null
  const verified = await verifyAuthenticationResponse({
    response: {
      id,
      rawId: id,
      type: 'public-key',
      response: { clientDataJSON, authenticatorData, signature },
      clientExtensionResults: {},
    },
    ...expectations(party, challenge),
    credential: { id, publicKey: bytesOf(passkey.publicKey), counter: passkey.counter },
  })
  return verified.verified ? verified.authenticationInfo.newCounter : null
}

/**
 * The counter to keep, if the assertion shows this passkey: greater than the kept one, or 0 where both are. `null`: it
 * does not, or its counter did not grow, as that of a copied key would not. Whose passkey it is, the caller has looked up.
 */
export async function acceptAssertion(
  party: RelyingParty,
  challenge: string,
  assertion: PasskeyAssertion,
  passkey: Passkey,
): Promise<number | null> {
  try {
    return await judge(party, challenge, assertion, passkey)
  } catch {
    return null
  }
}
