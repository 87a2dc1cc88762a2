/**
 * Takes somebody into the practice, changes their name and addresses, or removes them.
 *
 * Roles and suspension are `member-dialogs.tsx`'s. Invariant: problems stand at their fields; what a change of the
 * sign-in name or a removal means elsewhere is said before it is done.
 */
import { Checkbox, Stack, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { followSave } from '../parts/follow-save.tsx'
import type { Extra } from '../parts/saving.ts'
import { usePractice } from '../practice.ts'
import { type Member, type Role, topicKey } from '../queries.ts'

const routes = api.practices[':practice'].users
const nameMax = 200

type Person = { readonly name: string; readonly login: string; readonly email: string }

function Fields({
  person,
  onChange,
}: {
  readonly person: Person
  readonly onChange: (person: Person) => void
}) {
  return (
    <>
      <TextInput
        label="Name"
        required
        maxLength={nameMax}
        value={person.name}
        onChange={(event) => onChange({ ...person, name: event.currentTarget.value })}
      />
      <TextInput
        label="Sign-in name"
        description="What they type to sign in at the application; capitals do not matter."
        required
        maxLength={nameMax}
        value={person.login}
        onChange={(event) => onChange({ ...person, login: event.currentTarget.value })}
      />
      <TextInput
        label="E-mail"
        description="Where they are told of a reset or a new device. Empty: nowhere."
        type="email"
        maxLength={254}
        value={person.email}
        onChange={(event) => onChange({ ...person, email: event.currentTarget.value })}
      />
    </>
  )
}

const emailOf = ({ email }: Person): string | null => (email.trim() === '' ? null : email.trim())
const isWhole = ({ name, login }: Person): boolean => name.trim() !== '' && login.trim() !== ''

function useReload() {
  const practice = usePractice()
  const client = useQueryClient()
  return { practice, reload: () => client.invalidateQueries({ queryKey: topicKey(practice.id) }) }
}

/** Takes somebody in, before or instead of a first sign-in. */
export function AddPersonDialog(props: { readonly roles: readonly Role[]; readonly onClose: () => void }) {
  const { practice, reload } = useReload()
  const [person, setPerson] = useState<Person>({ name: '', login: '', email: '' })
  const [roles, setRoles] = useState<readonly string[]>([])
  const save = async ({ reason }: Extra) => {
    const json = {
      ...{ name: person.name.trim(), login: person.login.trim(), email: emailOf(person), roles: [...roles] },
      ...(reason === undefined ? {} : { reason }),
    }
    const { sequence } = await parseResponse(routes.$post({ param: { practice: practice.id }, json }))
    followSave(`${person.name.trim()} is a member`, sequence)
    await reload()
  }
  return (
    <ConfirmDialog
      title="Add a person"
      act="Add"
      canAct={isWhole(person)}
      save={save}
      reload={() => void reload()}
      onClose={props.onClose}
    >
      <p className="gh-faint">
        Their first sign-in through the gateway finds them by the sign-in name and gives them the roles below.
      </p>
      <Fields person={person} onChange={setPerson} />
      <Checkbox.Group label="Roles" value={[...roles]} onChange={setRoles}>
        <Stack gap="xs" mt="xs">
          {props.roles.map(({ id, name }) => (
            <Checkbox key={id} value={id} label={name} />
          ))}
        </Stack>
      </Checkbox.Group>
    </ConfirmDialog>
  )
}

type DialogProps = { readonly member: Member; readonly version: number; readonly onClose: () => void }

/** Changes name, sign-in name and e-mail. */
export function EditPersonDialog({ member, version, onClose }: DialogProps) {
  const { practice, reload } = useReload()
  const [person, setPerson] = useState<Person>({
    name: member.name,
    login: member.login,
    email: member.email ?? '',
  })
  const changed = {
    ...(person.name.trim() === member.name ? {} : { name: person.name.trim() }),
    ...(person.login.trim() === member.login ? {} : { login: person.login.trim() }),
    ...(emailOf(person) === member.email ? {} : { email: emailOf(person) }),
  }
  const save = async ({ reason }: Extra) => {
    const target = {
      param: { practice: practice.id, user: member.user },
      header: { 'if-match': `"${version}"` },
    }
    const json = { ...changed, ...(reason === undefined ? {} : { reason }) }
    const { sequence } = await parseResponse(routes[':user'].$patch({ ...target, json }))
    followSave(`${person.name.trim()} is saved`, sequence)
    await reload()
  }
  return (
    <ConfirmDialog
      title={`Edit ${member.name}`}
      act="Save"
      canAct={isWhole(person) && Object.keys(changed).length > 0}
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      {member.otherPractices > 0 && (
        <p className="gh-faint">
          They are the same person in all their practices: the change shows there too.
        </p>
      )}
      <Fields person={person} onChange={setPerson} />
    </ConfirmDialog>
  )
}

/** Removes somebody from this practice. */
export function RemovePersonDialog({
  member,
  version,
  onClose,
  onGone,
}: DialogProps & { readonly onGone: () => void }) {
  const { practice, reload } = useReload()
  const save = async (extra: Extra) => {
    const target = {
      param: { practice: practice.id, user: member.user },
      header: { 'if-match': `"${version}"` },
    }
    const { sequence } = await parseResponse(routes[':user'].remove.$post({ ...target, json: { ...extra } }))
    followSave(`${member.name} is removed`, sequence)
    onGone()
    await reload()
  }
  return (
    <ConfirmDialog
      title={`Remove ${member.name}?`}
      act="Remove"
      danger
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <p>
        They lose access to {practice.name} at once. Taken in again, they begin anew: roles, requests and
        networks of theirs are not brought back.
        {member.otherPractices > 0 && ' Their other practices are untouched.'}
      </p>
      <p className="gh-faint">To keep what they have and only shut the door, suspend them instead.</p>
    </ConfirmDialog>
  )
}
