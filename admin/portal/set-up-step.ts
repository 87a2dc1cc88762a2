/**
 * Setting up an authenticator app or a passkey, new recovery codes, and where a visit begins.
 *
 * Secrets are made and judged by `two-factor/enrolment.ts` and `passkeys.ts`. Invariant: recovery codes are answered once, to
 * the form that made them, and a reload of that answer makes none; nothing changes but in a visit that may (proved, from
 * an approved address or with an admin's code).
 */

import { labels } from '../../runtime/pages/texts-labels.ts'
import { isListedAddress } from '../two-factor/allowed-addresses.ts'
import { readCode } from '../two-factor/codes.ts'
import {
  beginTotp,
  confirmTotp,
  type EnrolOutcome,
  renewRecoveryCodes,
  type Standing,
  standingOf,
} from '../two-factor/enrolment.ts'
import { takeEnrolmentCode } from '../two-factor/enrolment-codes.ts'
import { factorName, factorsMax } from '../two-factor/factors.ts'
import { beginPasskey, confirmPasskey } from '../two-factor/passkeys.ts'
import { mayUseTexts } from '../two-factor/text-codes.ts'
import { passkeyAnswerMax } from '../webauthn.ts'
import { showEmergency } from './emergency-step.ts'
import type { PortalForm } from './forms.ts'
import { confirmedPage } from './manage-page.ts'
import { showManage } from './manage-step.ts'
import { readPersonFacts } from './person-facts.ts'
import { tooWeakPage } from './plain-pages.ts'
import { readSaid, type Said, saidWord } from './said.ts'
import { codesScript, passkeyScript } from './scripts.ts'
import {
  codesPage,
  fullPage,
  notHerePage,
  passkeyPage,
  renewPage,
  setUpPage,
  shownAlreadyPage,
} from './set-up-page.ts'
import { goOnRemembered, outOfTries, showVerify } from './verify-step.ts'
import { frameOf, pageOf, type Visitor } from './visitor.ts'
import { vouchingPage } from './vouching-page.ts'

/** What becomes of somebody who needs a passkey: they show one, or make one after showing what they have. */
async function showStrong(visitor: Visitor, standing: Standing): Promise<Response> {
  const { portal, visit, address, at } = visitor
  if (visit.proved?.method === 'passkey')
    return pageOf(visitor, 200, confirmedPage(frameOf(visitor), standing.recoveryCodesLeft))
  if (portal.party === null) return pageOf(visitor, 403, tooWeakPage())
  const isAdmitted = visit.admittedBy.length > 0
  if (standing.methods.includes('passkey'))
    return visit.proved?.method === 'unvouched-passkey' && !isAdmitted
      ? showVouching(visitor, true)
      : showVerify(visitor)
  const isListed = await isListedAddress(portal.parts.store, visit.user, address, at)
  return isAdmitted || isListed ? showPasskey(visitor) : showVouching(visitor, false)
}

/** The page that asks for somebody's word for a passkey. */
function showVouching(visitor: Visitor, made: boolean): Response {
  const { c } = visitor
  const said = c.req.query('by') === 'admission' ? readSaid(c.req.query('said')) : null
  return pageOf(visitor, 403, vouchingPage({ frame: frameOf(visitor), made, said }))
}

/** Where a visit begins: what its reason and the person's factors ask for. */
export async function showHome(visitor: Visitor): Promise<Response> {
  const { portal, visit, address, at } = visitor
  const standing = await standingOf(portal.parts.store, visit, address, at)
  if (visit.reason === null) return showManage(visitor, standing)
  if (visit.reason === 'emergency') return showEmergency(visitor)
  if (visit.reason === 'two-factor-too-weak') return showStrong(visitor, standing)
  if (visit.proved !== null)
    return pageOf(visitor, 200, confirmedPage(frameOf(visitor), standing.recoveryCodesLeft))
  if (standing.methods.length === 0) return showSetUp(visitor)
  return (await goOnRemembered(visitor)) ?? showVerify(visitor)
}

/** The page that says why a factor cannot be set up in this visit; `null`: it can. */
export async function obstacle(visitor: Visitor, standing: Standing): Promise<Response | null> {
  const { c, address } = visitor
  if (standing.factors.length >= factorsMax) return pageOf(visitor, 403, fullPage(frameOf(visitor)))
  const said = c.req.query('by') === 'admission' ? readSaid(c.req.query('said')) : null
  return standing.mayEnrol ? null : pageOf(visitor, 403, notHerePage(frameOf(visitor), address, said))
}

/** The page that sets up an app; where there is a factor already, only after a proof. */
export async function showSetUp(visitor: Visitor): Promise<Response> {
  const { portal, c, visit, address, at } = visitor
  const standing = await standingOf(portal.parts.store, visit, address, at)
  const refused = await obstacle(visitor, standing)
  if (refused !== null) return refused
  const begun = await beginTotp(portal.parts, visit, at)
  if (begun === null) return portal.answers.seeOther('/verify?purpose=set-up')
  const { deadline } = await readPersonFacts(portal.parts.store, visit, at)
  const html = setUpPage({
    frame: frameOf(visitor),
    ...begun,
    deadline,
    adds: standing.factors.length > 0,
    passkeys: portal.party !== null,
    texts: portal.texts !== null && (await portal.parts.store.read((rows) => mayUseTexts(rows, visit))),
    said: readSaid(c.req.query('said')),
  })
  return pageOf(visitor, 200, html)
}

