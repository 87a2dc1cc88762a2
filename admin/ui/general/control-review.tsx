/**
 * The review of a control before it is saved: from which mode to which, whom it concerns, who would be refused now.
 *
 * The switch itself is `control-switch.tsx`. Invariant: the control is saved whole, mode and scope, from the revision
 * shown here; named people and exemptions, which are not edited here, are kept as they are.
 */
import { Checkbox, NativeSelect, Stack } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { followSave } from '../parts/follow-save.tsx'
import { Icon } from '../parts/icons.tsx'
import type { Extra } from '../parts/saving.ts'
import { modeNames, modeTones, Tag } from '../parts/tag.tsx'
import { usePractice } from '../practice.ts'
import { type General, type Mode, rolesQuery, topicKey } from '../queries.ts'
import {
  type Control,
  ControlSummary,
  controlNames,
  counted,
  meanings,
  people,
  WouldRefuse,
} from './control-summary.tsx'

type Scope = General['controls']['ip']['scope']

function useControlSave(control: Control, general: General) {
  const practice = usePractice()
  const client = useQueryClient()
  const routes = api.practices[':practice'].controls
  const { ip, permission } = general.controls
  return async (mode: Mode, scope: Scope, extra: Extra) => {
    const target = { param: { practice: practice.id }, header: { 'if-match': `"${general.revision}"` } }
    const json = { mode, scope, ...extra }
    const send = {
      ip: () =>
        routes.ip.$put({ ...target, json: { ...json, signInOnlyFromListed: ip.signInOnlyFromListed } }),
      time: () => routes.time.$put({ ...target, json }),
      twoFactor: () => routes['two-factor'].$put({ ...target, json }),
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

const named = (scope: Scope) => (scope.include === 'everyone' ? { roles: [], users: [] } : scope.include)

function ScopeFields({ scope, set }: { readonly scope: Scope; readonly set: (scope: Scope) => void }) {
  const practice = usePractice()
  const { data: roles } = useQuery(rolesQuery(practice.id))
  const { exempt } = scope
  const chosen = named(scope)
  const exempted = exempt.roles.length + exempt.users.length
  return (
    <>
      <NativeSelect
        label="Scope"
        description={
          exempted === 0
            ? 'Whom the control concerns.'
            : `Whom the control concerns; ${counted(exempted, 'exemption stays', 'exemptions stay')}.`
        }
        value={scope.include === 'everyone' ? 'everyone' : 'chosen'}
        onChange={(event) =>
          set({ include: event.currentTarget.value === 'everyone' ? 'everyone' : chosen, exempt })
        }
      >
        <option value="everyone">Everyone</option>
        <option value="chosen">Chosen roles</option>
      </NativeSelect>
      {scope.include !== 'everyone' && (
        <Checkbox.Group
          label="Roles in scope"
          value={[...chosen.roles]}
          onChange={(list) => set({ include: { roles: list, users: chosen.users }, exempt })}
        >
          <Stack gap="xs" mt="xs">
            {(roles?.roles ?? []).map(({ id, name }) => (
              <Checkbox key={id} value={id} label={name} />
            ))}
          </Stack>
        </Checkbox.Group>
      )}
      {chosen.users.length > 0 && scope.include !== 'everyone' && (
        <p className="gh-faint">{people(chosen.users.length)} chosen by name stay in scope.</p>
      )}
    </>
  )
}

const everyone: Scope = { include: 'everyone', exempt: { roles: [], users: [] } }

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
  const isSameScope = JSON.stringify(scope) === JSON.stringify(saved)
  return (
    <ConfirmDialog
      title={`Review: ${controlNames[control]}`}
      act="Apply"
      save={(extra) => save(to, scope, extra)}
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
      {control !== 'permission' && <ScopeFields scope={scope} set={setScope} />}
      {isSameScope ? (
        <>
          <ControlSummary general={general} control={control} />
          {to !== 'off' && <WouldRefuse general={general} control={control} />}
        </>
      ) : (
        <p className="gh-faint">
          Whom the new scope would refuse is shown once it is saved: try Monitor first.
        </p>
      )}
      {control === 'twoFactor' && to === 'enforce' && (
        <p className="gh-answer gh-tone-warn">
          <Icon name="warning" />
          <span>Whoever has not set up a second factor is refused until they have.</span>
        </p>
      )}
      {control === 'ip' && to !== 'off' && !practice.address.listed && (
        <p className="gh-answer gh-tone-warn">
          <Icon name="warning" />
          <span>Your own address is not listed for the whole practice.</span>
        </p>
      )}
    </ConfirmDialog>
  )
}
