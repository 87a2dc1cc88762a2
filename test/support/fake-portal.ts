/**
 * The portal as gateways meet it: tickets that were laid down, and proofs that a test lays as if somebody had confirmed.
 *
 * It serves no page. A proof counts once, in its time, for its own session only, as the real one's does.
 */
import type { HandedOver, HandOver, ProveFactor } from '../../runtime/internal.ts'
import type { SessionRecord } from '../../runtime/records.ts'
import { hashToken, newToken } from '../../runtime/token.ts'

type Factor = NonNullable<SessionRecord['factor']>

/** Tickets and proofs. */
export type FakePortal = {
  /** Hash of a ticket → what was handed over. */
  readonly tickets: ReadonlyMap<string, HandOver>
  handOver(request: HandOver): HandedOver
  /** What was proved for this session, once; `null`: nothing, or not for this one. */
  takeProof(request: ProveFactor): Factor | null
  /** Somebody confirmed after this session was handed over; the proof that their browser takes back, good for `forMs`. */
  layProof(tokenHash: string, factor?: Partial<Factor>, forMs?: number): string
}

/** A portal without tickets or proofs, at `http://portal.example`. */
export const createFakePortal = (now: () => number): FakePortal => {
  const tickets = new Map<string, HandOver>()
  const proofs = new Map<string, { tokenHash: string; endsAt: number; factor: Factor }>()
  return {
    tickets,
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
