/**
 * A control in words: its name, what its modes mean, whom it concerns, who is signed in and would be refused.
 *
 * It changes nothing (`control-review.tsx` does). Invariant: who would be refused, or has no second factor, is said by
 * name; where nothing is known of that, nothing is said.
 */
import { Icon } from '../parts/icons.tsx'
import type { General, Mode } from '../queries.ts'
import { lengthText } from '../times.ts'

/** The controls that can be switched, as General Settings names them. */
export type Control = keyof General['controls']

/** The controls as people read them. */
export const controlNames: Readonly<Record<Control, string>> = {
  ip: 'IP allowlist',
  time: 'Time windows',
  twoFactor: 'Two-factor',
  permission: 'Permission control',
}

const notLookedAt = (what: string, enforce: string): Readonly<Record<Mode, string>> => ({
  off: `${what} are not looked at.`,
  monitor: 'Everyone gets in; who would be refused is recorded.',
  enforce,
})

/** What each mode of a control means, a sentence each. */
export const meanings: Readonly<Record<Control, Readonly<Record<Mode, string>>>> = {
  ip: notLookedAt('Addresses', 'From an address that is not listed, nobody in scope gets in.'),
  time: notLookedAt('Hours', 'Outside their approved hours, nobody in scope gets in.'),
  twoFactor: notLookedAt('Second factors', 'Without a second factor, nobody in scope gets in.'),
  permission: notLookedAt('Roles', 'A page whose permission the role lacks is refused.'),
}

/** "1 person", "4 people". */
export const people = (count: number): string => (count === 1 ? '1 person' : `${count} people`)
/** "1 window", "2 windows". */
export const counted = (count: number, one: string, many: string): string =>
  count === 1 ? `1 ${one}` : `${count} ${many}`

type Refused = { readonly user: string; readonly name: string; readonly address?: string }

/** Who is signed in and would be refused under `enforce`; nothing is known of the other controls. */
const refusedOf = (general: General, control: Control): readonly Refused[] | null =>
  control === 'ip' || control === 'time' ? general.controls[control].wouldRefuse : null

/** Whom a scoped control concerns, and how much it has to go by, in one line. */
export function ControlSummary({
  general,
  control,
}: {
  readonly general: General
  readonly control: Control
}) {
  if (control === 'permission') return null
  const { ip, time, twoFactor } = general.controls
  const { inScope, mode } = general.controls[control]
  const refused = refusedOf(general, control) ?? []
  return (
    <p className="gh-summary gh-numbers">
      <span>{people(inScope.count)} in scope</span>
      {control === 'ip' && <span>{counted(ip.entries, 'entry', 'entries')}</span>}
      {control === 'time' && <span>{counted(time.windows, 'window', 'windows')}</span>}
      {control === 'twoFactor' && twoFactor.notSetUp.length > 0 && (
        <span className="gh-warn-text">{people(twoFactor.notSetUp.length)} without one</span>
      )}
      {refused.length > 0 && mode !== 'enforce' && (
        <span className="gh-warn-text">{people(refused.length)} signed in now would be refused</span>
      )}
    </p>
  )
}

/** Who has to have a second factor and has none, by name, and what becomes of them. */
export function NotSetUp(props: {
  readonly people: readonly { readonly user: string; readonly name: string }[]
  readonly graceMs: number
  readonly mode: Mode
}) {
  const { people, graceMs, mode } = props
  if (people.length === 0)
    return (
      <p className="gh-answer gh-tone-good">
        <Icon name="check" />
        <span>Everyone in scope has set a second factor up.</span>
      </p>
    )
  const start = people.length === 1 ? 'One person' : `${people.length} people`
  return (
    <div className="gh-answer gh-tone-warn">
      <Icon name="warning" />
      <div>
        <p>{start} in scope, with no second factor set up:</p>
        <p className="gh-strong">{people.map(({ name }) => name).join(', ')}</p>
        {mode === 'enforce' && (
          <p>
            {graceMs === 0
              ? 'They have to set one up before they get any further.'
              : `They get in without for ${lengthText(graceMs)}; after that they have to set one up before they get in.`}{' '}
            Where the IP allowlist is in use, that can be done from a listed network only.
          </p>
        )}
      </div>
    </div>
  )
}
