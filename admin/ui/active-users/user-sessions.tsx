/**
 * One active user with their sessions: how they signed in, where from, with what, since when.
 *
 * It revokes nothing itself. Invariant: of other practices only the number is told; what the browser says of itself
 * (device) is shown as such and never trusted.
 */
import { Button } from '@mantine/core'
import { factorName } from '../parts/factor-words.ts'
import { Tag } from '../parts/tag.tsx'
import { When } from '../parts/when.tsx'
import { usePractice } from '../practice.ts'
import type { ActiveUser, Session } from '../queries.ts'
import type { Revocation } from './revoke-dialog.tsx'

const methods: Readonly<Record<string, string>> = {
  'app-password': 'Password of the application',
  'own-password': 'Password',
  'own-passkey': 'Passkey',
  google: 'Google',
  adopted: 'Signed in before Gatehouse',
}

const nameOf = (method: string): string => methods[method] ?? method.replaceAll('-', ' ')

const initials = (name: string): string =>
  name
    .split(/\s+/)
    .map((word) => word.charAt(0))
    .filter((letter) => /\p{L}/u.test(letter))
    .slice(0, 2)
    .join('')
    .toUpperCase()

function SignIn({ session }: { readonly session: Session }) {
  return (
    <>
      {nameOf(session.method)}
      <span className="gh-sub">
        {session.factor === null ? (
          'no second factor'
        ) : (
          <>
            {factorName(session.factor.method)}, <When at={session.factor.verifiedAt} />
          </>
        )}
      </span>
      {session.held && <Tag tone="warn">waiting for a step</Tag>}
    </>
  )
}

function Address({ session }: { readonly session: Session }) {
  return (
    <>
      <code>{session.address}</code>
      <span className="gh-sub">{session.network ?? 'not listed'}</span>
      {session.firstAddress !== session.address && (
        <span className="gh-sub">signed in from {session.firstAddress}</span>
      )}
    </>
  )
}

function Row({ session, onRevoke }: { readonly session: Session; readonly onRevoke: () => void }) {
  const mayRevoke = usePractice().may('gw.sessions.revoke')
  return (
    <tr>
      <td data-label="Sign-in">
        <SignIn session={session} />
      </td>
      <td data-label="Address">
        <Address session={session} />
      </td>
      <td data-label="Device">
        {session.device} {session.mine && <Tag tone="accent">this is you</Tag>}
      </td>
      <td data-label="Practices">{session.practices.map(({ name }) => name).join(', ')}</td>
      <td data-label="Started">
        <When at={session.startedAt} />
      </td>
      <td data-label="Last seen">
        <When at={session.lastSeenAt} />
      </td>
      <td data-label="Streams" className="gh-number">
        {session.streams}
      </td>
      <td className="gh-row-acts">
        <Button size="compact-sm" variant="subtle" color="red" disabled={!mayRevoke} onClick={onRevoke}>
          Revoke session
        </Button>
      </td>
    </tr>
  )
}

function Head({ user, onRevoke }: { readonly user: ActiveUser; readonly onRevoke: () => void }) {
  const mayRevoke = usePractice().may('gw.sessions.revoke')
  return (
    <div className="gh-card-head">
      <span className="gh-initials" aria-hidden="true">
        {initials(user.name)}
      </span>
      <div className="gh-person">
        <h2 id={`user-${user.user}`}>{user.name}</h2>
        <span className="gh-sub">
          {user.login}
          {user.email !== null && user.email !== user.login && ` · ${user.email}`}
        </span>
      </div>
      <div className="gh-tags">
        {user.roles.map((role) => (
          <Tag key={role}>{role}</Tag>
        ))}
        {user.suspended && <Tag tone="bad">suspended</Tag>}
        {user.otherPractices > 0 && (
          <span className="gh-faint">
            also in {user.otherPractices} other {user.otherPractices === 1 ? 'practice' : 'practices'}
          </span>
        )}
      </div>
      <Button size="sm" variant="default" disabled={!mayRevoke} onClick={onRevoke}>
        Revoke user
      </Button>
    </div>
  )
}

/** The user, a region named after them. */
export function UserSessions(props: {
  readonly user: ActiveUser
  readonly onRevoke: (revocation: Revocation) => void
}) {
  const { user, onRevoke } = props
  return (
    <section className="gh-card" aria-labelledby={`user-${user.user}`}>
      <Head user={user} onRevoke={() => onRevoke({ of: 'user', user })} />
      <table className="gh-table gh-sessions">
        <caption className="gh-unseen">Sessions of {user.name}</caption>
        <thead>
          <tr>
            <th scope="col">Sign-in</th>
            <th scope="col">Address</th>
            <th scope="col">Device</th>
            <th scope="col">Practices</th>
            <th scope="col">Started</th>
            <th scope="col">Last seen</th>
            <th scope="col" className="gh-number">
              Streams
            </th>
            <th scope="col">
              <span className="gh-unseen">Revoke</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {user.sessions.map((session) => (
            <Row
              key={session.id}
              session={session}
              onRevoke={() => onRevoke({ of: 'session', user, session })}
            />
          ))}
        </tbody>
      </table>
    </section>
  )
}
