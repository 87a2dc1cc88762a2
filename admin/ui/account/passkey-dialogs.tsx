/**
 * Makes a passkey on this device, with a name; or names one anew.
 *
 * What the browser does is `passkey-ceremony.ts`; removing one is `factor-acts.tsx`. Invariant: the API's question is asked
 * for when the button is pressed, so that a device is never asked by an address alone.
 */
import { TextInput } from '@mantine/core'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { Dialog } from '../parts/confirm-dialog.tsx'
import { FormEnd } from '../parts/form-end.tsx'
import { useSaving } from '../parts/saving.ts'
import { tellDone } from '../parts/told.ts'
import { problemAt } from '../problem.ts'
import { type OwnPasskey, useFactorsReload } from './account-queries.ts'
import { makePasskey } from './passkey-ceremony.ts'

const route = api.me.factors.passkeys

function NameDialog(props: {
  readonly title: string
  readonly act: string
  readonly says: string
  readonly named?: string
  readonly save: (name: string) => Promise<void>
  readonly onClose: () => void
}) {
  const { title, act, says, named = '', onClose } = props
  const [name, setName] = useState(named)
  const saving = useSaving(() => props.save(name.trim()))
  const { problem } = saving
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        className="gh-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void saving.run()
        }}
      >
        <p>{says}</p>
        <TextInput
          label="Name"
          description="Such as the device: “Laptop at the office”."
          value={name}
          error={problemAt(problem, 'name')}
          maxLength={60}
          autoComplete="off"
          required
          data-autofocus
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <FormEnd saving={saving} act={act} canAct={name.trim() !== ''} fields={['name']} onCancel={onClose} />
      </form>
    </Dialog>
  )
}

/** Makes one; `onMade` gets recovery codes where it is the first second factor. */
export function MakePasskeyDialog(props: {
  readonly onMade: (codes: readonly string[]) => void
  readonly onClose: () => void
}) {
  const reload = useFactorsReload()
  const save = async (name: string) => {
    const { publicKey } = await parseResponse(route.$post())
    const credential = await makePasskey(publicKey)
    const made = await parseResponse(route.confirm.$post({ json: { name, credential } }))
    if (made.recoveryCodes.length > 0) props.onMade(made.recoveryCodes)
    else tellDone(`The passkey ${made.passkey.name} is set up`, 'Your other sessions have ended.')
    props.onClose()
    await reload()
  }
  return (
    <NameDialog
      title="Add a passkey"
      act="Make the passkey"
      says="Your device asks for your finger, your face or its code, and keeps the passkey. No look-alike page can coax it out of you."
      save={save}
      onClose={props.onClose}
    />
  )
}

/** Names one anew. */
export function RenamePasskeyDialog(props: { readonly passkey: OwnPasskey; readonly onClose: () => void }) {
  const { passkey, onClose } = props
  const reload = useFactorsReload()
  const save = async (name: string) => {
    await parseResponse(route[':id'].$patch({ param: { id: passkey.id }, json: { name } }))
    tellDone(`The passkey is called ${name} now`)
    onClose()
    await reload()
  }
  return (
    <NameDialog
      title={`Rename ${passkey.name}`}
      act="Rename"
      says="Only the name that you see here changes; the passkey on your device stays as it is."
      named={passkey.name}
      save={save}
      onClose={onClose}
    />
  )
}
