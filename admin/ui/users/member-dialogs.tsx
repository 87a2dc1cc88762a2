/**
 * Changes a member: their roles, or whether they are suspended.
 *
 * Both are reviewed in a dialog and need `gw.users.edit`. Invariant: they are saved from the members version the page
 * shows; that the last security admin stays is the API's to say, and shown here.
 */
import { Checkbox, Stack } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { followSave } from '../parts/follow-save.tsx'
import type { Extra } from '../parts/saving.ts'
import { usePractice } from '../practice.ts'
import { type Member, type Role, topicKey } from '../queries.ts'

type DialogProps = { readonly member: Member; readonly version: number; readonly onClose: () => void }

const route = api.practices[':practice'].users[':user']

function useTarget({ member, version }: DialogProps) {
  const practice = usePractice()
  const client = useQueryClient()
  return {
    practice,
    target: { param: { practice: practice.id, user: member.user }, header: { 'if-match': `"${version}"` } },
    reload: () => client.invalidateQueries({ queryKey: topicKey(practice.id) }),
  }
}

/** Chooses a member's roles. */
export function RolesDialog(props: DialogProps & { readonly roles: readonly Role[] }) {
  const { member, roles, onClose } = props
  const { target, reload } = useTarget(props)
  const [chosen, setChosen] = useState<readonly string[]>(member.roles)
  const unknown = member.roles.filter((id) => !roles.some((role) => role.id === id))
  const isChanged = chosen.length !== member.roles.length || chosen.some((id) => !member.roles.includes(id))
  const save = async (extra: Extra) => {
    const { sequence } = await parseResponse(
      route.roles.$put({ ...target, json: { roles: [...chosen], ...extra } }),
    )
    followSave(`Roles of ${member.name} are saved`, sequence)
    await reload()
  }
  return (
    <ConfirmDialog
      title={`Roles of ${member.name}`}
      act="Save"
      canAct={isChanged}
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <p>The change bites on their next request; nobody is signed out.</p>
      <Checkbox.Group label="Roles" value={[...chosen]} onChange={setChosen}>
        <Stack gap="xs" mt="xs">
          {roles.map(({ id, name }) => (
            <Checkbox key={id} value={id} label={name} />
          ))}
          {unknown.map((id) => (
            <Checkbox key={id} value={id} label={`${id} (not in this practice's roles)`} />
          ))}
        </Stack>
      </Checkbox.Group>
    </ConfirmDialog>
  )
}

/** Suspends a member, or ends it. */
export function SuspendDialog(props: DialogProps) {
  const { member, onClose } = props
  const { practice, target, reload } = useTarget(props)
  const save = async (extra: Extra) => {
    const json = { ...extra }
    const { sequence } = await parseResponse(
      member.suspended ? route.rejoin.$post({ ...target, json }) : route.suspend.$post({ ...target, json }),
    )
    followSave(`${member.name} ${member.suspended ? 'may sign in again' : 'is suspended'}`, sequence)
    await reload()
  }
  return (
    <ConfirmDialog
      title={member.suspended ? `Let ${member.name} rejoin?` : `Suspend ${member.name}?`}
      act={member.suspended ? 'Let rejoin' : 'Suspend'}
      danger={!member.suspended}
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <p>
        {member.suspended
          ? `They get their roles in ${practice.name} back and may sign in again.`
          : `They are refused everywhere in ${practice.name}, at once and after a fresh sign-in too, until they rejoin.`}
      </p>
    </ConfirmDialog>
  )
}
