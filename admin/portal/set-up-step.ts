/**
 * Setting up an authenticator app, new recovery codes, and looking after one's own factors.
 *
 * Secrets are made and judged by `two-factor/enrolment.ts`. Invariant: recovery codes are answered once, to the form that
 * made them, and a reload of that answer makes none; nothing changes but in a visit that may (proved, from an approved
 * address).
 */
import { readCode } from '../two-factor/codes.ts'
import {
  beginTotp,
  confirmTotp,
  renewRecoveryCodes,
  type Standing,
  standingOf,
} from '../two-factor/enrolment.ts'
import { showEmergency } from './emergency-step.ts'
import type { PortalForm } from './forms.ts'
import { confirmedPage, managePage } from './manage-page.ts'
import { readPersonFacts } from './person-facts.ts'
import { tooWeakPage } from './plain-pages.ts'
import { readSaid, type Said, saidWord } from './said.ts'
import { codesPage, notHerePage, renewPage, setUpPage, shownAlreadyPage } from './set-up-page.ts'
import { outOfTries, showVerify } from './verify-step.ts'
import { frameOf, type Visitor } from './visitor.ts'

const methodNames: Readonly<Record<Standing['methods'][number], string>> = {
  totp: 'Authenticator app',
  passkey: 'Passkey',
  sms: 'Text message',
  'recovery-code': 'Recovery code',
  app: 'The practice application',
  google: 'Google',
}

const pageOf = (visitor: Visitor, status: number, html: string): Response =>
  visitor.portal.answers.page(status, html, { elsewhere: visitor.visit.origin })

async function showManage(visitor: Visitor, standing: Standing): Promise<Response> {
  const facts = await readPersonFacts(visitor.portal.parts.store, visitor.visit, visitor.at)
  const moment = (at: number | null): string | null => (at === null ? null : facts.moment(at))
  const html = managePage({
    frame: frameOf(visitor),
    methods: standing.methods.map((method) => methodNames[method]),
    enrolledAt: moment(standing.enrolledAt),
    lastVerifiedAt: moment(standing.lastVerifiedAt),
    recoveryCodesLeft: standing.recoveryCodesLeft,
    mayEnrol: standing.mayEnrol,
    deadline: facts.deadline,
  })
  return pageOf(visitor, 200, html)
}

/** Where a visit begins: what its reason and the person's factors ask for. */
export async function showHome(visitor: Visitor): Promise<Response> {
  const { portal, visit, address, at } = visitor
  const standing = await standingOf(portal.parts.store, visit, address, at)
  if (visit.reason === null) return showManage(visitor, standing)
  if (visit.reason === 'emergency') return showEmergency(visitor)
  // No page here makes a passkey: a code would only lead back to the same refusal.
  if (visit.reason === 'two-factor-too-weak') return pageOf(visitor, 403, tooWeakPage())
  if (visit.proved !== null)
    return pageOf(visitor, 200, confirmedPage(frameOf(visitor), standing.recoveryCodesLeft))
  return standing.methods.length === 0 ? showSetUp(visitor) : showVerify(visitor)
}

/** The page that sets up an app; where there is one already, only after a proof. */
export async function showSetUp(visitor: Visitor): Promise<Response> {
  const { portal, c, visit, address, at } = visitor
  const standing = await standingOf(portal.parts.store, visit, address, at)
  if (!standing.mayEnrol) return pageOf(visitor, 403, notHerePage(frameOf(visitor), address))
  const begun = await beginTotp(portal.parts, visit, at)
  if (begun === null) return portal.answers.seeOther('/verify?purpose=set-up')
  const { deadline } = await readPersonFacts(portal.parts.store, visit, at)
  const html = setUpPage({
    frame: frameOf(visitor),
    ...begun,
    deadline,
    replaces: standing.methods.includes('totp'),
    said: readSaid(c.req.query('said')),
  })
  return pageOf(visitor, 200, html)
}

/** Judges the first code of a new app; the answer shows the recovery codes, this once. */
export async function takeFirstCode(visitor: Visitor, form: PortalForm): Promise<Response> {
  const { portal, visit, address, at } = visitor
  const back = (said: Said): Response => portal.answers.seeOther(`/set-up?said=${saidWord(said)}`)
  if (readCode(form.get('code'))?.kind !== 'totp') return back({ what: 'form' })
  const outcome = await confirmTotp(portal.parts, visit, form.get('code'), at, address)
  switch (outcome.outcome) {
    case 'enrolled': {
      const { recoveryCodes: codes } = outcome
      const goesOn = visit.reason !== null
      return pageOf(visitor, 200, codesPage({ frame: frameOf(visitor), codes, fresh: 'enrolled', goesOn }))
    }
    case 'not-here':
      return pageOf(visitor, 403, notHerePage(frameOf(visitor), address))
    // A reload: this visit has confirmed before.
    case 'used':
      return pageOf(visitor, 200, shownAlreadyPage(frameOf(visitor)))
    case 'over': {
      const standing = await standingOf(portal.parts.store, visit, address, at)
      const elsewhere = standing.methods.length > 0 && visit.proved === null
      return elsewhere ? portal.answers.seeOther('/') : outOfTries(visitor)
    }
    case 'wrong':
      return back({ what: 'wrong', triesLeft: outcome.triesLeft })
    case 'wait':
      return back({ what: 'wait', until: outcome.until })
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
  const goesOn = visit.reason !== null
  return pageOf(visitor, 200, codesPage({ frame: frameOf(visitor), codes, fresh: 'renewed', goesOn }))
}
