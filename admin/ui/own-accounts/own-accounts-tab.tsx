/**
 * Own accounts, for operators: who has one, how well it is protected, what it reaches; and who is in at the admin origin.
 *
 * People of practices come in from the application and have none. Invariant: a link is on the page once, right after it was
 * made; nobody changes their own account here, so that nobody locks the last door from inside.
 */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Icon } from '../parts/icons.tsx'
import { KeptDialog, Secret } from '../parts/kept-secret.tsx'
import { useOpened } from '../parts/opened.ts'
import { OperatorsOnly } from '../parts/operators-only.tsx'
import { Failed, Loading } from '../parts/states.tsx'
import { meQuery } from '../queries.ts'
import { RemoveDialog, ResetDialog, UnlinkDialog } from './account-acts.tsx'
import { AccountDialog } from './account-dialog.tsx'
import { accountsQuery, type OwnAccount } from './account-queries.ts'
import { AccountsTable } from './accounts-table.tsx'
import { IdentityDialog } from './identity-dialog.tsx'
import { SessionsCard } from './sessions-card.tsx'

/** A link just made, of an account. */
export type MadeLink = { readonly link: string; readonly name: string }

function LinkDialog({ made, onClose }: { readonly made: MadeLink; readonly onClose: () => void }) {
  return (
    <KeptDialog
      title={`The link of ${made.name}`}
      kept="It is handed over by a way I trust"
      onClose={onClose}
    >
      <Secret label="Link" text={`${location.origin}${made.link}`} />
      <p>
        It works once, for a day, and lets whoever has it set the password of this account. Hand it over in
        person or by phone, never by a mail that others read. It is not shown again; a new one voids it.
      </p>
    </KeptDialog>
  )
}

function Dialogs({ accounts }: { readonly accounts: readonly OwnAccount[] }) {
  const { name, id, close } = useOpened()
  const [made, setMade] = useState<MadeLink | null>(null)
  const account = accounts.find((one) => one.id === id && !one.mine)
  return (
    <>
      {name === 'invite' && <AccountDialog account={null} onMade={setMade} onClose={close} />}
      {account !== undefined && (
        <>
          {name === 'edit' && (
            <AccountDialog key={account.id} account={account} onMade={setMade} onClose={close} />
          )}
          {name === 'reset' && <ResetDialog account={account} onMade={setMade} onClose={close} />}
          {name === 'remove' && <RemoveDialog account={account} onClose={close} />}
          {name === 'link' && <IdentityDialog account={account} onClose={close} />}
          {name === 'unlink' && account.identity !== null && (
            <UnlinkDialog account={account} onClose={close} />
          )}
        </>
      )}
      {made !== null && <LinkDialog made={made} onClose={() => setMade(null)} />}
    </>
  )
}

function Accounts() {
  const found = useQuery(accountsQuery)
  if (found.isPending) return <Loading label="Loading the accounts" />
  if (found.isError) return <Failed error={found.error} again={found.refetch} />
  return (
    <>
      <AccountsTable accounts={found.data.accounts} />
      <Dialogs accounts={found.data.accounts} />
    </>
  )
}

/** The screen. */
export function OwnAccountsTab() {
  const { data: me } = useQuery(meQuery)
  const { open } = useOpened()
  if (me?.operator !== true) return <OperatorsOnly />
  return (
    <>
      <div className="gh-page-head">
        <h1>Own accounts</h1>
        <p>
          For operators and emergencies. People of a practice come in from the application, with their own
          sign-in and a second factor.
        </p>
      </div>
      <section className="gh-card" aria-labelledby="accounts-title">
        <div className="gh-card-head">
          <h2 id="accounts-title">Accounts</h2>
          <Button leftSection={<Icon name="plus" />} onClick={() => open('invite')}>
            Invite by link
          </Button>
        </div>
        <Accounts />
      </section>
      <SessionsCard />
    </>
  )
}
