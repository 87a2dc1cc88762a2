/**
 * My account: password, second factors, sealed codes and sessions of whoever is signed in with an own account.
 *
 * It belongs to no practice, so it stands beside them under its own address; other people's accounts are the operators'.
 * Invariant: who came from an application is told where their sign-in is kept, and nothing of it is asked for here.
 */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useOpened } from '../parts/opened.ts'
import { Blank } from '../parts/states.tsx'
import { Tag } from '../parts/tag.tsx'
import { meQuery } from '../queries.ts'
import { AccountMenu, AddressChip, Brand, PracticeSwitcher, SchemeToggle } from '../shell/header-parts.tsx'
import { FactorsCard } from './factors-card.tsx'
import { OwnSessionsCard } from './own-sessions-card.tsx'
import { PasswordDialog } from './password-dialog.tsx'

function PasswordCard({ login }: { readonly login: string }) {
  const { name, open, close } = useOpened()
  return (
    <section className="gh-card" aria-labelledby="password-title">
      <div className="gh-card-head">
        <h2 id="password-title">Password</h2>
        <Button variant="default" onClick={() => open('password')}>
          Change password
        </Button>
      </div>
      <p className="gh-card-text gh-faint">
        You sign in as <span className="gh-strong">{login}</span>. Forgotten? Another operator makes you a
        link that sets a new one.
      </p>
      {name === 'password' && <PasswordDialog login={login} onClose={close} />}
    </section>
  )
}

function SealedCard({ left, practice }: { readonly left: number; readonly practice: string | undefined }) {
  return (
    <section className="gh-card" aria-labelledby="sealed-title">
      <div className="gh-card-head">
        <h2 id="sealed-title">Sealed codes</h2>
        <Tag tone={left === 0 ? 'bad' : left < 4 ? 'warn' : 'good'}>{left} of 10 unused</Tag>
      </div>
      <p className="gh-card-text gh-faint">
        On paper, in an envelope, for the day when nothing else opens Security Management.{' '}
        {practice === undefined ? (
          'They are made on the screen Emergency access, once there is a practice.'
        ) : (
          <Link to="/practices/$practice/emergency" params={{ practice }}>
            Make new ones, or make them void, on Emergency access
          </Link>
        )}
      </p>
    </section>
  )
}

function Content() {
  const { data: me } = useQuery(meQuery)
  if (me === undefined) return null
  const { account, sealedCodesLeft, operator, practices, accountPage } = me
  return (
    <>
      <div className="gh-page-head">
        <h1>My account</h1>
        <p>
          {account.name} · {account.login}
        </p>
      </div>
      {sealedCodesLeft === null ? (
        <section className="gh-card">
          <Blank
            icon="user"
            title="Your sign-in is kept by your application"
            action={
              accountPage === null ? undefined : (
                <Button component="a" href={accountPage} rel="noreferrer">
                  Open “Your account”
                </Button>
              )
            }
          >
            You came to Security Management from the application of your practice. Password, passkeys,
            authenticator app and recovery codes are those you sign in with there
            {accountPage === null
              ? ': open the application and go to /.gatehouse/account, “Your account”, to change them.'
              : ', and changed on its page “Your account”.'}{' '}
            Nothing of them is kept here.
          </Blank>
        </section>
      ) : (
        <>
          <PasswordCard login={account.login} />
          <FactorsCard />
          <SealedCard left={sealedCodesLeft} practice={practices[0]?.id} />
          {operator && <OwnSessionsCard />}
        </>
      )}
    </>
  )
}

/** The screen with its header. */
export function AccountPage() {
  useEffect(() => {
    document.title = 'My account · Gatehouse'
  }, [])
  return (
    <>
      <a className="gh-skip" href="#content">
        Skip to content
      </a>
      <header className="gh-header">
        <Brand />
        <PracticeSwitcher current={null} />
        <div className="gh-header-end">
          <AddressChip practice={null} />
          <span className="gh-header-buttons">
            <SchemeToggle />
            <AccountMenu />
          </span>
        </div>
      </header>
      <div className="gh-shell">
        <main className="gh-main" id="content" tabIndex={-1}>
          <Content />
        </main>
      </div>
    </>
  )
}
