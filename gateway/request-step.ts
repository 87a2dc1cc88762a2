/**
 * The page of somebody who may ask for access: the form, where their requests stand, and the wait for an answer.
 *
 * It asks and shows; it releases nothing. Who comes to it with a held sign-in, and who is signed in already, differ only by
 * their `Asking` (the second is `signed-in-requests.ts`'s). Invariant: requests are judged by the control plane, and its word
 * alone opens nothing: whoever waits is judged anew each time the page is asked for.
 */
import type { PracticeId } from '../policies/access-request.ts'
import type { Instant } from '../policies/instant.ts'
import type { AccessStandings } from '../runtime/internal.ts'
import { type AccessView, accessPage } from '../runtime/pages/access-page.ts'
import { failureTexts } from '../runtime/pages/texts-failures.ts'
import { away, notOurs } from './access-failures.ts'
import { type AccessForm, formToken } from './access-form.ts'
import { type AskKind, emergencyPlaces } from './asking.ts'
import { brandOf } from './brand.ts'
import { emergencyEnd } from './emergency-shown.ts'
import type { WholeResponse } from './exchange.ts'
import { heldQuestion } from './factor-step.ts'
import type { Question } from './questions.ts'
import { answerFailure } from './refusal.ts'
import { hoursOf, returnAfter } from './refusal-view.ts'
import { secondFactorPath } from './refusals.ts'
import { readableNear, spanText } from './shown-hours.ts'
import { addressOf, again, seeOther, stepPage, type Visit, waitSeconds } from './step-visit.ts'

/** What is asked for, by whom, and where the page of it is. */
export type Asking = {
  readonly question: Question
  readonly kind: AskKind
  /** Practices that it can be asked for in, of somebody who is in elsewhere; `null`: all of theirs, whose sign-in is held. */
  readonly only: ReadonlySet<PracticeId> | null
  /** The practice that somebody who is in came for; `null`: none by name. */
  readonly named: PracticeId | null
  /** Same-origin paths: this page, and this page with more in its query. */
  readonly here: (extra?: Readonly<Record<string, string>>) => string
  /** Their practices that are open to them now, each with its way in. */
  readonly others: AccessView['others']
}

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

/** Whether the page waits for this one: whoever came for another has the form of that. */
const isAwaited = ({ status, practice }: AccessView['rows'][number], named: PracticeId | null): boolean =>
  (status === 'pending' || status === 'approved') && (named === null || named === practice)

function rowsOf(
  { parts }: Visit,
  { only }: Pick<Asking, 'only'>,
  { standings }: AccessStandings,
): AccessView['rows'] {
  const at = parts.clock.now()
  const shown = standings.filter((one) => only === null || only.has(one.practice) || one.status === 'pending')
  return shown.map(({ practice, name, status, note, askAgainAt, takes, contact }) => {
    const mayAsk = takes && (only === null || only.has(practice))
    const later = askAgainAt !== null && askAgainAt > at ? askAgainAt : null
    const zone = parts.directory.practice(practice, at)?.snapshot.practice.zone ?? 'UTC'
    return {
      ...{ practice, name, status, note, contact },
      askAgain:
        later === null ? null : `on ${readableNear(later, zone, 'short')}, in ${spanText(later - at)}`,
      open: mayAsk && later === null && (status === 'not-requested' || status === 'rejected'),
    }
  })
}

const brandHere = (
  { exchange }: Visit,
  rows: AccessView['rows'],
  named: PracticeId | null,
): AccessView['brand'] => {
  const row = rows.length === 1 ? rows[0] : rows.find(({ practice }) => practice === named)
  return row === undefined ? null : brandOf(exchange.upstream, row.practice, row.name)
}

type Shown = { readonly problem: string | null; readonly reason: string; readonly again: boolean }

const nothingWrong: Shown = { problem: null, reason: '', again: false }

/** A waiting page asks often; a form comes back once, when the hours begin, since somebody may be typing. */
const refreshOf = (state: AccessView['state'], returnAfterMs: number | null): readonly string[] => {
  if (state !== 'ask') return ['Refresh', String(waitSeconds)]
  return returnAfterMs === null ? [] : ['Refresh', String(Math.ceil(returnAfterMs / 1_000))]
}