/** The page that makes a passkey; where there is a factor already, only after a proof. */
export async function showPasskey(visitor: Visitor): Promise<Response> {
  const { portal, c, visit, address, at } = visitor
  if (portal.party === null) return portal.answers.seeOther('/set-up')
  const standing = await standingOf(portal.parts.store, visit, address, at)
  const refused = await obstacle(visitor, standing)
  if (refused !== null) return refused
  const options = await beginPasskey(portal.parts, portal.party, visit, at)
  if (options === null) return portal.answers.seeOther('/verify?purpose=passkey')
  const { deadline } = await readPersonFacts(portal.parts.store, visit, at)
  const said = readSaid(c.req.query('said'))
  const view = { frame: frameOf(visitor), options, deadline, adds: standing.factors.length > 0, said }
  return pageOf(visitor, 200, passkeyPage(view), passkeyScript)
}

const showCodes = (visitor: Visitor, codes: readonly string[], fresh: 'enrolled' | 'renewed'): Response => {
  const view = { frame: frameOf(visitor), codes, fresh, goesOn: visitor.visit.reason !== null }
  return pageOf(visitor, 200, codesPage(view), codesScript)
}

/** What became of an enrolment: the recovery codes, this once, or what was wrong. `here`: the page of the step. */
export async function answerEnrolment(
  visitor: Visitor,
  here: '/set-up' | '/passkey' | '/text',
  outcome: EnrolOutcome,
): Promise<Response> {
  const { portal, visit, address, at } = visitor
  const back = (said: Said): Response =>
    portal.answers.seeOther(`${here}?${here === '/text' ? 'by=text&' : ''}said=${saidWord(said)}`)
  switch (outcome.outcome) {
    case 'enrolled':
      // They have codes already: nothing is shown once.
      if (outcome.recoveryCodes.length === 0) return portal.answers.seeOther('/')
      return showCodes(visitor, outcome.recoveryCodes, 'enrolled')
    case 'not-here':
      return pageOf(visitor, 403, notHerePage(frameOf(visitor), address, null))
    // A reload: this visit has confirmed before.
    case 'used':
      return pageOf(visitor, 200, shownAlreadyPage(frameOf(visitor)))
    case 'over': {
      const standing = await standingOf(portal.parts.store, visit, address, at)
      const elsewhere = standing.methods.length > 0 && visit.proved === null
      return elsewhere ? portal.answers.seeOther('/') : outOfTries(visitor)
    }
    case 'wrong':
    case 'expired':
      return back({ what: outcome.outcome, triesLeft: outcome.triesLeft })
    case 'wait':
      return back({ what: 'wait', until: outcome.until })
  }
}

/** Judges the first code of a new app; the answer shows the recovery codes, this once. */
export async function takeFirstCode(visitor: Visitor, form: PortalForm): Promise<Response> {
  const { portal, visit, address, at } = visitor
  if (readCode(form.get('code'))?.kind !== 'totp')
    return portal.answers.seeOther(`/set-up?said=${saidWord({ what: 'form' })}`)
  const outcome = await confirmTotp(portal.parts, visit, form.get('code'), at, address, form.get('name'))
  return answerEnrolment(visitor, '/set-up', outcome)
}

/** Judges a new passkey; the answer shows the recovery codes, this once. */
export async function takeNewPasskey(visitor: Visitor, form: PortalForm): Promise<Response> {
  const { portal, visit, address, at } = visitor
  const answer = form.get('answer', passkeyAnswerMax)
  if (answer === '' || portal.party === null)
    return portal.answers.seeOther(`/passkey?said=${saidWord({ what: 'form' })}`)
  const wish = { answer, name: factorName(form.get('name'), labels.passkey) }
  const outcome = await confirmPasskey(portal.parts, portal.party, visit, wish, at, address)
  return answerEnrolment(visitor, '/passkey', outcome)
}

/** Takes a code that an admin gave, so that a factor may be set up from here, and a passkey is vouched for. */
export async function takeAdmission(visitor: Visitor, form: PortalForm): Promise<Response> {
  const { portal, visit, address, at } = visitor
  const outcome = await takeEnrolmentCode(portal.parts, visit, form.get('code'), at, address)
  // Where only a passkey suffices the code vouches for one, and home asks for that.
  const here = visit.reason === 'two-factor-too-weak' ? '/' : '/set-up'
  const back = (said: Said): Response =>
    portal.answers.seeOther(`${here}?by=admission&said=${saidWord(said)}`)
  switch (outcome.outcome) {
    case 'admitted':
      return portal.answers.seeOther(here)
    case 'wait':
      return back({ what: 'wait', until: outcome.until })
    case 'over':
      return outOfTries(visitor)
    default:
      return back({ what: outcome.outcome, triesLeft: outcome.triesLeft })
  }
}

/** The page before new recovery codes. */
export async function showRenew(visitor: Visitor): Promise<Response> {
  const { portal, visit, address, at } = visitor
  if (visit.proved === null) return portal.answers.seeOther('/verify?purpose=recovery-codes')
  const standing = await standingOf(portal.parts.store, visit, address, at)
  const { codesMark } = await readPersonFacts(portal.parts.store, visit, at)
  return pageOf(visitor, 200, renewPage(frameOf(visitor), standing.recoveryCodesLeft, codesMark))
}

/** Makes new recovery codes and shows them, unless those that the form wanted replaced are replaced already. */
export async function takeRenewal(visitor: Visitor, form: PortalForm): Promise<Response> {
  const { portal, visit, address, at } = visitor
  const { codesMark } = await readPersonFacts(portal.parts.store, visit, at)
  if (form.get('wish') !== codesMark) return pageOf(visitor, 200, shownAlreadyPage(frameOf(visitor)))
  const codes = await renewRecoveryCodes(portal.parts, visit, at, address)
  if (codes === null) return portal.answers.seeOther('/verify?purpose=recovery-codes')
  return showCodes(visitor, codes, 'renewed')
}
