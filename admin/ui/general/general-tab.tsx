/**
 * General settings: the practice's controls, their modes, and who is in scope of each.
 *
 * Entries, windows, roles and people have tabs of their own.
 * Invariant: a scope is told in names, so that nobody has to guess whom a control concerns.
 */
import { useQuery } from '@tanstack/react-query'
import { scopeSentence } from '../parts/scope-words.ts'
import { Failed, Loading } from '../parts/states.tsx'
import { modeNames, modeTones, Tag } from '../parts/tag.tsx'
import { usePractice } from '../practice.ts'
import { type General, generalQuery, rolesQuery } from '../queries.ts'
import { ControlSwitch } from './control-switch.tsx'
import { PresetsCard } from './presets-card.tsx'

type Scoped = General['controls']['ip' | 'time' | 'twoFactor']

function ScopeRow(props: { readonly name: string; readonly control: Scoped; readonly scope: string }) {
  const { name, control } = props
  const { people, count } = control.inScope
  return (
    <tr>
      <th scope="row" data-label="Control">
        {name}
      </th>
      <td data-label="Mode">
        <Tag tone={modeTones[control.mode]}>{modeNames[control.mode]}</Tag>
      </td>
      <td data-label="Scope">{props.scope}</td>
      <td data-label="In scope">
        {count === 0 ? (
          <span className="gh-faint">nobody</span>
        ) : (
          <details className="gh-details">
            <summary>{count === 1 ? '1 person' : `${count} people`}</summary>
            <p>
              {people.map(({ name }) => name).join(', ')}
              {count > people.length && ` and ${count - people.length} more`}
            </p>
          </details>
        )}
      </td>
    </tr>
  )
}

function Scopes() {
  const practice = usePractice()
  const general = useQuery(generalQuery(practice.id))
  const { data: roles } = useQuery(rolesQuery(practice.id))
  if (general.isPending) return <Loading rows={3} />
  if (general.isError) return <Failed error={general.error} again={general.refetch} />
  const { ip, time, twoFactor } = general.data.controls
  const people = general.data.named.map(({ user, name }) => ({ id: user, name }))
  const sentenceOf = ({ scope }: Scoped) => scopeSentence(scope, roles?.roles ?? [], people)
  return (
    <section className="gh-card" aria-labelledby="scopes-title">
      <div className="gh-card-head">
        <h2 id="scopes-title">Who is in scope</h2>
        <p className="gh-summary gh-numbers">
          <span>Revision {general.data.revision}</span>
          <span>{practice.zone}</span>
        </p>
      </div>
      <table className="gh-table">
        <caption className="gh-unseen">Controls, their modes and scopes</caption>
        <thead>
          <tr>
            <th scope="col">Control</th>
            <th scope="col">Mode</th>
            <th scope="col">Scope</th>
            <th scope="col">In scope</th>
          </tr>
        </thead>
        <tbody>
          <ScopeRow name="IP allowlist" control={ip} scope={sentenceOf(ip)} />
          <ScopeRow name="Time windows" control={time} scope={sentenceOf(time)} />
          <ScopeRow name="Two-factor" control={twoFactor} scope={sentenceOf(twoFactor)} />
        </tbody>
      </table>
    </section>
  )
}

/** The tab. */
export function GeneralTab() {
  return (
    <>
      <div className="gh-page-head">
        <h1>General settings</h1>
        <p>What is judged in this practice, and whom it concerns.</p>
      </div>
      <ControlSwitch control="ip" />
      <ControlSwitch control="time" />
      <ControlSwitch control="twoFactor" />
      <ControlSwitch control="permission" />
      <PresetsCard />
      <Scopes />
    </>
  )
}
