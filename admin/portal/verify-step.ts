/**
 * Proving a second factor in a visit, and going back to the application with the proof.
 *
 * Codes are judged by `two-factor/verification.ts`. Invariant: a proof leaves only in the redirect to the visit's own
 * application; whatever was wrong is said after a redirect, so that a reload sends no code again; a visit whose tries
 * are gone is over and leads nowhere by itself.
 */
import { readCode } from '../two-factor/codes.ts'
import { standingOf } from '../two-factor/enrolment.ts'
import { verifyCode } from '../two-factor/verification.ts'
import { endVisit, layProof } from '../two-factor/visits.ts'
import { expirePortalCookie } from './cookie.ts'
import type { PortalForm } from './forms.ts'
import { noTriesPage, overPage } from './plain-pages.ts'
import { readSaid, type Said, saidWord } from './said.ts'
import { type VerifyPurpose, verifyPage } from './verify-page.ts'
import { frameOf, returnUrl, stepUrl, type Visitor } from './visitor.ts'

const purposeOf = (text: string | undefined): VerifyPurpose =>
  text === 'recovery-codes' || text === 'set-up' ? text : 'access'

/** The page that asks for a code; somebody without a factor is led to where they get one. */
export async function showVerify(visitor: Visitor): Promise<Response> {
  const { portal, c, visit, address, at } = visitor
  const standing = await standingOf(portal.parts.store, visit, address, at)
  if (standing.methods.length === 0) return portal.answers.seeOther('/')
  const html = verifyPage({
    frame: frameOf(visitor),
    purpose: purposeOf(c.req.query('purpose')),
    said: readSaid(c.req.query('said')),
    by: c.req.query('by') === 'recovery' ? 'recovery' : 'app',
  })
  return portal.answers.page(200, html, { elsewhere: visit.origin })
}

/** Ends the visit of somebody whose tries are gone. */
export async function outOfTries({ portal, visit }: Visitor): Promise<Response> {
  await endVisit(portal.parts.store, visit)
  return portal.answers.page(403, noTriesPage(), { setCookie: expirePortalCookie(portal.secure) })
}

/** Goes back to the application with what was proved in this visit, which ends by it. */
export async function goOn(visitor: Visitor): Promise<Response> {
  const { portal, visit, at } = visitor
  const proof = await layProof(portal.parts.store, visit, at)
  const setCookie = expirePortalCookie(portal.secure)
  return proof === null
    ? portal.answers.page(403, overPage(), { setCookie })
    : portal.answers.seeOther(stepUrl(visit, proof), setCookie)
}

const codesFewAt = 3

/** Judges a code. Empty and shapeless ones are sent back without spending a try. */
export async function takeCode(visitor: Visitor, form: PortalForm): Promise<Response> {
  const { portal, visit, address, at } = visitor
  const by = form.get('by') === 'recovery' ? 'recovery' : 'app'
  const purpose = purposeOf(form.get('purpose'))
  const back = (said: Said): Response =>
    portal.answers.seeOther(`/verify?purpose=${purpose}&by=${by}&said=${saidWord(said)}`)
  if (readCode(form.get('code')) === null) return back({ what: 'form' })
  const outcome = await verifyCode(portal.parts, visit, form.get('code'), at, address)
  if (outcome.outcome === 'verified') {
    if (purpose !== 'access') return portal.answers.seeOther(`/${purpose}`)
    if (visit.reason === 'emergency') return portal.answers.seeOther('/emergency')
    const tells = outcome.method === 'recovery-code' && outcome.recoveryCodesLeft <= codesFewAt
    return tells ? portal.answers.seeOther('/') : goOn(visitor)
  }
  switch (outcome.outcome) {
    case 'wrong':
    case 'used':
      return back({ what: outcome.outcome, triesLeft: outcome.triesLeft })
    case 'wait':
      return back({ what: 'wait', until: outcome.until })
    case 'over':
      return outOfTries(visitor)
  }
}

/** "Done" and "Continue": on with what was proved, or back with nothing. From a page of codes, to one's own factors. */
export async function finish(visitor: Visitor, form: PortalForm): Promise<Response> {
  const { portal, visit } = visitor
  if (form.get('after') === 'codes' && (visit.reason === null || form.get('kept') !== 'yes'))
    return portal.answers.seeOther('/')
  if (visit.proved !== null) return goOn(visitor)
  await endVisit(portal.parts.store, visit)
  return portal.answers.seeOther(returnUrl(visit), expirePortalCookie(portal.secure))
}
