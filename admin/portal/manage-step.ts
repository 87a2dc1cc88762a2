/**
 * Looking after one's own factors: the list, another name, taking one away, forgetting remembered browsers.
 *
 * What may be done is judged by `two-factor/factors.ts`. Invariant: every change is a form in a visit that has shown a
 * factor; without a proof it leads to one, and nothing is changed on the way.
 */

import { securityManagementPath } from '../../runtime/pages/management-line.ts'
import { labels } from '../../runtime/pages/texts-labels.ts'
import { maySeeSecurity } from '../directory/security-admins.ts'
import { type Standing, standingOf } from '../two-factor/enrolment.ts'
import {
  type FactorChange,
  listRequiring,
  type OwnFactor,
  removeFactor,
  renameFactor,
} from '../two-factor/factors.ts'
import { maskedNumber, mayUseTexts } from '../two-factor/text-codes.ts'
import { countDevices, forgetDevices } from '../two-factor/trusted-devices.ts'
import type { PortalForm } from './forms.ts'
import { factorPage, managePage, type ShownFactor } from './manage-page.ts'
import { type PersonFacts, readPersonFacts } from './person-facts.ts'
import { frameOf, pageOf, type Visitor } from './visitor.ts'

const methodNames: Readonly<Record<OwnFactor['method'], string>> = {
  totp: labels.authenticatorApp,
  passkey: labels.passkey,
  sms: labels.textMessage,
}

const shownOf = (factor: OwnFactor, facts: PersonFacts): ShownFactor => ({
  id: factor.id,
  name: factor.name,
  method: `${methodNames[factor.method]}${factor.ending === null ? '' : ` to ${maskedNumber(factor.ending)}`}`,
  enrolledAt: facts.moment(factor.enrolledAt),
  lastVerifiedAt: facts.moment(factor.lastVerifiedAt),
})

/** The way to Security Management for whoever is in and may see a practice there; `null`: not for this visit. */
async function managementOf({ portal, visit, at }: Visitor): Promise<string | null> {
  if (visit.adminEntry !== null || visit.reason !== null) return null
  const looksAfter = await portal.parts.store.read((rows) =>
    maySeeSecurity(
      rows,
      visit.user,
      visit.practices.map(({ id }) => id),
      at,
    ),
  )
  return looksAfter ? `${visit.origin}${securityManagementPath}` : null
}

/** The page of one's own factors. */
export async function showManage(visitor: Visitor, standing: Standing): Promise<Response> {
  const { portal, visit, at } = visitor
  const facts = await readPersonFacts(portal.parts.store, visit, at)
  const html = managePage({
    frame: frameOf(visitor),
    factors: standing.factors.map((factor) => shownOf(factor, facts)),
    recoveryCodesLeft: standing.recoveryCodesLeft,
    mayEnrol: standing.mayEnrol,
    passkeys: portal.party !== null,
    texts: portal.texts !== null && (await portal.parts.store.read((rows) => mayUseTexts(rows, visit))),
    devices: await portal.parts.store.read((rows) => countDevices(rows, visit.user, at)),
    deadline: facts.deadline,
    management: await managementOf(visitor),
  })
  return pageOf(visitor, 200, html)
}

/** The page of one factor; only after a proof. */
export async function showFactor(visitor: Visitor): Promise<Response> {
  const { portal, c, visit, address, at } = visitor
  if (visit.proved === null) return portal.answers.seeOther('/verify?purpose=factor')
  const { factors } = await standingOf(portal.parts.store, visit, address, at)
  const factor = factors.find(({ id }) => id === c.req.query('id'))
  if (factor === undefined) return portal.answers.seeOther('/')
  const facts = await readPersonFacts(portal.parts.store, visit, at)
  const html = factorPage({
    frame: frameOf(visitor),
    factor: shownOf(factor, facts),
    last: factors.length === 1,
    requiring: await portal.parts.store.read((rows) => listRequiring(rows, visit.user, at)),
  })
  return pageOf(visitor, 200, html)
}

/** Renames or removes a factor. */
export async function takeFactor(visitor: Visitor, form: PortalForm): Promise<Response> {
  const { portal, visit, address, at } = visitor
  const id = form.get('id')
  const change: FactorChange | 'required' =
    form.get('do') === 'remove'
      ? await removeFactor(portal.parts, visit, id, at, address)
      : await renameFactor(portal.parts, visit, { id, name: form.get('name') }, at, address)
  switch (change) {
    case 'unproved':
      return portal.answers.seeOther('/verify?purpose=factor')
    case 'required':
      return portal.answers.seeOther(`/factor?id=${encodeURIComponent(id)}`)
    case 'unknown':
    case 'changed':
      return portal.answers.seeOther('/')
  }
}

/** Forgets every remembered browser. It only adds a question, so it asks none first. */
export async function takeForgetting(visitor: Visitor): Promise<Response> {
  const { portal, visit, at, address } = visitor
  await forgetDevices(portal.parts, visit, at, address)
  return portal.answers.seeOther('/')
}
