/**
 * Acts on an own account that need a question only: a new link, removal, taking its identity away.
 *
 * Name and reach have a form of their own. Invariant: each says that the account's sessions end; the last account that
 * reaches every practice is kept by the API.
 */
import { Checkbox } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { type Extra, reasonOf } from '../parts/saving.ts'
import { tellDone } from '../parts/told.ts'
import type { OwnAccount } from './account-queries.ts'

const route = api.admins[':id']

type ActProps = { readonly account: OwnAccount; readonly onClose: () => void }
type Made = { readonly link: string; readonly name: string }

/** Asks for the accounts and their sessions anew. */
export function useReload(): () => Promise<void> {
  const client = useQueryClient()
  return async () => {
    await client.invalidateQueries({ queryKey: ['admins'] })
    await client.invalidateQueries({ queryKey: ['admin-sessions'] })
  }
}

/** A new link to set the password; with a tick the second factor goes, too. */
export function ResetDialog(props: ActProps & { readonly onMade: (made: Made) => void }) {
  const { account, onMade, onClose } = props
  const reload = useReload()
  const [factor, setFactor] = useState(false)
  const save = async (extra: Extra) => {
    const json = { factor, ...reasonOf(extra) }
    const { link } = await parseResponse(route.reset.$post({ param: { id: account.id }, json }))
    onMade({ link, name: account.name })
    await reload()
  }
  return (
    <ConfirmDialog
      title={`New link for ${account.name}`}
      act="Make the link"
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <p>The sessions of the account end, and its password does not work any more once the link is used.</p>
      <Checkbox
        label="Remove the second factor as well"
        description="For a lost phone: call back on a number that you know before you do this."
        checked={factor}
        onChange={(event) => setFactor(event.currentTarget.checked)}
      />
    </ConfirmDialog>
  )
}

/** Removes an account. */
export function RemoveDialog({ account, onClose }: ActProps) {
  const reload = useReload()
  const save = async () => {
    await parseResponse(route.$delete({ param: { id: account.id } }))
    tellDone(`The account of ${account.name} is removed`)
    await reload()
  }
  return (
    <ConfirmDialog
      title={`Remove the account of ${account.name}?`}
      act="Remove"
      danger
      hasReason={false}
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <p>
        Its sessions end, and its sealed codes are void. What it did stays in the security events. Suspending
        it instead keeps it for later.
      </p>
    </ConfirmDialog>
  )
}

/** Takes the identity at a provider away. */
export function UnlinkDialog({ account, onClose }: ActProps) {
  const reload = useReload()
  const save = async () => {
    await parseResponse(route.identity.$delete({ param: { id: account.id } }))
    tellDone(`${account.name} is linked with nobody`)
    await reload()
  }
  return (
    <ConfirmDialog
      title={`Unlink ${account.name}?`}
      act="Unlink"
      danger
      hasReason={false}
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <p>
        {account.identity?.subject} of {account.identity?.provider} does not lead to this account any more,
        and its sessions end.{' '}
        {account.hasPassword ? '' : 'It has no password: make a new link, or nobody gets in by it.'}
      </p>
    </ConfirmDialog>
  )
}
