/**
 * Proving a second factor in a visit, and going back to the application with the proof.
 *
 * Codes are judged by `two-factor/verification.ts`, passkeys by `passkeys.ts`. Invariant: a proof leaves only in the redirect
 * to the visit's own application; whatever was wrong is said after a redirect, so that a reload sends nothing again; a
 * visit whose tries are gone is over and leads nowhere by itself.
 */
import type { DurationMs, Instant } from '../../policies/instant.ts'
import { hashToken, newToken } from '../../runtime/token.ts'
import { readCode } from '../two-factor/codes.ts'
import { standingOf } from '../two-factor/enrolment.ts'
import type { OwnFactor } from '../two-factor/factors.ts'
import { beginAssertion, verifyPasskey } from '../two-factor/passkeys.ts'
import {
  findTextCode,
  maskedNumber,
  mayUseTexts,
  sendTextCode,
  verifyTextCode,
} from '../two-factor/text-codes.ts'
import { longestRemembering, rememberDevice, trustOf } from '../two-factor/trusted-devices.ts'
import { type CodeOutcome, verifyCode } from '../two-factor/verification.ts'
import { endVisit, layProof } from '../two-factor/visits.ts'
import { passkeyAnswerMax } from '../webauthn.ts'
import { expirePortalCookie, readDeviceCookie, setDeviceCookie } from './cookie.ts'
import type { PortalForm } from './forms.ts'
import { noTriesPage, overPage } from './plain-pages.ts'
import { readSaid, type Said, type SentBy, saidWord } from './said.ts'
import { passkeyScript } from './scripts.ts'
import type { TextsView } from './text-page.ts'
import { type VerifyPurpose, verifyPage } from './verify-page.ts'
import { frameOf, returnUrl, stepUrl, type Visitor } from './visitor.ts'

const changes: readonly string[] = [
  'recovery-codes',
  'set-up',
  'passkey',
  'text',
  'factor',
] satisfies VerifyPurpose[]

const purposeOf = (text: string | undefined): VerifyPurpose =>
  text !== undefined && changes.includes(text) ? (text as VerifyPurpose) : 'access'

const sentBy = (text: string | undefined): SentBy =>
  text === 'recovery' || text === 'passkey' || text === 'text' ? text : 'app'

const dayMs: DurationMs = 86_400_000

/** What there is by text message for this visitor; `null`: nothing that counts or can be sent. */
async function textsOf(
  { portal, visit, at }: Visitor,
  factors: readonly OwnFactor[],
): Promise<TextsView | null> {
  const numbers = factors.flatMap(({ id, name, ending }) =>
    ending === null ? [] : [{ id, name, masked: maskedNumber(ending) }],
  )
  if (portal.texts === null || numbers.length === 0) return null
  const { store } = portal.parts
  if (!(await store.read((rows) => mayUseTexts(rows, visit)))) return null
  const code = await store.read((rows) => findTextCode(rows, visit, at))
  const sent = code === null || code.factor === null ? null : { masked: maskedNumber(code.ending) }
  return { numbers, sent }
}

/** The page that asks for a factor; somebody without one is led to where they get one. */
export async function showVerify(visitor: Visitor): Promise<Response> {
  const { portal, c, visit, address, at } = visitor
  const { parts, party } = portal
  const standing = await standingOf(parts.store, visit, address, at)
  if (standing.methods.length === 0) return portal.answers.seeOther('/')
  const purpose = purposeOf(c.req.query('purpose'))
  const passkey = party === null ? null : await beginAssertion(parts, party, visit, at)
  const rememberMs = await parts.store.read((rows) => longestRemembering(rows, visit))
  const html = verifyPage({
    frame: frameOf(visitor),
    purpose,
    said: readSaid(c.req.query('said')),
    by: sentBy(c.req.query('by')),
    app: standing.methods.includes('totp'),
    passkey,
    texts: await textsOf(visitor, standing.factors),
    strong: purpose === 'access' && passkey !== null && visit.reason === 'two-factor-too-weak',
    // The way into the admin origin asks each time.
    rememberDays: visit.adminEntry === null ? Math.floor(rememberMs / dayMs) : 0,
  })
  const script = passkey === null ? {} : { script: passkeyScript }
  return portal.answers.page(200, html, { elsewhere: visit.origin, ...script })
}

/** Ends the visit of somebody whose tries are gone. */
export async function outOfTries({ portal, visit }: Visitor): Promise<Response> {
  await endVisit(portal.parts.store, visit)
  return portal.answers.page(403, noTriesPage(), { setCookie: expirePortalCookie(portal.secure) })
}

/** What this browser is remembered for. */
async function trustHere(
  { portal, c, visit, at }: Visitor,
  given: string | null = null,
): Promise<Readonly<Record<string, Instant>>> {
  const token = given ?? readDeviceCookie(c.req.header('cookie'), portal.secure)
  if (token === null) return {}
  return portal.parts.store.read((rows) => trustOf(rows, visit.user, hashToken(token), at))
}

type Remembered = { readonly token: string; readonly setCookie: string }

/**
 * Goes back to the application with what was proved in this visit, which ends by it. `remembered`: the browser has just
 * become a remembered one.
 */
export async function goOn(visitor: Visitor, remembered: Remembered | null = null): Promise<Response> {
  const { portal, visit, at } = visitor
  const devices = await trustHere(visitor, remembered?.token)
  const proof = await layProof(portal.parts.store, visit, at, devices)
  const gone = expirePortalCookie(portal.secure)
  return proof === null
    ? portal.answers.page(403, overPage(), { setCookie: gone })
    : portal.answers.seeOther(
        stepUrl(visit, proof),
        gone,
        ...(remembered === null ? [] : [remembered.setCookie]),
      )
}

