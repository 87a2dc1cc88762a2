/**
 * A replay as lines of plain English, for a terminal at three in the morning and for the admin pages.
 *
 * It works nothing out (`replay.ts` does) and keeps no order of its own: controls stand in the order in which they are
 * asked. Invariant: what only *would* have refused is never written as if it had, and a replay that does not agree
 * with the record says so above everything that it found.
 */
import type { Control } from '../policies/decision.ts'
import type { Instant } from '../policies/instant.ts'
import { momentText } from '../policies/timetable-zone.ts'
import type { Cure, Failing } from './asked-again.ts'
import type { AskedNow } from './asked-now.ts'
import { reasonWords } from './reason-words.ts'
import type { Replay } from './replay.ts'

const controlNames: Readonly<Record<Control, string>> = {
  session: 'Session',
  ip: 'IP allowlist',
  time: 'Time windows',
  'two-factor': 'Two-factor',
  permission: 'Permissions',
}

const actors: Readonly<Record<Cure['by'], string>> = {
  user: 'the person',
  admin: 'an admin',
  operator: 'an operator',
  time: 'nobody, by itself',
}

const zoneOf = ({ policies }: Replay): string => policies[0]?.zone ?? 'UTC'

const moment = (replay: Replay, at: Instant): string => {
  const zone = zoneOf(replay)
  return `${momentText(zone, at)} (${zone})`
}

/** Names a practice only where there is more than one. */
const placeOf = (replay: Replay, practice: string | null): string => {
  if (practice === null || replay.policies.length < 2) return ''
  return ` at ${replay.policies.find((policy) => policy.practice === practice)?.name ?? practice}`
}

const nameOf = (control: Control | null): string => (control === null ? 'Decision' : controlNames[control])

const failingLines = (replay: Replay, failing: readonly Failing[]): readonly string[] =>
  failing.map(({ control, practice, monitored, sentence }) => {
    const note = monitored ? ' (monitored only: it refused nothing)' : ''
    return `  - ${nameOf(control)}${placeOf(replay, practice)}${note}: ${sentence}`
  })

const cureLines = (replay: Replay, cures: readonly Cure[]): readonly string[] =>
  cures.map(({ by, practice, sentence }) => `  - by ${actors[by]}${placeOf(replay, practice)}: ${sentence}`)

const policyLines = (replay: Replay): readonly string[] =>
  replay.policies.map(({ name, revision, savedAt, savedBy, newest, zone }) => {
    const state =
      revision === newest ? 'still the current one' : `not the current one any more, which is ${newest}`
    return `Policy  ${name}, revision ${revision} (saved by ${savedBy}, ${momentText(zone, savedAt)}); ${state}`
  })

const agreementLine = ({ agreement, reason }: Replay): readonly string[] =>
  agreement === 'agrees' ? [`Replayed from the stored policy: the same answer as recorded (${reason}).`] : []

const allTogether = (cures: readonly Cure[]): string => (cures.length > 1 ? ', all of these together' : '')

const nowLines = (replay: Replay, now: AskedNow): readonly string[] => {
  const revisions = now.policies.map(({ revision }) => revision).join(', ')
  const when = `Now, ${moment(replay, now.at)}, under revision ${revisions}`
  switch (now.verdict) {
    case 'passes':
      return [`${when}, the same request would pass.`]
    case 'after-sign-in':
      return [
        `${when}, the same request would pass once the person has signed in again, or their sign-in that waits has gone on.`,
      ]
    case 'refused':
      return [
        `${when}, the same request would still be refused:`,
        ...failingLines(replay, now.failing),
        `The smallest change that would allow it now${allTogether(now.cures)}:`,
        ...cureLines(replay, now.cures),
      ]
  }
}

/** The whole story, a line each; empty lines between its parts. */
export function replayLines(replay: Replay): readonly string[] {
  const { code, user, address, method, route, upstream, gateway, at, reason, note, failing, cures, now } =
    replay
  const who = user === null ? 'nobody who is known' : `${user.name} (${user.id})`
  return [
    `${code}: refused, since ${reasonWords(reason)}.`,
    ...(note === null ? [] : [note]),
    '',
    `Who     ${who}`,
    `From    ${address}`,
    `What    ${method} on ${route === '' ? `no route of ${upstream} that is judged` : `the route “${route}”`}, through ${gateway}`,
    `When    ${moment(replay, at)}, ${new Date(at).toISOString()}`,
    ...policyLines(replay),
    '',
    'What refused:',
    ...failingLines(replay, failing),
    ...(cures.length === 0
      ? []
      : [
          '',
          `The smallest change that would have allowed it${allTogether(cures)}:`,
          ...cureLines(replay, cures),
        ]),
    ...(replay.elsewhere
      ? ['', 'Another practice of this person had a say too; its admins can see it.']
      : []),
    '',
    ...agreementLine(replay),
    ...(now === null
      ? ['Whether the same request would pass now cannot be said here.']
      : nowLines(replay, now)),
    'Repeats of the same refusal within a minute share this code; this is the first of them.',
  ]
}
