/**
 * The second factors of one's own account: the app, passkeys, recovery codes, and their dialogs.
 *
 * The rules are the API's. Invariant: a dialog about a passkey that is not there any more is not drawn; recovery codes are
 * shown over the screen once, right after they were made.
 */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Icon } from '../parts/icons.tsx'
import { useOpened } from '../parts/opened.ts'
import { Failed, Loading } from '../parts/states.tsx'
import { Tag } from '../parts/tag.tsx'
import { countOf, factorsQuery, type OwnFactors, type OwnPasskey } from './account-queries.ts'
import { AppDialog } from './app-dialog.tsx'
import { RemoveFactorDialog, RenewCodesDialog } from './factor-acts.tsx'
import { OwnInstant } from './own-instant.tsx'
import { MakePasskeyDialog, RenamePasskeyDialog } from './passkey-dialogs.tsx'
import { RecoveryCodesDialog } from './recovery-codes.tsx'

type Of = { readonly factors: OwnFactors }

function App({ factors }: Of) {
  const { open } = useOpened()
  const { enrolledAt, lastVerifiedAt } = factors
  return (
    <li className="gh-item">
      <div className="gh-item-text">
        <p className="gh-strong">Authenticator app</p>
        <p className="gh-faint">
          {enrolledAt === null ? (
            'Not set up. Six digits from an app on your phone.'
          ) : (
            <>
              Set up <OwnInstant at={enrolledAt} />
              {lastVerifiedAt !== null && (
                <>
                  , last used <OwnInstant at={lastVerifiedAt} />
                </>
              )}
            </>
          )}
        </p>
      </div>
      <div className="gh-item-acts">
        {enrolledAt !== null && (
          <Button size="xs" variant="default" onClick={() => open('remove-app')}>
            Remove<span className="gh-unseen"> the authenticator app</span>
          </Button>
        )}
        <Button size="xs" variant="default" onClick={() => open('app')}>
          {enrolledAt === null ? 'Set up' : 'Set up another'}
          <span className="gh-unseen"> authenticator app</span>
        </Button>
      </div>
    </li>
  )
}

function Passkey({ passkey }: { readonly passkey: OwnPasskey }) {
  const { open } = useOpened()
  const { id, name, synced, enrolledAt, lastVerifiedAt } = passkey
  return (
    <li className="gh-item">
      <div className="gh-item-text">
        <p>
          <span className="gh-strong">{name}</span> <Tag>{synced ? 'synced passkey' : 'passkey'}</Tag>
        </p>
        <p className="gh-faint">
          Made <OwnInstant at={enrolledAt} />, last used <OwnInstant at={lastVerifiedAt} />
        </p>
      </div>
      <div className="gh-item-acts">
        <Button size="xs" variant="default" onClick={() => open('rename-passkey', id)}>
          Rename<span className="gh-unseen"> {name}</span>
        </Button>
        <Button size="xs" variant="default" onClick={() => open('remove-passkey', id)}>
          Remove<span className="gh-unseen"> {name}</span>
        </Button>
      </div>
    </li>
  )
}

function RecoveryCodes({ factors }: Of) {
  const { open } = useOpened()
  const left = factors.recoveryCodesLeft
  return (
    <li className="gh-item">
      <div className="gh-item-text">
        <p>
          <span className="gh-strong">Recovery codes</span>{' '}
          {countOf(factors) > 0 && (
            <Tag tone={left === 0 ? 'bad' : left < 4 ? 'warn' : 'good'}>{left} of 10 unused</Tag>
          )}
        </p>
        <p className="gh-faint">
          {countOf(factors) === 0
            ? 'You get ten with your first second factor.'
            : 'For when the second factor is not at hand. Each works once.'}
        </p>
      </div>
      {countOf(factors) > 0 && (
        <div className="gh-item-acts">
          <Button size="xs" variant="default" onClick={() => open('codes')}>
            Make new ones<span className="gh-unseen"> for recovery</span>
          </Button>
        </div>
      )}
    </li>
  )
}

function Dialogs({ factors }: Of) {
  const { name, id, close } = useOpened()
  const [codes, setCodes] = useState<readonly string[] | null>(null)
  const passkey = factors.passkeys.find((one) => one.id === id)
  return (
    <>
      {name === 'app' && (
        <AppDialog replaces={factors.enrolledAt !== null} onMade={setCodes} onClose={close} />
      )}
      {name === 'remove-app' && factors.enrolledAt !== null && (
        <RemoveFactorDialog factors={factors} passkey={null} onClose={close} />
      )}
      {name === 'passkey' && factors.passkeysWork && <MakePasskeyDialog onMade={setCodes} onClose={close} />}
      {name === 'rename-passkey' && passkey !== undefined && (
        <RenamePasskeyDialog passkey={passkey} onClose={close} />
      )}
      {name === 'remove-passkey' && passkey !== undefined && (
        <RemoveFactorDialog factors={factors} passkey={passkey} onClose={close} />
      )}
      {name === 'codes' && countOf(factors) > 0 && (
        <RenewCodesDialog left={factors.recoveryCodesLeft} onMade={setCodes} onClose={close} />
      )}
      {codes !== null && <RecoveryCodesDialog codes={codes} onClose={() => setCodes(null)} />}
    </>
  )
}

function List({ factors }: Of) {
  return (
    <>
      {countOf(factors) === 0 && (
        <p className="gh-card-text gh-warn-text">
          Your password alone opens your account. Set one up now: whoever learns the password is in.
        </p>
      )}
      <ul className="gh-rows">
        <App factors={factors} />
        {factors.passkeys.map((passkey) => (
          <Passkey key={passkey.id} passkey={passkey} />
        ))}
        <RecoveryCodes factors={factors} />
      </ul>
      {!factors.passkeysWork && (
        <p className="gh-card-form gh-faint">
          Passkeys cannot be made here: browsers make them only over https, at a host that has a name.
        </p>
      )}
      <Dialogs factors={factors} />
    </>
  )
}

/** The card. */
export function FactorsCard() {
  const found = useQuery(factorsQuery)
  const { open } = useOpened()
  return (
    <section className="gh-card" aria-labelledby="factors-title">
      <div className="gh-card-head">
        <h2 id="factors-title">Second factors</h2>
        {found.data?.passkeysWork === true && (
          <Button leftSection={<Icon name="plus" />} onClick={() => open('passkey')}>
            Add a passkey
          </Button>
        )}
      </div>
      {found.isPending ? (
        <Loading rows={3} label="Loading your second factors" />
      ) : found.isError ? (
        <Failed error={found.error} again={found.refetch} />
      ) : (
        <List factors={found.data} />
      )}
    </section>
  )
}
