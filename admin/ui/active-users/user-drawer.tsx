/**
 * One person who is in: each live session with method, factor, address and open connections, and what happened lately.
 *
 * It revokes through the review (`revoke-dialog.tsx`). Invariant: who it is, the address says; what the browser says of
 * itself (device) is shown as such and never trusted.
 */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Drawer } from '../parts/drawer.tsx'
import { factorName } from '../parts/factor-words.ts'
import { Failed, Loading } from '../parts/states.tsx'
import { Tag } from '../parts/tag.tsx'
import { When } from '../parts/when.tsx'
import { usePractice } from '../practice.ts'
import type { ActiveUser, Session } from '../queries.ts'
import { actionsQuery } from '../security-events/event-queries.ts'
import { titleOf } from '../security-events/event-titles.ts'
import { memberQuery } from '../users/users-queries.ts'
import { activeUserQuery, historyQuery } from './active-queries.ts'
import type { OnRevoke } from './revoke-dialog.tsx'
import { signInName } from './sign-in-words.ts'

function Facts({ session }: { readonly session: Session }) {
  const { factor } = session
  return (
    <dl className="gh-drawer-facts">
      <dt>Signed in</dt>
      <dd>
        {signInName(session.method)}, <When at={session.startedAt} />
      </dd>
      <dt>Second factor</dt>
      <dd>
        {factor === null ? (
          <span className="gh-faint">none shown</span>
        ) : (
          <>
            {factorName(factor.method)}, <When at={factor.verifiedAt} />
          </>
        )}
      </dd>
      <dt>Address</dt>
      <dd>
        <code>{session.address}</code> {session.network ?? 'not listed'}
        {session.firstAddress !== session.address && (
          <span className="gh-sub">signed in from {session.firstAddress}</span>
        )}
      </dd>
      <dt>Open connections</dt>
      <dd className="gh-numbers">{session.streams}</dd>
      <dt>Last seen</dt>
      <dd>
        <When at={session.lastSeenAt} />, ends by itself <When at={session.endsAt} />
      </dd>
      <dt>Reaches</dt>
      <dd>{session.practices.map(({ name }) => name).join(', ')}</dd>
    </dl>
  )
}

function OneSession({ session, onRevoke }: { readonly session: Session; readonly onRevoke: () => void }) {
  const mayRevoke = usePractice().may('gw.sessions.revoke')
  const id = `session-${session.id}`
  return (
    <section className="gh-session" aria-labelledby={id}>
      <div className="gh-session-head">
        <h3 id={id}>{session.device}</h3>
        {session.mine && <Tag tone="accent">this is you</Tag>}
        {session.held && <Tag tone="warn">waiting for a step</Tag>}
        <Button size="compact-sm" variant="subtle" color="red" disabled={!mayRevoke} onClick={onRevoke}>
          Revoke session
        </Button>
      </div>
      <Facts session={session} />
    </section>
  )
}

function History({ user }: { readonly user: string }) {
  const practice = usePractice()
  const may = practice.may('gw.events.view')
  const history = useQuery({ ...historyQuery(practice.id, user), enabled: may })
  const { data: actions } = useQuery({ ...actionsQuery(practice.id), enabled: may })
  const meanings = new Map((actions?.actions ?? []).map(({ action, meaning }) => [action, meaning]))
  return (
    <section aria-labelledby="history-title">
      <h3 id="history-title" className="gh-review-title">
        What happened lately
      </h3>
      {!may && <p className="gh-faint">To see it, you need the permission gw.events.view here.</p>}
      {history.isError && <Failed error={history.error} again={history.refetch} />}
      {history.data?.events.length === 0 && <p className="gh-faint">Nothing is in the security events.</p>}
      <ol className="gh-history">
        {(history.data?.events ?? []).map(({ number, at, type, actor, address, reason }) => (
          <li key={number}>
            <When at={at} />
            <span>
              {meanings.get(type) ?? titleOf(type)}
              <span className="gh-sub">
                {[actor.name, address, reason === null ? null : `“${reason}”`]
                  .filter((part) => part !== null)
                  .join(' · ')}
              </span>
            </span>
          </li>
        ))}
      </ol>
    </section>
  )
}

function Acts({ user, onRevoke }: { readonly user: ActiveUser; readonly onRevoke: OnRevoke }) {
  const practice = usePractice()
  const mayRevoke = practice.may('gw.sessions.revoke')
  return (
    <div className="gh-drawer-acts">
      <Button disabled={!mayRevoke} color="red" onClick={() => onRevoke({ of: 'user', user })}>
        Sign out
      </Button>
      <Button
        variant="default"
        disabled={!mayRevoke}
        onClick={() => onRevoke({ of: 'user', user, block: true })}
      >
        Sign out and block
      </Button>
      <Link
        to="/practices/$practice/users"
        params={{ practice: practice.id }}
        search={{ user: user.user }}
        className="gh-button-link"
      >
        Their account
      </Link>
    </div>
  )
}

/** The drawer of `user`; `isCovered`: a dialog stands above it. */
export function UserDrawer(props: {
  readonly user: string
  readonly isCovered: boolean
  readonly onRevoke: OnRevoke
  readonly onClose: () => void
}) {
  const { user: id, isCovered, onRevoke, onClose } = props
  const practice = usePractice()
  const found = useQuery(activeUserQuery(practice.id, id))
  const user = found.data?.users[0]
  const { data: members } = useQuery({
    ...memberQuery(practice.id, id),
    enabled: found.isSuccess && user === undefined,
  })
  return (
    <Drawer
      title={user?.name ?? members?.members[0]?.name ?? 'Person'}
      isCovered={isCovered}
      onClose={onClose}
    >
      {found.isPending && <Loading rows={4} label="Loading the sessions" />}
      {found.isError && <Failed error={found.error} again={found.refetch} />}
      {found.isSuccess && user === undefined && <p>They have no live session in this practice just now.</p>}
      {user !== undefined && (
        <>
          <Acts user={user} onRevoke={onRevoke} />
          {user.sessions.map((session) => (
            <OneSession
              key={session.id}
              session={session}
              onRevoke={() => onRevoke({ of: 'session', user, session })}
            />
          ))}
        </>
      )}
      <History user={id} />
    </Drawer>
  )
}
