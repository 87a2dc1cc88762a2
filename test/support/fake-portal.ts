/**
 * The portal as gateways meet it: tickets that were laid down, and proofs that a test lays as if somebody had confirmed.
 *
 * It serves no page. A proof counts once, in its time, for its own session only, as the real one's does.
 */
import type {
  BeginSignIn,
  EnterAdmin,
  FinishSignIn,
  HandedOver,
  HandOver,
  ProveFactor,
} from '../../runtime/internal.ts'
import type { SessionRecord } from '../../runtime/records.ts'
import { hashToken, newToken } from '../../runtime/token.ts'

type Factor = NonNullable<SessionRecord['factor']>

/** Tickets and proofs. */
export type FakePortal = {
  /** Hash of a ticket → what was handed over. */
  readonly tickets: ReadonlyMap<string, HandOver>
  handOver(request: HandOver): HandedOver
  /** Hash of a ticket → who wants into the admin origin. */
  readonly entries: Map<string, EnterAdmin>
  /** Hash of a begin cookie → what was begun. */
  readonly signIns: Map<string, BeginSignIn>
  /** This person of the application's ids signed in after `beginHash`; the proof for their browser, good for 60 s. */
  laySignIn(beginHash: string, appUser: string): string
  /** Who signed in, once; `null`: nobody, or not in this browser. */
  takeSignIn(request: FinishSignIn): { readonly appUser: string; readonly to: string | null } | null
  /** What was proved for this session, once; `null`: nothing, or not for this one. */
  takeProof(request: ProveFactor): Factor | null
  /** Somebody confirmed after this session was handed over; the proof that their browser takes back, good for `forMs`. */
  layProof(tokenHash: string, factor?: Partial<Factor>, forMs?: number): string
}

/** A portal without tickets or proofs, at `http://portal.example`. */
export const createFakePortal = (now: () => number): FakePortal => {
  const tickets = new Map<string, HandOver>()
  const proofs = new Map<string, { tokenHash: string; endsAt: number; factor: Factor }>()
  const signIns = new Map<string, BeginSignIn>()
  const signedIn = new Map<string, { beginHash: string; appUser: string; endsAt: number }>()
  return {
    tickets,
    entries: new Map(),
    signIns,
    laySignIn(beginHash, appUser) {
      const proof = newToken()
      signedIn.set(hashToken(proof), { beginHash, appUser, endsAt: now() + 60_000 })
      return proof
    },
    takeSignIn({ beginHash, proofHash, upstream }) {
      const proof = signedIn.get(proofHash)
      const begun = signIns.get(beginHash)
      if (begun?.upstream !== upstream || proof?.beginHash !== beginHash || proof.endsAt <= now()) return null
      signedIn.delete(proofHash)
      return { appUser: proof.appUser, to: begun.to }
    },
    handOver(request) {
      tickets.set(request.ticketHash, request)
      return { portal: 'http://portal.example' }
    },
    takeProof({ tokenHash, proofHash }) {
      const proof = proofs.get(proofHash)
      if (proof?.tokenHash !== tokenHash || proof.endsAt <= now()) return null
      proofs.delete(proofHash)
      return proof.factor
    },
    layProof(tokenHash, factor = {}, forMs = 60_000) {
      const proof = newToken()
      const verified: Factor = { method: 'totp', verifiedAt: now(), ...factor }
      proofs.set(hashToken(proof), { tokenHash, endsAt: now() + forMs, factor: verified })
      return proof
    },
  }
}
