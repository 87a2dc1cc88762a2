/**
 * Lets the browser make a passkey as the API asks for it, and puts what it made into the API's words.
 *
 * Whether it counts is the API's to judge. `PublicKeyCredential.parseCreationOptionsFromJSON` was refused: browsers of the
 * year before last lack it, and these few lines do the same. Invariant: every failure becomes a problem with a sentence
 * that says what to do, since browsers throw names that tell nobody anything.
 */
import type { ShownProblem } from '../problem.ts'

type Json = Readonly<Record<string, unknown>>

const bytesOf = (text: unknown): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(String(text).replace(/-/g, '+').replace(/_/g, '/')), (one) => one.charCodeAt(0))

const textOf = (buffer: ArrayBuffer): string =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=+$/, '')

const refusedBy: Readonly<Record<string, string>> = {
  InvalidStateError: 'This device has a passkey of yours already. Choose another device, or keep that one.',
  NotAllowedError: 'Nothing was confirmed on your device. Try again when it is at hand.',
  SecurityError: 'Passkeys do not work at this address. Set up an authenticator app instead.',
}

const problemWith = (sentence: string): Error => {
  const problem: ShownProblem = {
    type: 'about:blank',
    title: 'No passkey was made',
    status: 0,
    code: 'invalid',
    detail: sentence,
    problems: [{ path: '', sentence }],
  }
  return Object.assign(new Error(sentence), { problem })
}

/** The API's options with bytes where the browser wants bytes. */
function optionsOf(asked: Json): PublicKeyCredentialCreationOptions {
  const user = asked.user as Json
  const excluded = (asked.excludeCredentials ?? []) as readonly Json[]
  return {
    ...asked,
    challenge: bytesOf(asked.challenge),
    user: { ...user, id: bytesOf(user.id) },
    excludeCredentials: excluded.map((one) => ({ ...one, id: bytesOf(one.id) })),
  } as unknown as PublicKeyCredentialCreationOptions
}

/** Asks the browser; answers what it made, in the JSON form of WebAuthn. */
export async function makePasskey(asked: Json): Promise<Record<string, unknown>> {
  if (typeof navigator.credentials?.create !== 'function')
    throw problemWith('This browser cannot make passkeys. Use another one, or set up an authenticator app.')
  const made = await navigator.credentials.create({ publicKey: optionsOf(asked) }).catch((error: unknown) => {
    const name = error instanceof DOMException ? error.name : ''
    throw problemWith(
      refusedBy[name] ?? 'Your device made no passkey. Try again, or set up an authenticator app.',
    )
  })
  const { id, type, response } = made as PublicKeyCredential & {
    readonly response: AuthenticatorAttestationResponse
  }
  return {
    id,
    type,
    response: {
      clientDataJSON: textOf(response.clientDataJSON),
      attestationObject: textOf(response.attestationObject),
      transports: response.getTransports?.() ?? [],
    },
  }
}
