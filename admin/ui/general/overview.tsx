/**
 * The practice's controls at a glance: mode, whom each concerns, and who would be refused this minute, by name.
 *
 * It changes nothing. Invariant: a scope is told in names, so that nobody has to guess whom a control concerns; where
 * nothing can be said about refusals, that is said.
 */
import { scopeSentence } from '../parts/scope-words.ts'
import { modeNames, modeTones, Tag } from '../parts/tag.tsx'
import { usePractice } from '../practice.ts'
import type { General } from '../queries.ts'
import { peopleText } from '../review/impact-view.tsx'
import { type Control, controlNames } from './control-summary.tsx'
import { useNames } from './section-saving.tsx'
import type { Names } from './sections.ts'

type Named = { readonly user: string; readonly name: string; readonly address?: string }
type ScopedName = Exclude<Control, 'permission'>

const shownMax = 3

function PeopleNamed(props: {
  readonly count: number
  readonly people: readonly Named[]
  readonly tone?: string
}) {
  const { count, people, tone = '' } = props
  const rest = count - people.length
  const told = people.map(({ name, address }) => (address === undefined ? name : `${name} (${address})`))
  if (count <= shownMax) return <span className={tone}>{told.join(', ')}</span>
  return (
    <details className="gh-details">
      <summary className={tone}>{peopleText(count)}</summary>
      <p>
        {told.join(', ')}
        {rest > 0 && ` and ${rest} more`}
      </p>
    </details>
  )
}

/** Who is stopped, or would be under `enforce`, as of now. */
function RefusedNow({ general, control }: { readonly general: General; readonly control: ScopedName }) {
  const { ip, time, twoFactor } = general.controls
  const isEnforced = general.controls[control].mode === 'enforce'
  if (control === 'twoFactor') {
    const people = twoFactor.notSetUp
    if (people.length === 0) return <span className="gh-faint">everyone has one set up</span>
    return (
      <>
        <PeopleNamed count={people.length} people={people} tone="gh-warn-text" />
        <span className="gh-sub">{isEnforced ? 'have none set up' : 'would have to set one up'}</span>
      </>
    )
  }
  const people: readonly Named[] = control === 'ip' ? ip.wouldRefuse : time.wouldRefuse
  const users = new Set(people.map(({ user }) => user)).size
  if (users === 0) return <span className="gh-faint">nobody who is signed in</span>
  return (
    <>
      <PeopleNamed count={people.length} people={people} tone="gh-warn-text" />
      <span className="gh-sub">signed in now{isEnforced ? '' : ', would be refused'}</span>
    </>
  )
}

function Row(props: { readonly general: General; readonly control: ScopedName; readonly names: Names }) {
  const { general, control, names } = props
  const { mode, scope, inScope } = general.controls[control]
  const people = names.people.map(({ user, name }) => ({ id: user, name }))
  return (
    <tr>
      <th scope="row" data-label="Control">
        <a href={`#${control}`}>{controlNames[control]}</a>
      </th>
      <td data-label="Mode">
        <Tag tone={modeTones[mode]}>{modeNames[mode]}</Tag>
      </td>
      <td data-label="Scope">{scopeSentence(scope, names.roles, people)}</td>
      <td data-label="In scope">
        {inScope.count === 0 ? (
          <span className="gh-faint">nobody</span>
        ) : (
          <PeopleNamed count={inScope.count} people={inScope.people} />
        )}
      </td>
      <td data-label="Refused now">
        <RefusedNow general={general} control={control} />
      </td>
    </tr>
  )
}

/** The table. */
export function Overview({ general }: { readonly general: General }) {
  const { zone } = usePractice()
  const names = useNames(general)
  const { permission } = general.controls
  return (
    <section className="gh-card" id="overview" aria-labelledby="overview-title">
      <div className="gh-card-head">
        <h2 id="overview-title">Who is in scope</h2>
        <p className="gh-summary gh-numbers">
          <span>Revision {general.revision}</span>
          <span>{zone}</span>
        </p>
      </div>
      <table className="gh-table">
        <caption className="gh-unseen">
          Controls, their modes and scopes, and who would be refused now
        </caption>
        <thead>
          <tr>
            <th scope="col">Control</th>
            <th scope="col">Mode</th>
            <th scope="col">Scope</th>
            <th scope="col">In scope</th>
            <th scope="col">Would be refused now</th>
          </tr>
        </thead>
        <tbody>
          <Row general={general} control="ip" names={names} />
          <Row general={general} control="time" names={names} />
          <Row general={general} control="twoFactor" names={names} />
          <tr>
            <th scope="row" data-label="Control">
              <a href="#permission">{controlNames.permission}</a>
            </th>
            <td data-label="Mode">
              <Tag tone={modeTones[permission.mode]}>{modeNames[permission.mode]}</Tag>
            </td>
            <td data-label="Scope">Everyone, by their roles</td>
            <td data-label="In scope">everyone</td>
            <td data-label="Refused now">
              <span className="gh-faint">depends on the page</span>
            </td>
          </tr>
        </tbody>
      </table>
    </section>
  )
}