/** Goes on at once where this browser is remembered and the session does not know yet; `null`: a factor is needed. */
export async function goOnRemembered(visitor: Visitor): Promise<Response | null> {
  const { visit } = visitor
  if (visit.reason !== 'two-factor-not-verified' || visit.proved !== null || visit.adminEntry !== null)
    return null
  const trusted = await trustHere(visitor)
  const isNews = Object.entries(trusted).some(([practice, until]) => until > (visit.trusted[practice] ?? 0))
  return isNews ? goOn(visitor) : null
}

/** Remembers this browser if that was wished for and is allowed; else `null`. */
async function rememberHere(visitor: Visitor, form: PortalForm): Promise<Remembered | null> {
  const { portal, c, visit, at, address } = visitor
  const { parts, secure } = portal
  if (form.get('remember') !== 'yes') return null
  const ms = await parts.store.read((rows) => longestRemembering(rows, visit))
  if (ms === 0) return null
  const token = readDeviceCookie(c.req.header('cookie'), secure) ?? newToken()
  await rememberDevice(parts, visit, hashToken(token), at, address)
  return { token, setCookie: setDeviceCookie(secure, token, ms) }
}

const asksForPasskey = ({ visit }: Visitor): boolean => visit.reason === 'two-factor-too-weak'

const codesFewAt = 3

async function answerOutcome(
  visitor: Visitor,
  form: PortalForm,
  outcome: CodeOutcome,
  by: SentBy,
): Promise<Response> {
  const { portal } = visitor
  const purpose = purposeOf(form.get('purpose'))
  switch (outcome.outcome) {
    case 'verified': {
      if (purpose === 'factor') return portal.answers.seeOther('/')
      if (purpose === 'access' && outcome.method === 'unvouched-passkey' && asksForPasskey(visitor))
        return portal.answers.seeOther('/')
      if (purpose !== 'access') return portal.answers.seeOther(`/${purpose}`)
      if (visitor.visit.reason === 'emergency') return portal.answers.seeOther('/emergency')
      const tells = outcome.method === 'recovery-code' && outcome.recoveryCodesLeft <= codesFewAt
      if (tells) return portal.answers.seeOther('/')
      return goOn(visitor, outcome.method === 'recovery-code' ? null : await rememberHere(visitor, form))
    }
    case 'wait':
      return sayAgain(visitor, purpose, by, { what: 'wait', until: outcome.until })
    case 'over':
      return outOfTries(visitor)
    default:
      return sayAgain(visitor, purpose, by, { what: outcome.outcome, triesLeft: outcome.triesLeft })
  }
}

const sayAgain = ({ portal }: Visitor, purpose: VerifyPurpose, by: SentBy, said: Said): Response =>
  portal.answers.seeOther(`/verify?purpose=${purpose}&by=${by}&said=${saidWord(said)}`)

/** Sends a code to one of the visitor's numbers. */
export async function sendText(visitor: Visitor, form: PortalForm): Promise<Response> {
  const { portal, visit, address, at } = visitor
  const purpose = purposeOf(form.get('purpose'))
  const { texts, parts, origin } = portal
  if (texts === null) return portal.answers.seeOther('/verify')
  const wish = { factor: form.get('factor'), number: null, origin }
  const outcome = await sendTextCode(parts, texts, visit, wish, at, address)
  switch (outcome.outcome) {
    case 'sent':
    case 'unsent':
      return sayAgain(visitor, purpose, 'text', { what: outcome.outcome })
    case 'wait':
      return sayAgain(visitor, purpose, 'text', { what: 'wait', until: outcome.until })
    case 'over':
      return outOfTries(visitor)
    case 'no':
    case 'not-here':
      return portal.answers.seeOther('/verify')
  }
}

/** Judges a code. Empty and shapeless ones are sent back without spending a try. */
export async function takeCode(visitor: Visitor, form: PortalForm): Promise<Response> {
  const { portal, visit, address, at } = visitor
  const by = sentBy(form.get('by'))
  const typed = readCode(form.get('code'))
  if (typed === null || (by === 'text' && typed.kind !== 'totp'))
    return sayAgain(visitor, purposeOf(form.get('purpose')), by, { what: 'form' })
  const outcome =
    by === 'text'
      ? await verifyTextCode(portal.parts, visit, typed.code, at, address)
      : await verifyCode(portal.parts, visit, form.get('code'), at, address)
  return answerOutcome(visitor, form, outcome, by)
}

/** Judges a shown passkey; an empty answer is sent back without spending a try. */
export async function takePasskey(visitor: Visitor, form: PortalForm): Promise<Response> {
  const { portal, visit, address, at } = visitor
  const answer = form.get('answer', passkeyAnswerMax)
  if (answer === '' || portal.party === null)
    return sayAgain(visitor, purposeOf(form.get('purpose')), 'passkey', { what: 'form' })
  const outcome = await verifyPasskey(portal.parts, portal.party, visit, answer, at, address)
  return answerOutcome(visitor, form, outcome, 'passkey')
}

/** "Done" and "Continue": on with what was proved, or back with nothing. From a page of codes, to one's own factors. */
export async function finish(visitor: Visitor, form: PortalForm): Promise<Response> {
  const { portal, visit } = visitor
  const isPage = visit.reason === null || form.get('kept') !== 'yes' || asksForPasskey(visitor)
  if (form.get('after') === 'codes' && isPage) return portal.answers.seeOther('/')
  if (visit.proved !== null) return goOn(visitor)
  await endVisit(portal.parts.store, visit)
  return portal.answers.seeOther(returnUrl(visit), expirePortalCookie(portal.secure))
}
