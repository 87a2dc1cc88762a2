/**
 * Signing out everywhere: a person ends every session of their own, on every device and in every practice.
 *
 * Admins have their own way (`revocations.ts`). Invariant: it takes a form of our own page in the browser of somebody who is
 * in, not of one whose sign-in waits for a second factor: a stolen password alone must not throw its owner out; afterwards
 * nothing of theirs is open, and what their application still believes lets nobody back in. Choosing among sessions was refused here: whoever is worried must not have to guess.
 */
import { endEverything } from '../sessions/ending-everywhere.ts'
import type { Store } from '../store/database.ts'
import { findSession } from '../store/sessions.ts'
import { noteEverywhere } from '../two-factor/chains.ts'
import { expirePortalCookie } from './cookie.ts'
import { signedOutPage } from './plain-pages.ts'
import type { Visitor } from './visitor.ts'

const isLetIn = async (store: Store, tokenHash: string): Promise<boolean> =>
  (await store.read((rows) => findSession(rows, tokenHash)))?.held === false

/** Ends everything of the visitor's, and says so. */
export async function signOutEverywhere({ portal, visit, address, at }: Visitor): Promise<Response> {
  const { parts, answers, secure } = portal
  const isIn = visit.reason === null && (await isLetIn(parts.store, visit.tokenHash))
  if (!isIn) return answers.seeOther('/')
  await parts.store.transaction(async (tx) => {
    const ended = await endEverything(tx, visit.user, at)
    if (ended === null) return
    const deed = { user: visit.user, name: visit.name, address, at }
    await noteEverywhere(tx, deed, 'user.signed-out-everywhere', { sessionsEnded: ended.sessionsEnded })
  })
  parts.changed()
  return answers.page(200, signedOutPage(), { setCookie: expirePortalCookie(secure) })
}
