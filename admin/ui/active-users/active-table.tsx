/**
 * A page of people with live sessions: how they are in, where from, what is open; chosen for one act on all of them.
 *
 * One person in full is `user-drawer.tsx`. Invariant: it revokes nothing itself; of other practices only the number is
 * told.
 */
import { Button, Checkbox } from '@mantine/core'
import { getRouteApi, Link } from '@tanstack/react-router'
import { factorName } from '../parts/factor-words.ts'
import { Tag } from '../parts/tag.tsx'
import { When } from '../parts/when.tsx'
import { usePractice } from '../practice.ts'
import type { ActiveUser, Session } from '../queries.ts'
import { signInName } from './sign-in-words.ts'

const route = getRouteApi('/practices/$practice/active-users')

/** Open connections of sessions, as gateways reported them within the last minute. */
export const streamsOf = (sessions: readonly Session[]): number =>
  sessions.reduce((sum, { streams }) => sum + streams, 0)

const different = (words: readonly string[]): string => [...new Set(words)].join(', ')

function Factors({ sessions }: { readonly sessions: readonly Session[] }) {
  const shown = sessions.flatMap(({ factor }) => (factor === null ? [] : [factorName(factor.method)]))
  return (
    <span className="gh-sub">
      {shown.length === 0 ? 'no second factor' : different(shown)}
      {shown.length > 0 && shown.length < sessions.length && ', not in every session'}
    </span>
  )
}

function Person({ user }: { readonly user: ActiveUser }) {
  return (
    <span>
      <Link
        from={route.id}
        to="."
        search={(now) => ({ ...now, user: user.user })}
        resetScroll={false}
        className="gh-link"
      >
        {user.name}
      </Link>{' '}
      {user.suspended && <Tag tone="bad">suspended</Tag>}
      {user.sessions.some(({ mine }) => mine) && <Tag tone="accent">this is you</Tag>}
      <span className="gh-sub">
        {user.login}
        {user.otherPractices > 0 &&
          ` · also in ${user.otherPractices} other ${user.otherPractices === 1 ? 'practice' : 'practices'}`}
      </span>
    </span>
  )
}

function Row(props: {
  readonly user: ActiveUser
  readonly isChosen: boolean
  readonly onChoose: (isChosen: boolean) => void
  readonly onRevoke: () => void
}) {
  const { user, isChosen } = props
  const { sessions } = user
  const mayRevoke = usePractice().may('gw.sessions.revoke')
  const [newest] = sessions
  const streams = streamsOf(sessions)
  return (
    <tr>
      <td className="gh-choose">
        <Checkbox
          aria-label={`Choose ${user.name}`}
          disabled={!mayRevoke}
          checked={isChosen}
          onChange={(event) => props.onChoose(event.currentTarget.checked)}
        />
      </td>
      <th scope="row" data-label="Person">
        <Person user={user} />
      </th>
      <td data-label="Sign-in">
        <span>
          {different(sessions.map(({ method }) => signInName(method)))}
          <Factors sessions={sessions} />
          {sessions.some(({ held }) => held) && <Tag tone="warn">waiting for a step</Tag>}
        </span>
      </td>
      <td data-label="From">
        <span>
          {newest !== undefined && <code>{newest.address}</code>}
          <span className="gh-sub">
            {newest?.network ?? 'not listed'}
            {sessions.length > 1 && ` · ${sessions.length} sessions`}
          </span>
        </span>
      </td>
      <td data-label="Open now" className="gh-number">
        {streams === 0 ? <span className="gh-faint">none</span> : streams}
      </td>
      <td data-label="Last seen">{newest !== undefined && <When at={newest.lastSeenAt} />}</td>
      <td className="gh-row-acts">
        <Button
          size="compact-sm"
          variant="subtle"
          color="red"
          disabled={!mayRevoke}
          aria-label={`Revoke ${user.name}`}
          onClick={props.onRevoke}
        >
          Revoke
        </Button>
      </td>
    </tr>
  )
}

/** The table; `chosen`: ids of those who are chosen. */
export function ActiveTable(props: {
  readonly users: readonly ActiveUser[]
  readonly chosen: ReadonlySet<string>
  readonly onChoose: (users: readonly string[], isChosen: boolean) => void
  readonly onRevoke: (user: ActiveUser) => void
}) {
  const { users, chosen, onChoose } = props
  const here = users.filter(({ user }) => chosen.has(user)).length
  return (
    <table className="gh-table">
      <caption className="gh-unseen">People who are in now</caption>
      <thead>
        <tr>
          <th scope="col">
            <Checkbox
              aria-label="Choose everyone on this page"
              checked={here === users.length}
              indeterminate={here > 0 && here < users.length}
              onChange={(event) =>
                onChoose(
                  users.map(({ user }) => user),
                  event.currentTarget.checked,
                )
              }
            />
          </th>
          <th scope="col">Person</th>
          <th scope="col">Sign-in</th>
          <th scope="col">From</th>
          <th scope="col" className="gh-number">
            Open now
          </th>
          <th scope="col">Last seen</th>
          <th scope="col">
            <span className="gh-unseen">Revoke</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {users.map((user) => (
          <Row
            key={user.user}
            user={user}
            isChosen={chosen.has(user.user)}
            onChoose={(isChosen) => onChoose([user.user], isChosen)}
            onRevoke={() => props.onRevoke(user)}
          />
        ))}
      </tbody>
    </table>
  )
}
