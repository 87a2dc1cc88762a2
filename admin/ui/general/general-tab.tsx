/**
 * General settings: the practice's controls, their modes, and who is in scope of each.
 *
 * Entries, windows, roles and people have tabs of their own.
 * Invariant: a scope is told in names, so that nobody has to guess whom a control concerns.
 */
import { useQuery } from '@tanstack/react-query'
import { Failed, Loading } from '../parts/states.tsx'
import { modeNames, modeTones, Tag } from '../parts/tag.tsx'
import { usePractice } from '../practice.ts'
import { type General, generalQuery } from '../queries.ts'
import { ControlSwitch } from './control-switch.tsx'
import { PresetsCard } from './presets-card.tsx'

type Scoped = General['controls']['ip' | 'time' | 'twoFactor']

function scopeSentence({ include, exempt }: Scoped['scope']): string {
  const counted = (roles: readonly string[], users: readonly string[]): string =>
    [
      ...(roles.length > 0 ? [`the ${roles.length === 1 ? 'role' : 'roles'} ${roles.join(', ')}`] : []),
      ...(users.length > 0 ? [`${users.length} named ${users.length === 1 ? 'person' : 'people'}`] : []),
    ].join(' and ')
  const concerned = include === 'everyone' ? 'Everyone' : counted(include.roles, include.users) || 'Nobody'
  const spared = counted(exempt.roles, exempt.users)
  return `${concerned.charAt(0).toUpperCase()}${concerned.slice(1)}${spared === '' ? '' : `, except ${spared}`}`
}

function ScopeRow({ name, control }: { readonly name: string; readonly control: Scoped }) {
  const { people, count } = control.inScope
  return (
    <tr>
      <th scope="row" data-label="Control">
        {name}
      </th>
      <td data-label="Mode">
        <Tag tone={modeTones[control.mode]}>{modeNames[control.mode]}</Tag>
      </td>
      <td data-label="Scope">{scopeSentence(control.scope)}</td>
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
  if (general.isPending) return <Loading rows={3} />
  if (general.isError) return <Failed error={general.error} again={general.refetch} />
  const { ip, time, twoFactor } = general.data.controls
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
          <ScopeRow name="IP allowlist" control={ip} />
          <ScopeRow name="Time windows" control={time} />
          <ScopeRow name="Two-factor" control={twoFactor} />
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
