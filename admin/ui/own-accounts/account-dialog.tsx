/**
 * Invites an own account or changes one: login, name, which practices it reaches with what, suspension.
 *
 * Passwords are set by their owner, through the link. Invariant: what an account may do in a practice is a bundle with a
 * name or what it had before; permissions that no bundle has are kept, never dropped in silence.
 */
import { Checkbox, NativeSelect, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { Dialog } from '../parts/confirm-dialog.tsx'
import { FormEnd } from '../parts/form-end.tsx'
import { reasonOf, useSaving } from '../parts/saving.ts'
import { tellDone } from '../parts/told.ts'
import { problemAt, type ShownProblem } from '../problem.ts'
import { meQuery } from '../queries.ts'
import { useReload } from './account-acts.tsx'
import type { OwnAccount, Reach } from './account-queries.ts'
import { bundleOf, bundles, permissionsOf } from './reach-bundles.ts'

type Fields = {
  readonly login: string
  readonly name: string
  readonly practices: Reach
  readonly suspended: boolean
}

type FieldsProps = {
  readonly fields: Fields
  readonly problem: ShownProblem | null
  readonly set: (change: Partial<Fields>) => void
}

type Held = Readonly<Record<string, string[]>>

/** One practice with what the account may do there. */
function OnePractice(props: {
  readonly name: string
  readonly held: readonly string[]
  readonly onChoose: (permissions: readonly string[] | null) => void
}) {
  const { name, held, onChoose } = props
  const bundle = bundleOf(held)
  return (
    <NativeSelect
      label={name}
      value={bundle}
      onChange={(event) => {
        const chosen = event.currentTarget.value
        onChoose(chosen === 'none' ? null : permissionsOf(chosen))
      }}
    >
      {bundles.map(({ id, name: words }) => (
        <option key={id} value={id}>
          {words}
        </option>
      ))}
      {bundle === 'other' && <option value="other">{held.length} permissions, as now</option>}
    </NativeSelect>
  )
}

function ReachFields({ fields, problem, set }: FieldsProps) {
  const { data: me } = useQuery(meQuery)
  const { practices } = fields
  const reached: Held = practices === 'every' ? {} : practices
  const choose = (practice: string, permissions: readonly string[] | null) => {
    const { [practice]: _before, ...rest } = reached
    set({ practices: permissions === null ? rest : { ...rest, [practice]: [...permissions] } })
  }
  const all = me?.practices ?? []
  return (
    <>
      <Checkbox
        label="Operator: every practice, with every permission"
        description="May create practices and look after own accounts, too. Have two, not ten."
        checked={practices === 'every'}
        onChange={(event) => set({ practices: event.currentTarget.checked ? 'every' : {} })}
      />
      {practices !== 'every' && (
        <>
          {Object.entries(reached).map(([id, held]) => (
            <OnePractice
              key={id}
              name={all.find((one) => one.id === id)?.name ?? id}
              held={held}
              onChoose={(permissions) => choose(id, permissions)}
            />
          ))}
          <NativeSelect
            label="Add a practice"
            value=""
            onChange={(event) => choose(event.currentTarget.value, permissionsOf('auditor'))}
          >
            <option value="">Choose one …</option>
            {all
              .filter(({ id }) => !Object.hasOwn(reached, id))
              .map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
          </NativeSelect>
        </>
      )}
      {problemAt(problem, 'practices') !== null && (
        <p className="gh-warn-text">{problemAt(problem, 'practices')}</p>
      )}
    </>
  )
}

type DialogProps = {
  /** `null`: a new one. */
  readonly account: OwnAccount | null
  readonly onMade: (made: { readonly link: string; readonly name: string }) => void
  readonly onClose: () => void
}

function useAccountSave({ account, onMade, onClose }: DialogProps, fields: Fields) {
  const reload = useReload()
  return useSaving(async (extra) => {
    const { login, name, practices, suspended } = fields
    if (account === null) {
      const made = await parseResponse(
        api.admins.$post({ json: { login, name, practices, ...reasonOf(extra) } }),
      )
      onClose()
      onMade({ link: made.link, name })
    } else {
      const param = { id: account.id }
      const json = { name, practices, suspended, ...reasonOf(extra) }
      await parseResponse(api.admins[':id'].$put({ param, json }))
      tellDone(`The account of ${name} is saved`)
      onClose()
    }
    await reload()
  })
}

/** The dialog. */
export function AccountDialog(props: DialogProps) {
  const { account, onClose } = props
  const [fields, setFields] = useState<Fields>({
    login: account?.login ?? '',
    name: account?.name ?? '',
    practices: account?.practices ?? {},
    suspended: account?.suspended ?? false,
  })
  const saving = useAccountSave(props, fields)
  const { problem } = saving
  const set = (change: Partial<Fields>) => setFields((now) => ({ ...now, ...change }))
  const shared = { fields, problem, set }
  return (
    <Dialog title={account === null ? 'Invite by link' : `Edit ${account.name}`} onClose={onClose}>
      <form
        className="gh-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void saving.run()
        }}
      >
        <WhoFields {...shared} isNew={account === null} />
        <ReachFields {...shared} />
        {account !== null && (
          <Checkbox
            label="Suspended"
            description="Its sessions end, and it does not get in until this is taken back."
            checked={fields.suspended}
            onChange={(event) => set({ suspended: event.currentTarget.checked })}
          />
        )}
        <TextInput
          label="Reason"
          description="Optional; kept in the security events."
          maxLength={500}
          value={saving.reason}
          onChange={(event) => saving.setReason(event.currentTarget.value)}
        />
        <FormEnd
          saving={saving}
          act={account === null ? 'Make the link' : 'Save'}
          fields={['login', 'name', 'practices']}
          onCancel={onClose}
        />
      </form>
    </Dialog>
  )
}

function WhoFields({ fields, problem, set, isNew }: FieldsProps & { readonly isNew: boolean }) {
  return (
    <>
      {isNew && (
        <TextInput
          label="Sign-in name"
          description="Such as an address; it cannot be changed later."
          value={fields.login}
          error={problemAt(problem, 'login')}
          required
          maxLength={100}
          spellCheck={false}
          data-autofocus
          onChange={(event) => set({ login: event.currentTarget.value })}
        />
      )}
      <TextInput
        label="Name"
        value={fields.name}
        error={problemAt(problem, 'name')}
        required
        maxLength={100}
        onChange={(event) => set({ name: event.currentTarget.value })}
      />
    </>
  )
}
