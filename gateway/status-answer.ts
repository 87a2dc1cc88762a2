/**
 * What a page of the application may ask about its own visitor: signed in or not, from where, and when their hours end.
 *
 * For pages that want to say so in time ("access ends in ten minutes"), which the gateway cannot: it changes no page of the
 * application. Invariant: it is answered from what is mirrored alone, so that a page that asks every minute costs the application
 * nothing and keeps no session awake; it tells of the visitor's own practices, and what it tells is no promise.
 */
import type { Clock } from '../runtime/clock.ts'
import { cookieLines } from './cookies.ts'
import type { Exchange, WholeResponse } from './exchange.ts'
import { type Directory, hoursEnd } from './questions.ts'
import type { MirroredSession } from './sessions.ts'
import type { Site } from './site.ts'
import { signInQuestion } from './step-visit.ts'

type Known = { readonly directory: Directory; readonly clock: Clock }

/** By practice, when its hours end for this session within a day, as ISO text. */
function endsOf(
  { directory, clock }: Known,
  site: Site,
  exchange: Exchange,
  { session, accompanied }: { readonly session: MirroredSession; readonly accompanied: boolean },
): Readonly<Record<string, string>> {
  const at = clock.now()
  const question = { ...signInQuestion(site.duties.signIn, exchange, session), accompanied }
  return Object.fromEntries(
    directory.practicesOf(session.record.user).flatMap((practice) => {
      const end = hoursEnd(directory, question, practice, at)
      return end === null ? [] : [[practice, new Date(end).toISOString()]]
    }),
  )
}

/** The answer. `address`: the visitor's own, by the forwarding rules, which `gatehouse doctor` asks for. */
export function statusAnswer(known: Known, site: Site, exchange: Exchange): WholeResponse {
  const { identity } = site
  const who = identity?.identifier.now(identity.identifier.carried(exchange, cookieLines(exchange.headers)))
  const found = who?.kind === 'session' ? who : null
  const record = found?.session.record ?? null
  const signedIn = record !== null && record.ended === null && !record.held
  return {
    status: 200,
    headers: [
      ...['Content-Type', 'application/json', 'Cache-Control', 'no-store'],
      ...['X-Content-Type-Options', 'nosniff'],
    ],
    body: JSON.stringify({
      signedIn,
      held: record?.held === true,
      address: exchange.client.text,
      hoursEnd: found === null || !signedIn ? {} : endsOf(known, site, exchange, found),
    }),
  }
}
