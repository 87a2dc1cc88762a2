/**
 * A recorded question put to policies again: what `decide` answers, every control that refuses, what would cure it.
 *
 * Pure: it reads no row and no clock (`replay.ts` does), and has no rule of its own: the walks are `decideRoutes` and
 * `explain`. Invariant: what is asked is what was recorded or, for "now", what is stored now; nothing is filled in to
 * make an answer come out. Keeping the sentences with the refusal was refused: nobody could check them.
 */
import type { Member, PracticeId, Session } from '../policies/access-request.ts'
import { bindingOf, parseAddress, rangeText } from '../policies/address.ts'
import { compile } from '../policies/compile.ts'
import type { Asked } from '../policies/decide.ts'
import { decideRoutes } from '../policies/decide-routes.ts'
import type { Control, Decision, Reason } from '../policies/decision.ts'
import { type Explanation, explain } from '../policies/explain.ts'
import type { Instant } from '../policies/instant.ts'
import type { Remedy } from '../policies/remedies.ts'
import { loadSnapshot, type PolicySnapshot } from '../policies/snapshot.ts'
import type { RecordedQuestion } from '../runtime/records.ts'

/** A control that refuses. `monitored`: it would, were it enforced. `practice: null`: no policy was asked. */
export type Failing = {
  readonly practice: PracticeId | null
  readonly control: Control | null
  readonly reason: string
  readonly monitored: boolean
  readonly sentence: string
}

/** A part of the smallest change that would allow, and who can make it. */
export type Cure = {
  readonly practice: PracticeId | null
  readonly by: Remedy['by']
  readonly sentence: string
}

/** What the policies answered. `cures`: all of them together allow; empty for a permit. */
export type Finding = {
  readonly decision: Decision
  readonly failing: readonly Failing[]
  readonly cures: readonly Cure[]
}

/** One practice's say: its policy, and the person as that practice sees them. */
export type Say = { readonly snapshot: PolicySnapshot; readonly session: Session }

/** The session half of a recorded question. */
export type RecordedSession = NonNullable<RecordedQuestion['session']>
/** One practice of a recorded question. */
export type RecordedPractice = RecordedQuestion['practices'][number]

/** The policy of a stored document as it was compiled at `at`; a sentence where this build cannot compile it. */
export function snapshotOf(
  stored: { readonly document: unknown; readonly revision: number },
  question: RecordedQuestion,
  at: Instant,
): PolicySnapshot | string {
  const compiled = compile(stored.document, at, process.versions.tz)
  if (!compiled.ok) return compiled.problems[0]?.sentence ?? 'it does not compile'
  return loadSnapshot(
    compiled.value,
    stored.revision,
    new Map(question.routes.map((route) => [route.id, route])),
  )
}

/** The recorded person as one practice saw them. Name and address of theirs decide nothing, so none was recorded. */
export const recordedSession = (
  session: RecordedSession,
  { epoch, deviceTrustedUntil, member }: RecordedPractice,
  user: { readonly id: string; readonly name: string },
): Session => ({
  kind: 'session',
  id: 'replayed',
  user: user.id,
  ...session,
  epoch,
  deviceTrustedUntil,
  member: member === null ? null : { ...member, user: user.id, name: user.name, login: '', email: null },
})

/** The same person as if they signed in at `at` from `address`, with a password alone. */
export const freshSession = (user: string, member: Member | null, address: string, at: Instant): Session => {
  const parsed = parseAddress(address)
  return {
    kind: 'session',
    id: 'fresh',
    user,
    member,
    epoch: member?.epoch ?? 0,
    held: false,
    ended: false,
    startedAt: at,
    lastSeenAt: at,
    factor: null,
    deviceTrustedUntil: null,
    boundTo: parsed === null ? null : rangeText(bindingOf(parsed)),
  }
}

type Told = { readonly practice: PracticeId; readonly explanation: Explanation }

const uniqueBy = <T>(items: readonly T[], name: (item: T) => string): readonly T[] =>
  [...new Map(items.map((item) => [name(item), item] as const).reverse()).values()].reverse()

/** The first refusal of each control, enforced and monitored, in gate order. */
function failingOf({ practice, explanation }: Told): readonly Failing[] {
  const seen = new Set<Control>()
  return explanation.gates.flatMap(({ control, mode, reason, sentence }) => {
    if (reason === 'ok' || mode === 'off' || seen.has(control)) return []
    seen.add(control)
    return [{ practice, control, reason, monitored: mode === 'monitor', sentence }]
  })
}

const curesOf = ({ practice, explanation }: Told): readonly Cure[] =>
  explanation.remedies.map(({ by, sentence }) => ({ practice, by, sentence }))

const once = (cures: readonly Cure[]): readonly Cure[] =>
  uniqueBy(cures, ({ practice, sentence }) => `${practice} ${sentence}`)

/** Where one practice suffices, the one that lacks least; else everything that is missing anywhere. */
function smallest(told: readonly Told[], picking: boolean): readonly Cure[] {
  const all = once(told.flatMap(curesOf))
  if (!picking) return all
  const practices = [...new Set(told.map(({ practice }) => practice))]
  const byPractice = practices.map((practice) => all.filter((cure) => cure.practice === practice))
  return byPractice.reduce((least, cures) => (cures.length < least.length ? cures : least), all)
}

/** Asks every practice's policy about every route of the question at `at`. At least one say, at least one route. */
export function askAgain(
  question: RecordedQuestion,
  says: readonly Say[],
  place: { readonly method: string; readonly address: string },
  at: Instant,
): Finding | null {
  const address = parseAddress(place.address)
  if (address === null || says.length === 0 || question.routes.length === 0) return null
  const asked: readonly (readonly Asked[])[] = question.routes.map(({ id }) =>
    says.map(({ snapshot, session }) => ({
      snapshot,
      request: {
        method: place.method,
        route: id,
        address,
        practice: snapshot.practice.id,
        subject: session,
      },
    })),
  )
  const decision = decideRoutes(asked, question.picking, at)
  const told = asked.flat().map(({ snapshot, request }) => ({
    practice: snapshot.practice.id,
    explanation: explain(snapshot, request, at),
  }))
  return {
    decision,
    failing: uniqueBy(
      told.flatMap(failingOf),
      ({ practice, reason, sentence }) => `${practice} ${reason} ${sentence}`,
    ),
    cures: decision.verdict === 'permit' ? [] : smallest(told, question.picking),
  }
}

const plainCures: Readonly<Partial<Record<Reason, Omit<Cure, 'practice'>>>> = {
  'identity-unavailable': {
    by: 'operator',
    sentence: 'Try again shortly; if it lasts, the application or the directory is unreachable.',
  },
  'not-signed-in': { by: 'user', sentence: 'Sign in.' },
  'not-a-member': { by: 'admin', sentence: 'Add this person to a practice, or let the directory know them.' },
  'practice-retired': {
    by: 'operator',
    sentence: 'Reinstate the practice, or take its hosts out of the configuration.',
  },
  'practice-unknown': {
    by: 'operator',
    sentence: 'Add the practice, or wait until the gateway has heard of it.',
  },
}

/** What would cure a refusal that no policy was asked about; empty: signing in again. */
export const plainCure = (reason: Reason): Cure => ({
  practice: null,
  ...(plainCures[reason] ?? { by: 'user', sentence: 'Sign in again.' }),
})
