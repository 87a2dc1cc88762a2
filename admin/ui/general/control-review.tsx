/**
 * The review of a control before it is saved: from which mode to which, whom it concerns, who would be refused now.
 *
 * The switch itself is `control-switch.tsx`. Invariant: the control is saved whole, mode, scope and rules, from the
 * revision shown here; what is not touched stays as it is.
 */
import { useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { ConfirmationAhead } from '../parts/confirmation-ahead.tsx'
import { followSave } from '../parts/follow-save.tsx'
import { Icon } from '../parts/icons.tsx'
import type { Extra } from '../parts/saving.ts'
import { type Scope, ScopeField } from '../parts/scope-field.tsx'
import { modeNames, modeTones, Tag } from '../parts/tag.tsx'
import { usePractice } from '../practice.ts'
import { type General, type Mode, topicKey } from '../queries.ts'
import {
  type Control,
  ControlSummary,
  controlNames,
  meanings,
  NotSetUp,
  WouldRefuse,
} from './control-summary.tsx'
import { type FactorRules, FactorRulesFields, rulesOf } from './factor-rules.tsx'

type Wish = { readonly mode: Mode; readonly scope: Scope; readonly rules: FactorRules }

function useControlSave(control: Control, general: General) {
  const practice = usePractice()
  const client = useQueryClient()
  const routes = api.practices[':practice'].controls
  const { ip, permission } = general.controls
  return async ({ mode, scope, rules }: Wish, extra: Extra) => {
    const target = { param: { practice: practice.id }, header: { 'if-match': `"${general.revision}"` } }
    const json = { mode, scope, ...extra }
    const send = {
      ip: () =>
        routes.ip.$put({ ...target, json: { ...json, signInOnlyFromListed: ip.signInOnlyFromListed } }),
      time: () => routes.time.$put({ ...target, json }),
      twoFactor: () => routes['two-factor'].$put({ ...target, json: { ...json, ...rules } }),
      permission: () =>
        routes.permission.$put({
          ...target,
          json: { mode, hiddenBlockers: permission.hiddenBlockers, ...extra },
        }),
    }
    const { sequence } = await parseResponse(send[control]())
    followSave(`${controlNames[control]}: ${modeNames[mode]}`, sequence)
    await client.invalidateQueries({ queryKey: topicKey(practice.id) })
  }
}

const everyone: Scope = { include: 'everyone', exempt: { roles: [], users: [] } }

/** What the change means for people, as far as it is known before it is saved. */
function Consequences(props: {
  readonly control: Control
  readonly general: General
  readonly to: Mode
  readonly isSameScope: boolean
  readonly graceMs: number
}) {
  const { control, general, to } = props
  const { address } = usePractice()
  return (
    <>
      {props.isSameScope ? (
        <>
          <ControlSummary general={general} control={control} />
          {to !== 'off' && <WouldRefuse general={general} control={control} />}
          {to !== 'off' && control === 'twoFactor' && (
            <NotSetUp people={general.controls.twoFactor.notSetUp} graceMs={props.graceMs} mode={to} />
          )}
        </>
      ) : (
        <p className="gh-faint">
          Whom the new scope would refuse is shown once it is saved: try Monitor first.
        </p>
      )}
      {to === 'enforce' && <ConfirmationAhead />}
      {control === 'ip' && to !== 'off' && !address.listed && (
        <p className="gh-answer gh-tone-warn">
          <Icon name="warning" />
          <span>Your own address is not listed for the whole practice.</span>
        </p>
      )}
    </>
  )
}

/** The review; draw it while it is open, with a key for what it is about. */
export function ControlReview(props: {
  readonly control: Control
  readonly general: General
  readonly to: Mode
  readonly reload: () => unknown
  readonly onClose: () => void
}) {
  const { control, general, to } = props
  const save = useControlSave(control, general)
  const practice = usePractice()
  const from = general.controls[control].mode
  const saved = control === 'permission' ? everyone : general.controls[control].scope
  const [scope, setScope] = useState<Scope>(saved)
  const [rules, setRules] = useState<FactorRules>(rulesOf(general.controls))
  const isSameScope = JSON.stringify(scope) === JSON.stringify(saved)
  return (
    <ConfirmDialog
      title={`Review: ${controlNames[control]}`}
      act="Apply"
      save={(extra) => save({ mode: to, scope, rules }, extra)}
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
      {control !== 'permission' && (
        <ScopeField
          label={control === 'twoFactor' ? 'Required for' : 'Scope'}
          description="Whom the control concerns."
          scope={scope}
          named={general.named}
          set={setScope}
        />
      )}
      {control === 'twoFactor' && <FactorRulesFields rules={rules} set={setRules} />}
      <Consequences
        control={control}
        general={general}
        to={to}
        isSameScope={isSameScope}
        graceMs={rules.graceMs}
      />
    </ConfirmDialog>
  )
}
