/**
 * The step of somebody who may ask for access: the form, where their requests stand, and the wait for an answer.
 *
 * It asks and shows; it releases nothing. Invariant: requests are judged by the control plane, and its word alone
 * opens nothing: whoever waits is judged anew each time the page is asked for.
 */
import type { AccessStandings } from '../runtime/internal.ts'
import { type AccessView, accessPage } from '../runtime/pages/access-page.ts'
import { failureTexts } from '../runtime/pages/texts-failures.ts'
import { away, notOurs } from './access-failures.ts'
import { type AccessForm, formToken } from './access-form.ts'
import { type AskKind, askableKind, emergencyPlaces } from './asking.ts'
import { brandOf } from './brand.ts'
import { emergencyEnd } from './emergency-shown.ts'
import type { WholeResponse } from './exchange.ts'
import { heldQuestion } from './factor-step.ts'
import type { Question } from './questions.ts'
import { answerFailure } from './refusal.ts'
import { hoursOf, returnAfter } from './refusal-view.ts'
import { secondFactorPath } from './refusals.ts'
import { addressOf, again, seeOther, stepPage, type Visit, waitSeconds } from './step-visit.ts'

async function standingsOf(
  { parts, exchange, session }: Visit,
  kind: AskKind,
): Promise<AccessStandings | null> {
  if (parts.controlPlane === null) return null
  try {
    return await parts.controlPlane.accessStandings(session.tokenHash, kind, exchange.client.text)
  } catch (error) {
    parts.log.warn({ error }, 'where requests for access stand could not be asked')
    return null
  }
}

const readable = (at: number, zone: string): string =>
  new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeStyle: 'short', timeZone: zone }).format(at)

function rowsOf({ parts }: Visit, { standings }: AccessStandings): AccessView['rows'] {
  const at = parts.clock.now()
  return standings.map(({ practice, name, status, note, askAgainAt, takes, contact }) => {
    const later = askAgainAt !== null && askAgainAt > at ? askAgainAt : null
    const zone = parts.directory.practice(practice, at)?.snapshot.practice.zone ?? 'UTC'
    return {
      ...{ practice, name, status, note, contact },
      askAgain: later === null ? null : `at ${readable(later, zone)}`,
      open: takes && later === null && (status === 'not-requested' || status === 'rejected'),
    }
  })
}

const brandHere = ({ exchange }: Visit, rows: AccessView['rows']): AccessView['brand'] => {
  const [only] = rows
  return only === undefined || rows.length > 1 ? null : brandOf(exchange.upstream, only.practice, only.name)
}

type Shown = { readonly problem: string | null; readonly reason: string; readonly again: boolean }

const nothingWrong: Shown = { problem: null, reason: '', again: false }

/** A waiting page asks often; a form comes back once, when the hours begin, since somebody may be typing. */
const refreshOf = (state: AccessView['state'], returnAfterMs: number | null): readonly string[] => {
  if (state !== 'ask') return ['Refresh', String(waitSeconds)]
  return returnAfterMs === null ? [] : ['Refresh', String(Math.ceil(returnAfterMs / 1_000))]
}

