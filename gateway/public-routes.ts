/**
 * Routes without staff controls: what of a credential may go on there, and which answers are watched.
 *
 * No policy is asked. Invariant: a credential of a session that has ended, is held or was revoked everywhere reaches the
 * application on no route; sign-ins and sign-outs pass only under watch.
 */
import { heldSignOut, noticeOf } from './answer-notices.ts'
import {
  type Case,
  forward,
  isReplaced,
  isWorthless,
  refuseNobody,
  staleCompanion,
  tellApplication,
} from './case.ts'
import type { Changes, Judgement } from './exchange.ts'
import { cookieChanges, losesCredential, withoutCookies, withoutCredential } from './forwarding.ts'
import type { Identified } from './identity/identify.ts'

/** On routes without staff controls: what may go on of the credential. `null`: nothing clear is known, and it matters. */
function publicChanges(of: Case, who: Identified): Changes | null {
  const { parts, exchange, carried } = of
  switch (who.kind) {
    case 'anonymous':
      if (who.spoilt) return withoutCookies(exchange)
      return cookieChanges(carried, who, parts.companion, parts.clock.now())
    case 'patient':
      return cookieChanges(carried, who, parts.companion, parts.clock.now())
    case 'indeterminate':
      // A page can be had without it; a form would lose what was entered.
      return exchange.method === 'GET' || exchange.method === 'HEAD'
        ? withoutCredential(exchange, null, false)
        : null
    case 'unwelcome':
      return withoutCredential(exchange, null, false)
    case 'session':
      if (isReplaced(of, who.session))
        return { ...withoutCredential(exchange, null, false), setCookies: staleCompanion(of) }
      if (!isWorthless(parts, who.session))
        return cookieChanges(carried, who, parts.companion, parts.clock.now())
      if (!who.session.record.held) tellApplication(of, who.session)
      return withoutCredential(exchange, parts.companion, true)
  }
}

/** Judges a request on a public route. */
export function judgePublic(of: Case, who: Identified): Judgement | Promise<Judgement> {
  const { duties, identity } = of
  const changes = publicChanges(of, who)
  if (changes === null) return refuseNobody(of, 'identity-unavailable', [])
  const drop = losesCredential(changes)
  if (duties.login !== null) {
    const before = who.kind === 'session' ? who.session.record.appUser : null
    return identity.signIn(of.carried, duties.login, drop, before)
  }
  if (who.kind !== 'session' || drop) return forward(changes)
  if (!duties.logout)
    return { act: 'forward', changes, held: null, standing: null, notice: noticeOf(of, who.session) }
  // Nobody who leaves is given a companion.
  return {
    act: 'forward',
    changes: { ...changes, setCookies: who.renewed },
    held: heldSignOut(of, who.session),
    standing: null,
  }
}
