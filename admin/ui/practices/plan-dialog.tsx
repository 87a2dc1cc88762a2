/**
 * What a practice's plan has: controls that an operator gives or takes away, and those that are everybody's.
 *
 * Prices are not Gatehouse's business. Invariant: taking a control away switches it off at once, which is said; what was
 * set up stays and works again when it is given back.
 */
import { Switch } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { followSave } from '../parts/follow-save.tsx'
import { type Extra, reasonOf } from '../parts/saving.ts'
import { Failed, Loading } from '../parts/states.tsx'
import { featuresQuery, type PracticeLine } from './practice-queries.ts'

type Switchable = PracticeLine['lacks'][number]

const words: Readonly<Record<string, readonly [name: string, what: string]>> = {
  ip: ['IP allowlist', 'With access requests for addresses, and the presets that use it.'],
  time: ['Time windows', 'With access requests for hours, and the presets that use them.'],
  permission: ['Permissions', 'Roles enforced on routes.'],
  'two-factor': ['Two-factor', 'Everybody’s: it cannot be taken away.'],
  google: ['Sign-in with Google', 'Everybody’s: it cannot be taken away.'],
}

const isSwitchable = (id: string): id is Switchable => id === 'ip' || id === 'time' || id === 'permission'

/** The dialog. */
export function PlanDialog(props: { readonly practice: PracticeLine; readonly onClose: () => void }) {
  const { practice, onClose } = props
  const client = useQueryClient()
  const found = useQuery(featuresQuery(practice.id))
  const [changes, setChanges] = useState<{ readonly [id in Switchable]?: boolean }>({})
  const features = found.data?.features ?? []
  const changed = features.flatMap(({ id, on }) =>
    isSwitchable(id) && changes[id] !== undefined && changes[id] !== on ? [{ id, on: !on }] : [],
  )
  const taken = changed.filter(({ on }) => !on)
  const reload = () => client.invalidateQueries({ queryKey: ['practices'] })
  const save = async (extra: Extra) => {
    for (const { id: feature, on } of changed) {
      const param = { practice: practice.id, feature }
      const route = api.practices[':practice'].features[':feature']
      const saved = await parseResponse(route.$put({ param, json: { on, ...reasonOf(extra) } }))
      followSave(`${words[feature]?.[0] ?? feature} is ${on ? 'given' : 'taken away'}`, saved.sequence)
    }
    await reload()
    await client.invalidateQueries({ queryKey: ['practice', practice.id] })
  }
  return (
    <ConfirmDialog
      title={`The plan of “${practice.name}”`}
      act="Save"
      danger={taken.length > 0}
      canAct={changed.length > 0}
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      {found.isPending && <Loading rows={3} label="Loading the plan" />}
      {found.isError && <Failed error={found.error} again={found.refetch} />}
      {features.map(({ id, on, always }) => (
        <Switch
          key={id}
          label={words[id]?.[0] ?? id}
          description={words[id]?.[1]}
          disabled={always}
          checked={isSwitchable(id) ? (changes[id] ?? on) : on}
          onChange={(event) => {
            const isOn = event.currentTarget.checked
            if (isSwitchable(id)) setChanges((now) => ({ ...now, [id]: isOn }))
          }}
        />
      ))}
      {taken.length > 0 && (
        <p className="gh-warn-text">
          {taken.map(({ id }) => words[id]?.[0] ?? id).join(' and ')}: switched off from the next request on.
          Entries and windows stay, and work again when it is given back.
        </p>
      )}
    </ConfirmDialog>
  )
}
