/**
 * Sets an authenticator app up: says what follows, shows picture and key, takes the first code.
 *
 * Removing it is a question of its own (`factor-acts.tsx`). Invariant: nothing is asked of the API before its button is
 * pressed, so that an address alone makes no secret; the secret is in this dialog alone; what is set up now counts until
 * the first code of the new app was right.
 */
import { TextInput } from '@mantine/core'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { encode } from 'uqr'
import { api } from '../api-client.ts'
import { Dialog } from '../parts/confirm-dialog.tsx'
import { FormEnd } from '../parts/form-end.tsx'
import { Secret } from '../parts/kept-secret.tsx'
import { useSaving } from '../parts/saving.ts'
import { problemAt } from '../problem.ts'
import { useFactorsReload } from './account-queries.ts'

const route = api.me.factors.totp

type Begun = { readonly key: string; readonly uri: string }

/** On white in dark mode too: scanners need it. */
function Picture({ uri }: { readonly uri: string }) {
  const { size, data } = encode(uri, { border: 4, ecc: 'M' })
  const path = data.flatMap((row, y) => row.map((isBlack, x) => (isBlack ? `M${x} ${y}h1v1h-1z` : '')))
  return (
    <svg
      className="gh-qr"
      viewBox={`0 0 ${size} ${size}`}
      shapeRendering="crispEdges"
      role="img"
      aria-label="QR code with the key that is written below"
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={path.join('')} fill="#000" />
    </svg>
  )
}

function Scan(props: {
  readonly begun: Begun
  readonly code: string
  readonly error: string | null
  readonly onType: (code: string) => void
}) {
  const { key, uri } = props.begun
  return (
    <>
      <p>Open an authenticator app on your phone and let it read this picture.</p>
      <Picture uri={uri} />
      <p className="gh-faint">
        Not possible? Type the key into the app, or <a href={uri}>open the app on this device</a>.
      </p>
      <Secret label="Key" text={key.replace(/(.{4})(?=.)/g, '$1 ')} />
      <TextInput
        label="Code"
        description="The six digits that the app shows now."
        value={props.code}
        error={props.error}
        inputMode="numeric"
        autoComplete="one-time-code"
        maxLength={64}
        required
        data-autofocus
        onChange={(event) => props.onType(event.currentTarget.value)}
      />
    </>
  )
}

/** The dialog. `replaces`: an app is set up already; `onMade` gets the recovery codes. */
export function AppDialog(props: {
  readonly replaces: boolean
  readonly onMade: (codes: readonly string[]) => void
  readonly onClose: () => void
}) {
  const { replaces, onMade, onClose } = props
  const reload = useFactorsReload()
  const [begun, setBegun] = useState<Begun | null>(null)
  const [code, setCode] = useState('')
  const saving = useSaving(async () => {
    if (begun === null) return setBegun(await parseResponse(route.$post()))
    const { recoveryCodes } = await parseResponse(route.confirm.$post({ json: { code } }))
    onMade(recoveryCodes)
    onClose()
    await reload()
  })
  const { problem } = saving
  return (
    <Dialog title={replaces ? 'Set up another app' : 'Set up an authenticator app'} onClose={onClose}>
      <form
        className="gh-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void saving.run()
        }}
      >
        {begun === null ? (
          <p>
            You need your phone with an authenticator app; any will do. You get ten new recovery codes, and
            your other sessions end.
            {replaces && ' The app that is set up now counts until the first code of the new one was right.'}
          </p>
        ) : (
          <Scan begun={begun} code={code} error={problemAt(problem, 'code')} onType={setCode} />
        )}
        <FormEnd
          saving={saving}
          act={begun === null ? 'Show the picture' : 'Confirm'}
          canAct={begun === null || code.trim() !== ''}
          fields={['code']}
          onCancel={onClose}
        />
      </form>
    </Dialog>
  )
}
