/**
 * The public key that records are verified with: from configuration, or asked of the control plane until it answers;
 * while it does not, the one that it gave at an earlier start.
 *
 * Never from the hot store: who can write there could then sign there (SPEC §11). Invariant: until a key is known
 * nothing verifies, so nothing is known; once known it does not change while the gateway runs.
 */
import type { ControlPlane } from '../runtime/internal.ts'
import type { Log } from '../runtime/log.ts'
import { createVerifier, type Verifier } from '../runtime/signing.ts'

/** A verifier that verifies nothing until its key is known. */
export type KeyOfTruth = {
  readonly verifier: Verifier
  isKnown(): boolean
  /** Asks for the key where it is not known yet. Never rejects. */
  ask(): Promise<void>
}

/** What the key comes from. `kept`: given at an earlier start. */
export type KeySources = {
  readonly configured: string | null
  readonly controlPlane: ControlPlane | null
  readonly kept: string | null
  /** Called with a key that the control plane gave. */
  keep(publicKey: string): void
}

/** The key of configuration `controlPlane.publicKey`, or the control plane's own; throws on a configured one that is none. */
export function createKeyOfTruth({ configured, controlPlane, kept, keep }: KeySources, log: Log): KeyOfTruth {
  let known = configured === null ? null : createVerifier(configured)
  if (configured !== null && known === null)
    throw new Error('controlPlane.publicKey: expected a raw Ed25519 key in base64url')
  return {
    verifier: { verify: (message, signature) => known?.verify(message, signature) ?? false },
    isKnown: () => known !== null,
    async ask() {
      if (known !== null || controlPlane === null) return
      try {
        const given = await controlPlane.publicKey()
        known ??= createVerifier(given)
        if (known !== null) keep(given)
      } catch (error) {
        log.debug({ error }, 'the control plane did not give its public key')
        if (kept !== null) known ??= createVerifier(kept)
      }
    },
  }
}
