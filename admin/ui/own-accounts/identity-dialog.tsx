/**
 * Links an own account with who somebody is to a provider, in place of any link before.
 *
 * Providers are configuration. Invariant: what was typed stays while the API says what is wrong with it, at its field.
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
import { useReload } from './account-acts.tsx'
import type { OwnAccount } from './account-queries.ts'

/** The dialog. */
export function IdentityDialog(props: { readonly account: OwnAccount; readonly onClose: () => void }) {
  const { account, onClose } = props
  const reload = useReload()
  const [provider, setProvider] = useState(account.identity?.provider ?? 'google')
  const [subject, setSubject] = useState(account.identity?.subject ?? '')
  const saving = useSaving(async () => {
    const param = { id: account.id }
    await parseResponse(api.admins[':id'].identity.$put({ param, json: { provider, subject } }))
    tellDone(`${account.name} is linked with ${subject}`)
    await reload()
    onClose()
  })
  const { problem } = saving
  return (
    <Dialog title={`Link ${account.name} with an identity`} onClose={onClose}>
      <form
        className="gh-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void saving.run()
        }}
      >
        <p className="gh-faint">
          They then sign in with the provider. A second factor of Gatehouse is asked all the same unless the
          provider vouches for one.
        </p>
        <TextInput
          label="Provider"
          description="Its id in the configuration, such as google."
          value={provider}
          error={problemAt(problem, 'provider')}
          required
          maxLength={32}
          spellCheck={false}
          onChange={(event) => setProvider(event.currentTarget.value)}
        />
        <TextInput
          label="Who they are there"
          description="Their address, or the provider’s own id for them where it is asked by that."
          value={subject}
          error={problemAt(problem, 'subject')}
          required
          maxLength={160}
          spellCheck={false}
          onChange={(event) => setSubject(event.currentTarget.value)}
        />
        <FormEnd saving={saving} act="Link" fields={['provider', 'subject']} onCancel={onClose} />
      </form>
    </Dialog>
  )
}
