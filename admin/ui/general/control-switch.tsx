/**
 * The switch of a control with what it would mean: who is in scope, who would be refused now, and a review before it
 * is applied.
 *
 * For the IP allowlist and the permission control; the scope itself is shown, not edited. Invariant: the control is
 * saved whole, from the revision shown in the review; nothing is applied without one.
 */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { followSave } from '../parts/follow-save.tsx'
import { Icon } from '../parts/icons.tsx'
import { ModeChoice } from '../parts/mode-choice.tsx'
import type { Extra } from '../parts/saving.ts'
import { Failed, Loading } from '../parts/states.tsx'
import { modeNames, modeTones, Tag } from '../parts/tag.tsx'
import { usePractice } from '../practice.ts'
import { type General, generalQuery, type Mode, topicKey } from '../queries.ts'

type Control = 'ip' | 'permission'

const names: Readonly<Record<Control, string>> = { ip: 'IP allowlist', permission: 'Permission control' }

const meanings: Readonly<Record<Control, Readonly<Record<Mode, string>>>> = {
  ip: {
    off: 'Addresses are not looked at.',
    monitor: 'Everyone gets in; who would be refused is recorded.',
    enforce: 'From an address that is not listed, nobody in scope gets in.',
  },
  permission: {
    off: 'Roles are not looked at.',
    monitor: 'Everyone gets in; who would be refused is recorded.',
    enforce: 'A page whose permission the role lacks is refused.',
  },
}

const people = (count: number): string => (count === 1 ? '1 person' : `${count} people`)

function WouldRefuse({ general }: { readonly general: General }) {
  const { wouldRefuse } = general.controls.ip
  if (wouldRefuse.length === 0)
    return (
      <p className="gh-answer gh-tone-good">
        <Icon name="check" />
        <span>Nobody who is signed in now would be refused.</span>
      </p>
    )
  return (
    <div className="gh-answer gh-tone-warn">
      <Icon name="warning" />
      <div>
        <p>
          Signed in now from an address that is not listed;{' '}
          {wouldRefuse.length === 1 ? 'this person' : 'these'} would be refused:
        </p>
        <ul className="gh-plain-list">
          {wouldRefuse.map((person) => (
            <li key={`${person.user} ${person.address}`}>
              <strong>{person.name}</strong> <code>{person.address}</code>
            </li>
          ))}
        </ul>
      </div>
    </div>
  )
}

function Summary({ general }: { readonly general: General }) {
  const { inScope, entries, wouldRefuse, mode } = general.controls.ip
  return (
    <p className="gh-summary gh-numbers">
      <span>{people(inScope.count)} in scope</span>
      <span>{entries === 1 ? '1 entry' : `${entries} entries`}</span>
      {wouldRefuse.length > 0 && mode !== 'enforce' && (
        <span className="gh-warn-text">{people(wouldRefuse.length)} signed in now would be refused</span>
      )}
    </p>
  )
}

function useModeSave(control: Control, general: General | undefined) {
  const practice = usePractice()
  const client = useQueryClient()
  const routes = api.practices[':practice'].controls
  return async (mode: Mode, extra: Extra) => {
    if (general === undefined) return
    const target = { param: { practice: practice.id }, header: { 'if-match': `"${general.revision}"` } }
    const { ip, permission } = general.controls
    const { scope, signInOnlyFromListed } = ip
    const { hiddenBlockers } = permission
    const { sequence } = await parseResponse(
      control === 'ip'
        ? routes.ip.$put({ ...target, json: { mode, scope, signInOnlyFromListed, ...extra } })
        : routes.permission.$put({ ...target, json: { mode, hiddenBlockers, ...extra } }),
    )
    followSave(`${names[control]}: ${modeNames[mode]}`, sequence)
    await client.invalidateQueries({ queryKey: topicKey(practice.id) })
  }
}

function Review(props: {
  readonly control: Control
  readonly general: General
  readonly to: Mode
  readonly reload: () => unknown
  readonly onClose: () => void
}) {
  const { control, general, to } = props
  const save = useModeSave(control, general)
  const practice = usePractice()
  const from = general.controls[control].mode
  return (
    <ConfirmDialog
      key={`${control} ${to}`}
      title={`Review: ${names[control]}`}
      act="Apply"
      save={(extra) => save(to, extra)}
      reload={() => void props.reload()}
      onClose={props.onClose}
    >
      <p className="gh-from-to">
        <Tag tone={modeTones[from]}>{modeNames[from]}</Tag>
        <span aria-hidden="true">→</span>
        <span className="gh-unseen">becomes</span>
        <Tag tone={modeTones[to]}>{modeNames[to]}</Tag>
        <span>for {practice.name}</span>
      </p>
      <p>{meanings[control][to]}</p>
      {control === 'ip' && (
        <>
          <Summary general={general} />
          {to !== 'off' && <WouldRefuse general={general} />}
          {to !== 'off' && !practice.address.listed && (
            <p className="gh-answer gh-tone-warn">
              <Icon name="warning" />
              <span>Your own address is not listed for the whole practice.</span>
            </p>
          )}
        </>
      )}
    </ConfirmDialog>
  )
}

/** The switch. */
export function ControlSwitch({ control }: { readonly control: Control }) {
  const practice = usePractice()
  const general = useQuery(generalQuery(practice.id))
  const [wanted, setWanted] = useState<Mode | null>(null)
  if (general.isPending) return <Loading rows={2} label={`Loading the ${names[control]}`} />
  if (general.isError) return <Failed error={general.error} again={general.refetch} />
  const mayEdit = practice.may('gw.security.settings.edit')
  return (
    <section className="gh-card" aria-labelledby={`${control}-title`}>
      <div className="gh-card-head">
        <h2 id={`${control}-title`}>{names[control]}</h2>
        {control === 'ip' && <Summary general={general.data} />}
      </div>
      <ModeChoice
        label={`${names[control]} mode`}
        mode={general.data.controls[control].mode}
        meanings={meanings[control]}
        isDisabled={!mayEdit}
        onChoose={setWanted}
      />
      {!mayEdit && (
        <p className="gh-faint gh-card-foot">Changing this needs the permission gw.security.settings.edit.</p>
      )}
      {wanted !== null && (
        <Review
          control={control}
          general={general.data}
          to={wanted}
          reload={general.refetch}
          onClose={() => setWanted(null)}
        />
      )}
    </section>
  )
}
