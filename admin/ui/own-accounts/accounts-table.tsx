/**
 * Own accounts as a table (as cards on a phone): who, what they reach, how they sign in, codes, last seen, a menu of acts.
 *
 * It loads nothing. Invariant: what makes an account easy to take over (no second factor) is marked; one's own line has
 * no acts.
 */
import { ActionIcon, Menu } from '@mantine/core'
import { Icon } from '../parts/icons.tsx'
import { useOpened } from '../parts/opened.ts'
import { Tag } from '../parts/tag.tsx'
import { When } from '../parts/when.tsx'
import type { OwnAccount, Reach } from './account-queries.ts'

function ReachWords({ practices }: { readonly practices: Reach }) {
  if (practices === 'every') return <Tag tone="accent">every practice</Tag>
  const ids = Object.keys(practices)
  return ids.length === 0 ? <Tag tone="warn">nothing</Tag> : <span>{ids.join(', ')}</span>
}

function SignIn({ account }: { readonly account: OwnAccount }) {
  const { hasPassword, hasFactor, identity } = account
  return (
    <div>
      <span className="gh-tags">
        {!hasPassword && identity === null && <Tag tone="warn">link not used yet</Tag>}
        {hasPassword && <Tag>password</Tag>}
        <Tag tone={hasFactor ? 'good' : 'bad'}>{hasFactor ? 'second factor' : 'no second factor'}</Tag>
      </span>
      {identity !== null && (
        <span className="gh-sub">
          {identity.provider}: {identity.subject}
        </span>
      )}
    </div>
  )
}

function Acts({ account }: { readonly account: OwnAccount }) {
  const { open } = useOpened()
  const act = (name: string) => () => open(name, account.id)
  return (
    <Menu position="bottom-end" width={240} shadow="md">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`Acts on ${account.name}`}>
          <Icon name="chevron" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown aria-label={`Acts on ${account.name}`}>
        <Menu.Item onClick={act('edit')}>Name, reach, suspension</Menu.Item>
        <Menu.Item onClick={act('reset')}>New link for the password</Menu.Item>
        <Menu.Item onClick={act('link')}>Link with an identity</Menu.Item>
        {account.identity !== null && <Menu.Item onClick={act('unlink')}>Unlink the identity</Menu.Item>}
        <Menu.Divider />
        <Menu.Item onClick={act('remove')}>Remove</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

function Row({ account }: { readonly account: OwnAccount }) {
  return (
    <tr className={account.suspended ? 'gh-row-off' : ''}>
      <th scope="row" data-label="Account">
        <span className="gh-tags">
          <span className="gh-strong">{account.name}</span>
          {account.mine && <Tag tone="accent">you</Tag>}
          {account.suspended && <Tag tone="bad">suspended</Tag>}
        </span>
        <span className="gh-sub">{account.login}</span>
      </th>
      <td data-label="Reaches">
        <ReachWords practices={account.practices} />
      </td>
      <td data-label="Signs in with">
        <SignIn account={account} />
      </td>
      <td data-label="Sealed codes">
        {account.sealedCodesLeft === 0 ? (
          <span className="gh-faint">none</span>
        ) : (
          <span>{account.sealedCodesLeft} unused</span>
        )}
      </td>
      <td data-label="Last seen">
        {account.lastSeenAt === null ? (
          <span className="gh-faint">never</span>
        ) : (
          <When at={account.lastSeenAt} />
        )}
      </td>
      <td className="gh-row-acts">{!account.mine && <Acts account={account} />}</td>
    </tr>
  )
}

/** The table. */
export function AccountsTable({ accounts }: { readonly accounts: readonly OwnAccount[] }) {
  return (
    <table className="gh-table">
      <caption className="gh-unseen">Own accounts by login</caption>
      <thead>
        <tr>
          {['Account', 'Reaches', 'Signs in with', 'Sealed codes', 'Last seen'].map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
          <th scope="col">
            <span className="gh-unseen">Acts</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {accounts.map((account) => (
          <Row key={account.id} account={account} />
        ))}
      </tbody>
    </table>
  )
}