function pageOf(visit: Visit, asking: Asking, standings: AccessStandings, shown: Shown): WholeResponse {
  const { question, kind, here, only, named, others } = asking
  const rows = rowsOf(visit, asking, standings)
  const wantsForm = visit.query.get('ask') === 'more'
  const waits = !wantsForm && shown.problem === null && rows.some((row) => isAwaited(row, named))
  const state = shown.again ? 'again' : waits ? 'wait' : 'ask'
  const { directory, clock } = visit.parts
  const at = clock.now()
  const told = hoursOf(directory, question, at)
  const opens = told?.opens ?? null
  const returnAfterMs = opens === null ? null : returnAfter(opens.leftMs, 0)
  const view: AccessView = {
    brand: brandHere(visit, rows, named),
    ...{ state, kind, rows, others, code: visit.code, problem: shown.problem, reason: shown.reason },
    ...{ isHeld: only === null, chosen: named },
    address: visit.exchange.client.text,
    // The answer to a form is not loaded again by the script: browsers would ask whether to send it once more.
    hours:
      told === null
        ? null
        : { ...told, backMs: state === 'ask' && shown.problem === null ? returnAfterMs : null },
    token: formToken(visit.token),
    here: here(),
    askMore: here({ ask: 'more' }),
    emergency: emergencyOf(visit, asking, at),
    emergencyUntil: emergencyEnd(directory, visit.session.record.user, at),
    changes: here({ wait: '1' }),
  }
  const status = shown.problem === null ? 200 : 422
  return stepPage(status, accessPage(view), 'same-origin', refreshOf(state, returnAfterMs))
}

/** Emergency access is for what they came from: somebody who is in has to have come from somewhere. */
function emergencyOf(visit: Visit, { question, only }: Asking, at: Instant): string | null {
  if (only !== null && visit.to === null) return null
  return emergencyPlaces(visit.parts.directory, question, at).length === 0
    ? null
    : addressOf(visit, { emergency: '1' }, secondFactorPath)
}

/** What somebody sees who may ask for access, or waits for it. */
export async function showRequests(
  visit: Visit,
  asking: Asking,
  shown: Shown = nothingWrong,
): Promise<WholeResponse> {
  const standings = await standingsOf(visit, asking.kind)
  if (standings === null)
    return again(answerFailure(visit.exchange, { ...away, ...failureTexts.requestsUnknown }))
  return pageOf(visit, asking, standings, shown)
}

/** What whoever waits with a held sign-in asks for: one control, in whichever of their practices. */
export const heldAsking = (visit: Visit, kind: AskKind): Asking => ({
  ...{ question: heldQuestion(visit), kind, only: null, named: null, others: [] },
  here: (extra) => addressOf(visit, extra),
})

/** What somebody sees who was approved after their sign-in had run out. */
export async function showApproved(visit: Visit): Promise<WholeResponse> {
  const standings = (await standingsOf(visit, 'ip')) ?? { standings: [], refused: null }
  return pageOf(visit, heldAsking(visit, 'ip'), standings, { ...nothingWrong, again: true })
}

const ownOf = ({ parts, session }: Visit, wished: readonly string[]): string[] => {
  const own = new Set(parts.directory.practicesOf(session.record.user))
  return wished.filter((practice) => own.has(practice))
}

/** Takes requests back as the form says, and leads back to the page. `asking: null`: there is nothing to ask for any more. */
export async function withdrawAccess(
  visit: Visit,
  asking: Asking | null,
  wished: readonly string[],
): Promise<WholeResponse> {
  const { parts, exchange, session } = visit
  const practices = ownOf(visit, wished)
  // Granted in the meantime: the page itself says so.
  if (asking === null || practices.length === 0 || parts.controlPlane === null)
    return seeOther(asking?.here() ?? addressOf(visit))
  try {
    const { tokenHash } = session
    const { kind } = asking
    await parts.controlPlane.withdrawAccess({ tokenHash, kind, address: exchange.client.text, practices })
    return seeOther(asking.here())
  } catch (error) {
    parts.log.warn({ error, session: session.record.id }, 'a request for access could not be taken back')
    return answerFailure(exchange, away)
  }
}

/**
 * Asks for access as the form says, and leads back to the page; the form again where something is wrong with it.
 * `asking: null`: there is nothing to ask for any more.
 */
export async function askAccess(
  visit: Visit,
  asking: Asking | null,
  form: Extract<AccessForm, { does: 'ask' }>,
): Promise<WholeResponse> {
  const { parts, exchange, session } = visit
  // Granted in the meantime, or beyond asking: the page itself says so.
  if (asking === null || parts.controlPlane === null) return seeOther(asking?.here() ?? addressOf(visit))
  const { reason } = form
  const { kind, only } = asking
  if (form.problem !== null)
    return showRequests(visit, asking, { problem: form.problem, reason, again: false })
  const practices = ownOf(visit, form.practices).filter((practice) => only === null || only.has(practice))
  if (practices.length === 0) return answerFailure(exchange, notOurs)
  try {
    const { tokenHash } = session
    const address = exchange.client.text
    const asked = await parts.controlPlane.askAccess({ tokenHash, kind, address, practices, reason })
    if (asked.refused === null) return seeOther(asking.here())
    return pageOf(visit, asking, asked, { problem: asked.refused, reason, again: false })
  } catch (error) {
    parts.log.warn({ error, session: session.record.id }, 'a request for access could not be sent')
    return answerFailure(exchange, away)
  }
}
