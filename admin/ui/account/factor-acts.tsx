/**
 * Takes a second factor of one's own away, after saying what is left; makes new recovery codes.
 *
 * Invariant: whoever removes the last one reads before that the password alone opens the account then, and that the
 * recovery codes go with it; whoever makes new codes reads that those on paper are void.
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

/** Makes ten new recovery codes; `onMade` shows them. */
export function RenewCodesDialog(props: {
  readonly left: number
  readonly onMade: (codes: readonly string[]) => void
  readonly onClose: () => void
}) {
  const { left, onMade, onClose } = props
  const reload = useFactorsReload()
  const save = async () => {
    const { recoveryCodes } = await parseResponse(api.me.factors['recovery-codes'].$post())
    await reload()
    onMade(recoveryCodes)
  }
  return (
    <ConfirmDialog
      title="Make new recovery codes?"
      act="Make ten new ones"
      hasReason={false}
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <p>
        {left === 0
          ? 'You have none left. Ten new ones are shown once.'
          : `Your ${left === 1 ? 'unused code is' : `${left} unused codes are`} void from then on, on whatever paper they stand. Ten new ones are shown once.`}{' '}
        Your second factors stay as they are; your other sessions end.
      </p>
    </ConfirmDialog>
  )
}
