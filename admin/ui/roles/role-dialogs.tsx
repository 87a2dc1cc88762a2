/**
 * Adds a role, changes its name and when its sessions end, or removes it and gives its people another.
 *
 * Grants are `role-editor.tsx`'s. Invariant: saved from the revision that the page shows; nobody is left without a role
 * by a removal, which the API holds too.
 */
import { NativeSelect, NumberInput, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { followSave } from '../parts/follow-save.tsx'
import type { Extra } from '../parts/saving.ts'
import { usePractice } from '../practice.ts'
import { type Role, topicKey } from '../queries.ts'

const routes = api.practices[':practice'].roles
const minuteMs = 60_000
const nameMax = 80

type DialogProps = { readonly revision: number; readonly onClose: () => void }

function useRoles(revision: number) {
  const practice = usePractice()
  const client = useQueryClient()
  return {
    practice,
    header: { 'if-match': `"${revision}"` },
    reload: () => client.invalidateQueries({ queryKey: topicKey(practice.id) }),
  }
}

/** Adds a role, empty or as a copy; then opens it. */
export function CreateRoleDialog(
  props: DialogProps & { readonly roles: readonly Role[]; readonly copyOf: Role | null },
) {
  const { practice, header, reload } = useRoles(props.revision)
  const navigate = useNavigate()
  const [name, setName] = useState(props.copyOf === null ? '' : `${props.copyOf.name} copy`)
  const [copyOf, setCopyOf] = useState(props.copyOf?.id ?? '')
  const save = async (extra: Extra) => {
    const json = { name: name.trim(), ...(copyOf === '' ? {} : { copyOf }), ...extra }
    const made = await parseResponse(routes.$post({ param: { practice: practice.id }, header, json }))
    followSave(`${name.trim()} is added`, made.sequence)
    await reload()
    await navigate({
      to: '/practices/$practice/roles',
      params: { practice: practice.id },
      search: { role: made.role },
    })
  }
  return (
    <ConfirmDialog
      title="Add a role"
      act="Add"
      canAct={name.trim() !== ''}
      save={save}
      reload={() => void reload()}
      onClose={props.onClose}
    >
      <TextInput
        label="Name"
        description="As people know it, such as “Front desk”."
        required
        maxLength={nameMax}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <NativeSelect
        label="Starts with"
        value={copyOf}
        onChange={(event) => setCopyOf(event.currentTarget.value)}
        data={[
          { value: '', label: 'No permission' },
          ...props.roles.map((role) => ({ value: role.id, label: `The permissions of ${role.name}` })),
        ]}
      />
    </ConfirmDialog>
  )
}

function Minutes(props: {
  readonly label: string
  readonly ms: number | null
  readonly onChange: (ms: number | null) => void
}) {
  return (
    <NumberInput
      label={props.label}
      description="In minutes; empty: as the practice says."
      min={1}
      allowDecimal={false}
      allowNegative={false}
      value={props.ms === null ? '' : props.ms / minuteMs}
      onChange={(value) => props.onChange(typeof value === 'number' ? value * minuteMs : null)}
    />
  )
}

/** Changes a role's name, and when sessions of its people end. */
export function RoleSettingsDialog(props: DialogProps & { readonly role: Role }) {
  const { role } = props
  const { practice, header, reload } = useRoles(props.revision)
  const [name, setName] = useState(role.name)
  const [idleMs, setIdleMs] = useState(role.idleMs)
  const [absoluteMs, setAbsoluteMs] = useState(role.absoluteMs)
  const changed = {
    ...(name.trim() === role.name ? {} : { name: name.trim() }),
    ...(idleMs === role.idleMs ? {} : { idleMs }),
    ...(absoluteMs === role.absoluteMs ? {} : { absoluteMs }),
  }
  const save = async (extra: Extra) => {
    const param = { practice: practice.id, role: role.id }
    const { sequence } = await parseResponse(
      routes[':role'].$patch({ param, header, json: { ...changed, ...extra } }),
    )
    followSave(`${name.trim()} is saved`, sequence)
    await reload()
  }
  return (
    <ConfirmDialog
      title={`Rename ${role.name}, or change when its sessions end`}
      act="Save"
      canAct={name.trim() !== '' && Object.keys(changed).length > 0}
      save={save}
      reload={() => void reload()}
      onClose={props.onClose}
    >
      <TextInput
        label="Name"
        description="People, windows and networks that name this role follow."
        required
        maxLength={nameMax}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <div className="gh-pair">
        <Minutes label="Sessions end when idle for" ms={idleMs} onChange={setIdleMs} />
        <Minutes label="Sessions end at the latest after" ms={absoluteMs} onChange={setAbsoluteMs} />
      </div>
      <p className="gh-faint">Of all roles of a person and the practice itself, the shortest time counts.</p>
    </ConfirmDialog>
  )
}

/** Removes a role; where people hold it, asks for the one that they get instead. */
export function RemoveRoleDialog(
  props: DialogProps & { readonly role: Role; readonly roles: readonly Role[] },
) {
  const { role } = props
  const { practice, header, reload } = useRoles(props.revision)
  const others = props.roles.filter(({ id }) => id !== role.id)
  const [moveTo, setMoveTo] = useState('')
  const save = async (extra: Extra) => {
    const param = { practice: practice.id, role: role.id }
    const query = { ...extra, ...(moveTo === '' ? {} : { moveTo }) }
    const { sequence } = await parseResponse(routes[':role'].$delete({ param, header, query }))
    followSave(`${role.name} is removed`, sequence)
    await reload()
  }
  return (
    <ConfirmDialog
      title={`Remove ${role.name}?`}
      act="Remove"
      danger
      canAct={role.members === 0 || moveTo !== ''}
      save={save}
      reload={() => void reload()}
      onClose={props.onClose}
    >
      {role.members === 0 ? (
        <p>Nobody has this role. Networks and windows that are for it alone must be changed first.</p>
      ) : (
        <>
          <p>
            {role.members === 1 ? '1 person has' : `${role.members} people have`} this role. They get another
            in the same change, so that nobody is left without one.
          </p>
          <NativeSelect
            label="They get"
            required
            value={moveTo}
            onChange={(event) => setMoveTo(event.currentTarget.value)}
            data={[
              { value: '', label: 'Choose a role' },
              ...others.map(({ id, name }) => ({ value: id, label: name })),
            ]}
          />
        </>
      )}
    </ConfirmDialog>
  )
}
