/**
 * Changes one's own password, by the one that is valid now.
 *
 * A forgotten one is replaced by a link that an operator makes. Invariant: both are in the dialog alone and gone with it; a
 * second field to type the new one again was refused: what was typed can be looked at instead.
 */
import { PasswordInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { Dialog } from '../parts/confirm-dialog.tsx'
import { FormEnd } from '../parts/form-end.tsx'
import { useSaving } from '../parts/saving.ts'
import { tellDone } from '../parts/told.ts'
import { problemAt } from '../problem.ts'

/** The dialog. */
export function PasswordDialog({ login, onClose }: { readonly login: string; readonly onClose: () => void }) {
  const client = useQueryClient()
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const saving = useSaving(async () => {
    await parseResponse(api.me.password.$post({ json: { current, next } }))
    tellDone('Your password is changed', 'Your other sessions have ended.')
    onClose()
    await client.invalidateQueries({ queryKey: ['admin-sessions'] })
  })
  const { problem } = saving
  return (
    <Dialog title="Change your password" onClose={onClose}>
      <form
        className="gh-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void saving.run()
        }}
      >
        {/* For the browser's own store of passwords: whose the new one is. */}
        <input type="text" autoComplete="username" value={login} readOnly hidden />
        <PasswordInput
          label="Password now"
          value={current}
          error={problemAt(problem, 'current')}
          autoComplete="current-password"
          visibilityToggleButtonProps={{ 'aria-label': 'Show the password of now' }}
          required
          data-autofocus
          onChange={(event) => setCurrent(event.currentTarget.value)}
        />
        <PasswordInput
          label="New password"
          description="A few words that nobody would guess are better than one with signs in it."
          value={next}
          error={problemAt(problem, 'next')}
          autoComplete="new-password"
          visibilityToggleButtonProps={{ 'aria-label': 'Show the new password' }}
          required
          onChange={(event) => setNext(event.currentTarget.value)}
        />
        <p className="gh-faint">
          Wherever else you are signed in to Security Management, you are signed out.
        </p>
        <FormEnd
          saving={saving}
          act="Change password"
          canAct={current !== '' && next !== ''}
          fields={['current', 'next']}
          onCancel={onClose}
        />
      </form>
    </Dialog>
  )
}
