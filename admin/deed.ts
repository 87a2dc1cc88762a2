/**
 * A deed: who does something, when, by which way and why — what every change carries into its security event.
 *
 * It holds no permission: whether the actor may do it was asked before (`admin/api`). Passing these seven facts
 * one by one was refused: sooner or later a change would be recorded without its reason.
 */
import type { Instant } from '../policies/instant.ts'
import { type Actor, type EventDraft, type Origin, systemActor } from './store/events.ts'

/** Who does it, when, how, why, from where. */
export type Deed = {
  readonly actor: Actor
  readonly origin: Origin
  readonly at: Instant
  readonly reason?: string | null
  readonly requestId?: string | null
  /** From where, canonical text; the lockout guard adds it to the addresses used. */
  readonly address?: string | null
}

/** What Gatehouse does by itself at `at`. */
export const ownDeed = (at: Instant): Deed => ({ actor: systemActor, origin: 'auto', at })

/** The fields of an event that come from the deed. */
export const eventOf = (
  deed: Deed,
): Pick<EventDraft, 'actor' | 'origin' | 'at' | 'reason' | 'requestId' | 'address'> => ({
  actor: deed.actor,
  origin: deed.origin,
  at: deed.at,
  reason: deed.reason ?? null,
  requestId: deed.requestId ?? null,
  address: deed.address ?? null,
})
