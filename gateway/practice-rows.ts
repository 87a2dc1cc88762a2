/**
 * The practices of whoever asks, each with what it would say to them now, and the way there.
 *
 * Every row is what `decide` answers for that practice alone: nothing here opens anything, and a link is followed by a request
 * that is judged like any other. Invariant: only the visitor's own practices are told of, and a link is made from configuration
 * alone, never from what a request carries but the port that it came to.
 */

import type { PracticeId } from '../policies/access-request.ts'
import type { Instant } from '../policies/instant.ts'
import type { PracticeRow } from '../runtime/pages/practice-list.ts'
import { reasonTexts } from '../runtime/pages/texts.ts'
import { accessTexts, practicesTexts } from '../runtime/pages/texts-gateway.ts'
import { kindOf, mayAskSignedIn, requestsPath, takesRequests } from './asking.ts'
import type { Exchange } from './exchange.ts'
import { answer, type Directory, type Question } from './questions.ts'
import { readableNear } from './shown-hours.ts'

/** Who asks, at what. */
type Asking = {
  readonly question: Question
  readonly exchange: Exchange
  readonly at: Instant
  /** The practice whose page has its own way to ask; absent: each row has it. */
  readonly askedElsewhere?: PracticeId | null
}

const placeOf = (of: Readonly<Record<string, PracticeId>>, practice: PracticeId): string | null =>
  Object.entries(of).find(([, named]) => named === practice)?.[0] ?? null

/** Where a practice is opened: at its host, under its path, or where the application lets people choose; `null`: not known. */
export function practiceAddress({ upstream, secure, host }: Exchange, practice: PracticeId): string | null {
  const { hosts, pathPrefixes, fixed, choosingPage } = upstream.practice
  const at = placeOf(hosts, practice)
  const port = /:\d+$/.exec(host)?.[0] ?? ''
  if (at !== null) return `${secure ? 'https' : 'http'}://${at}${port}/`
  const under = placeOf(pathPrefixes, practice)
  if (under !== null) return `/${under}/`
  return fixed === practice ? '/' : choosingPage
}

function rowOf(directory: Directory, asking: Asking, practice: PracticeId): PracticeRow {
  const { question, exchange, at, askedElsewhere } = asking
  const snapshot = directory.practice(practice, at)?.snapshot ?? null
  const name = snapshot?.practice.name ?? practice
  const sources = { placed: [practice], carried: null, doubtful: false }
  const { verdict, reason, control, opensAt } = answer(directory, { ...question, sources }, at)
  const href = practiceAddress(exchange, practice)
  const contact = snapshot?.document.requests.contact ?? ''
  const kind = kindOf(reason)
  const takes = kind !== null && mayAskSignedIn(question) && takesRequests(directory, practice, kind, at)
  const ask =
    takes && practice !== askedElsewhere ? `${requestsPath}?practice=${encodeURIComponent(practice)}` : null
  const whom = contact === '' || takes ? '' : accessTexts.contact(contact)
  const row = { name, note: '', href: null, ask }
  if (verdict === 'permit') return { ...row, state: 'open', words: practicesTexts.open, href }
  if (control === 'two-factor') return { ...row, state: 'step', words: practicesTexts.step, href }
  if (control === 'time') {
    const until =
      opensAt === null || snapshot === null ? null : readableNear(opensAt, snapshot.practice.zone, 'short')
    const words = practicesTexts.closed(until)
    return { ...row, state: 'closed', words, note: until === null ? whom : '' }
  }
  if (control === 'ip') return { ...row, state: 'refused', words: practicesTexts.network, note: whom }
  return { ...row, state: 'refused', words: practicesTexts.other, note: reasonTexts[reason].why }
}

/** Every practice of theirs, those that can be opened now first. */
export function practiceRows(directory: Directory, asking: Asking): readonly PracticeRow[] {
  const rows = directory
    .practicesOf(asking.question.session.record.user)
    .map((practice) => rowOf(directory, asking, practice))
  const order = ['open', 'step', 'closed', 'refused'] as const
  return rows.toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state))
}