function pageOf(
  visit: Visit,
  question: Question,
  kind: AskKind,
  standings: AccessStandings,
  shown: Shown,
): WholeResponse {
  const rows = rowsOf(visit, standings)
  const waits = rows.some(({ status }) => status === 'pending' || status === 'approved')
  const wantsForm = visit.query.get('ask') === 'more'
  const state = shown.again ? 'again' : waits && !wantsForm && shown.problem === null ? 'wait' : 'ask'
  const { directory, clock } = visit.parts
  const at = clock.now()
  const told = hoursOf(directory, question, at)
  const opens = told?.opens ?? null
  const returnAfterMs = opens === null ? null : returnAfter(opens.leftMs, 0)
  const view: AccessView = {
    brand: brandHere(visit, rows),
    ...{ state, kind, rows, code: visit.code, problem: shown.problem, reason: shown.reason },
    address: visit.exchange.client.text,
    // The answer to a form is not loaded again by the script: browsers would ask whether to send it once more.
    hours:
      told === null
        ? null
        : { ...told, backMs: state === 'ask' && shown.problem === null ? returnAfterMs : null },
    token: formToken(visit.token),
    here: addressOf(visit),
    askMore: addressOf(visit, { ask: 'more' }),
    emergency:
      emergencyPlaces(directory, question, at).length === 0
        ? null
        : addressOf(visit, { emergency: '1' }, secondFactorPath),
    emergencyUntil: emergencyEnd(directory, visit.session.record.user, at),
    changes: addressOf(visit, { wait: '1' }),
  }
  return stepPage(
    shown.problem === null ? 200 : 422,
    accessPage(view),
    'same-origin',
    refreshOf(state, returnAfterMs),
  )
}

/** What somebody sees who may ask for access, or waits for it. */
export async function showRequests(
  visit: Visit,
  question: Question,
  kind: AskKind,
  shown: Shown = nothingWrong,
): Promise<WholeResponse> {
  const standings = await standingsOf(visit, kind)
  if (standings === null)
    return again(
      answerFailure(visit.exchange, {
        ...away,
        ...failureTexts.requestsUnknown,
      }),
    )
  return pageOf(visit, question, kind, standings, shown)
}

/** What somebody sees who was approved after their sign-in had run out. */
export async function showApproved(visit: Visit, question: Question): Promise<WholeResponse> {
  const standings = (await standingsOf(visit, 'ip')) ?? { standings: [], refused: null }
  return pageOf(visit, question, 'ip', standings, { ...nothingWrong, again: true })
}

/** Takes requests back as the form says, and leads back to the page. */
export async function withdrawAccess(visit: Visit, wished: readonly string[]): Promise<WholeResponse> {
  const { parts, exchange, session } = visit
  const kind = askableKind(parts.directory, heldQuestion(visit), parts.clock.now())
  const own = new Set(parts.directory.practicesOf(session.record.user))
  const practices = wished.filter((practice) => own.has(practice))
  // Granted in the meantime: the page itself says so.
  if (kind === null || practices.length === 0 || parts.controlPlane === null)
    return seeOther(addressOf(visit))
  try {
    const { tokenHash } = session
    await parts.controlPlane.withdrawAccess({ tokenHash, kind, address: exchange.client.text, practices })
    return seeOther(addressOf(visit))
  } catch (error) {
    parts.log.warn({ error, session: session.record.id }, 'a request for access could not be taken back')
    return answerFailure(exchange, away)
  }
}

/** Asks for access as the form says, and leads back to the page; the form again where something is wrong with it. */
export async function askAccess(
  visit: Visit,
  question: Question,
  form: Extract<AccessForm, { does: 'ask' }>,
): Promise<WholeResponse> {
  const { parts, exchange, session } = visit
  const kind = askableKind(parts.directory, question, parts.clock.now())
  // Granted in the meantime, or beyond asking: the page itself says so.
  if (kind === null || parts.controlPlane === null) return seeOther(addressOf(visit))
  const { reason } = form
  if (form.problem !== null)
    return showRequests(visit, question, kind, { problem: form.problem, reason, again: false })
  const own = new Set(parts.directory.practicesOf(session.record.user))
  const practices = form.practices.filter((practice) => own.has(practice))
  if (practices.length === 0) return answerFailure(exchange, notOurs)
  try {
    const { tokenHash } = session
    const address = exchange.client.text
    const asked = await parts.controlPlane.askAccess({ tokenHash, kind, address, practices, reason })
    if (asked.refused === null) return seeOther(addressOf(visit))
    return pageOf(visit, question, kind, asked, { problem: asked.refused, reason, again: false })
  } catch (error) {
    parts.log.warn({ error, session: session.record.id }, 'a request for access could not be sent')
    return answerFailure(exchange, away)
  }
}
