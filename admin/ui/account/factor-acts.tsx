/**
 * Takes a second factor of one's own away, after saying what is left.
 *
 * Invariant: whoever removes the last one reads before that the password alone opens the account then, and that the
 * recovery codes go with it.
 */
import { parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { tellDone } from '../parts/told.ts'
import { countOf, type OwnFactors, type OwnPasskey, useFactorsReload } from './account-queries.ts'

function WhatIsLeft({ factors }: { readonly factors: OwnFactors }) {
  return countOf(factors) > 1 ? (
    <p>Your other second factors and your recovery codes stay. Your other sessions end.</p>
  ) : (
    <p className="gh-strong">
      It is your only second factor: afterwards your password alone opens your account, and your recovery
      codes are void. Set up another one first if you can.
    </p>
  )
}

/** Removes the app, or the passkey where one is given. */
export function RemoveFactorDialog(props: {
  readonly factors: OwnFactors
  readonly passkey: OwnPasskey | null
  readonly onClose: () => void
}) {
  const { factors, passkey, onClose } = props
  const reload = useFactorsReload()
  const route = api.me.factors
  const save = async () => {
    if (passkey === null) await parseResponse(route.totp.$delete())
    else await parseResponse(route.passkeys[':id'].$delete({ param: { id: passkey.id } }))
    tellDone(`${passkey?.name ?? 'The authenticator app'} is removed`)
    await reload()
  }
  return (
    <ConfirmDialog
      title={passkey === null ? 'Remove the authenticator app?' : `Remove the passkey ${passkey.name}?`}
      act="Remove"
      danger
      hasReason={false}
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <WhatIsLeft factors={factors} />
    </ConfirmDialog>
  )
}
