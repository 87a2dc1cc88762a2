/**
 * The tokens as a table (as cards on a phone): name and prefix, scope in words, owner, last use, end, rotate, revoke.
 *
 * It loads nothing. Invariant: "any route", "from anywhere" and an end within two weeks are marked, the rest is not.
 */
import { Button } from '@mantine/core'
import { useOpened } from '../parts/opened.ts'
import { Tag, type Tone } from '../parts/tag.tsx'
import { When } from '../parts/when.tsx'
import { usePractice } from '../practice.ts'
import { useNow } from '../times.ts'
import type { ServiceToken } from './token-queries.ts'

const soonMs = 14 * 86_400_000
const shownMax = 3

const tones: Readonly<Record<ServiceToken['state'], Tone>> = {
  active: 'good',
  expired: 'neutral',
  revoked: 'bad',
}

function Some({ parts }: { readonly parts: readonly string[] }) {
  if (parts.length <= shownMax)
    return (
      <>
        {parts.map((part) => (
          <code key={part} className="gh-line">
            {part}
          </code>
        ))}
      </>
    )
  return (
    <details>
      <summary className="gh-summary-line">
        <code>{parts[0]}</code> and {parts.length - 1} more
      </summary>
      {parts.slice(1).map((part) => (
        <code key={part} className="gh-line">
          {part}
        </code>
      ))}
    </details>
  )
}

function Scope({ token }: { readonly token: ServiceToken }) {
  const { routes, methods, permissions } = token
  return (
    <div>
      {routes === 'anything' ? <Tag tone="warn">any route</Tag> : <Some parts={routes} />}
      <span className="gh-sub">
        {methods === 'anything' ? 'any method' : methods.join(', ')}
        {permissions.length === 0
          ? ', no permission'
          : `, ${permissions.length} permission${permissions.length === 1 ? '' : 's'}`}
      </span>
    </div>
  )
}

function Ends({ token }: { readonly token: ServiceToken }) {
  const now = useNow()
  if (token.state !== 'active')
    return (
      <>
        <Tag tone={tones[token.state]}>{token.state}</Tag>
        <span className="gh-sub">
          {token.revokedAt === null ? (
            <When at={token.expiresAt} />
          ) : (
            <>
              by {token.revokedBy} <When at={token.revokedAt} />
            </>
          )}
        </span>
      </>
    )
  return (
    <>
      <When at={token.expiresAt} as="date" /> {token.expiresAt - now < soonMs && <Tag tone="warn">soon</Tag>}
    </>
  )
}

function Row({ token }: { readonly token: ServiceToken }) {
  const mayEdit = usePractice().may('gw.tokens.edit')
  const { open } = useOpened()
  const ofToken = <span className="gh-unseen"> {token.name}</span>
  return (
    <tr className={token.state === 'active' ? '' : 'gh-row-off'}>
      <th scope="row" data-label="Machine">
        <span className="gh-strong">{token.name}</span>
        <span className="gh-sub">
          <code>{token.prefix}…</code>
        </span>
      </th>
      <td data-label="May ask for">
        <Scope token={token} />
      </td>
      <td data-label="From">
        <div>
          {token.ranges === 'anywhere' ? <Tag tone="warn">anywhere</Tag> : <Some parts={token.ranges} />}
        </div>
      </td>
      <td data-label="Owner">{token.owner.name}</td>
      <td data-label="Last used">
        {token.lastUsedAt === null ? (
          <span className="gh-faint">never</span>
        ) : (
          <div>
            <When at={token.lastUsedAt} />
            {token.lastAddress !== null && (
              <span className="gh-sub">
                <code>{token.lastAddress}</code>
              </span>
            )}
          </div>
        )}
      </td>
      <td data-label="Ends">
        <div>
          <Ends token={token} />
        </div>
      </td>
      <td className="gh-row-acts">
        {token.state !== 'revoked' && (
          <Button size="xs" variant="default" disabled={!mayEdit} onClick={() => open('rotate', token.id)}>
            Rotate{ofToken}
          </Button>
        )}
        {token.state === 'active' && (
          <Button size="xs" variant="default" disabled={!mayEdit} onClick={() => open('revoke', token.id)}>
            Revoke{ofToken}
          </Button>
        )}
      </td>
    </tr>
  )
}

/** The table. */
export function TokensTable({ tokens }: { readonly tokens: readonly ServiceToken[] }) {
  return (
    <table className="gh-table">
      <caption className="gh-unseen">Service tokens, newest first</caption>
      <thead>
        <tr>
          <th scope="col">Machine</th>
          <th scope="col">May ask for</th>
          <th scope="col">From</th>
          <th scope="col">Owner</th>
          <th scope="col">Last used</th>
          <th scope="col">Ends</th>
          <th scope="col">
            <span className="gh-unseen">Rotate or revoke</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {tokens.map((token) => (
          <Row key={token.id} token={token} />
        ))}
      </tbody>
    </table>
  )
}
