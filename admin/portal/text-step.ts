/**
 * Setting up a number for codes by text message: the number, the code that came to it, the factor.
 *
 * Numbers and codes are judged by `two-factor/text-codes.ts`. Invariant: a number counts only after a code came back from
 * it; it is in no address and no page in full; whatever was wrong is said after a redirect, so that a reload sends nothing.
 */
import { standingOf } from '../two-factor/enrolment.ts'
import {
  confirmNumber,
  findTextCode,
  maskedNumber,
  mayUseTexts,
  readNumber,
  sendTextCode,
} from '../two-factor/text-codes.ts'
import type { PortalForm } from './forms.ts'
import { readSaid, type Said, saidWord } from './said.ts'
import { answerEnrolment, obstacle } from './set-up-step.ts'
import { numberPage } from './text-page.ts'
import { outOfTries } from './verify-step.ts'
import { frameOf, pageOf, type Visitor } from './visitor.ts'

const isOffered = async ({ portal, visit }: Visitor): Promise<boolean> =>
  portal.texts !== null && (await portal.parts.store.read((rows) => mayUseTexts(rows, visit)))

const back = ({ portal }: Visitor, by: 'text' | 'number', said: Said): Response =>
  portal.answers.seeOther(`/text?by=${by}&said=${saidWord(said)}`)

/** The page for a number; where there is a factor already, only after a proof. */
export async function showText(visitor: Visitor): Promise<Response> {
  const { portal, c, visit, address, at } = visitor
  if (!(await isOffered(visitor))) return portal.answers.seeOther('/set-up')
  const standing = await standingOf(portal.parts.store, visit, address, at)
  const refused = await obstacle(visitor, standing)
  if (refused !== null) return refused
  if (standing.methods.length > 0 && visit.proved === null)
    return portal.answers.seeOther('/verify?purpose=text')
  const code = await portal.parts.store.read((rows) => findTextCode(rows, visit, at))
  const html = numberPage({
    frame: frameOf(visitor),
    sent: code === null || code.factor !== null ? null : { masked: maskedNumber(code.ending) },
    said: readSaid(c.req.query('said')),
    by: c.req.query('by') === 'text' ? 'text' : 'number',
  })
  return pageOf(visitor, 200, html)
}

/** Sends a code to a new number. */
export async function takeNumber(visitor: Visitor, form: PortalForm): Promise<Response> {
  const { portal, visit, address, at } = visitor
  const { texts, origin } = portal
  if (texts === null) return portal.answers.seeOther('/set-up')
  const number = readNumber(form.get('number'))
  if (number === null) return back(visitor, 'number', { what: 'form' })
  const wish = { factor: null, number, origin }
  const outcome = await sendTextCode(portal.parts, texts, visit, wish, at, address)
  switch (outcome.outcome) {
    case 'sent':
      return back(visitor, 'text', { what: 'sent' })
    case 'unsent':
      return back(visitor, 'number', { what: 'unsent' })
    case 'wait':
      return back(visitor, 'number', { what: 'wait', until: outcome.until })
    case 'over':
      return outOfTries(visitor)
    case 'no':
    case 'not-here':
      return portal.answers.seeOther('/text')
  }
}

/** Judges the code that came to a new number; the answer shows the recovery codes, this once. */
export async function takeNumberCode(visitor: Visitor, form: PortalForm): Promise<Response> {
  const { portal, visit, address, at } = visitor
  const code = form.get('code').replaceAll(/[\s-]/g, '')
  if (!/^[0-9]{6}$/.test(code)) return back(visitor, 'text', { what: 'form' })
  const wish = { code, name: form.get('name') }
  const outcome = await confirmNumber(portal.parts, visit, wish, at, address)
  return answerEnrolment(visitor, '/text', outcome)
}
