/**
 * Service tokens: the machines of a practice, what each may do, until when, and when it was last used.
 *
 * Using one is the gateway's. Invariant: the token itself is on the page once, right after it was made; a scope that is
 * everything is spelled as such and marked, so that nobody overlooks it.
 */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useCallback, useState } from 'react'
import { Icon } from '../parts/icons.tsx'
import { KeptDialog, Secret } from '../parts/kept-secret.tsx'
import { useOpened } from '../parts/opened.ts'
import { SearchField } from '../parts/search-field.tsx'
import { Blank, Failed, Loading } from '../parts/states.tsx'
import { StatusFilter } from '../parts/status-filter.tsx'
import { usePractice } from '../practice.ts'
import { type Made, MakeTokenDialog } from './make-token-dialog.tsx'
import { RevokeTokenDialog } from './revoke-token-dialog.tsx'
import { type ServiceToken, tokensQuery } from './token-queries.ts'
import { TokensTable } from './tokens-table.tsx'

const route = getRouteApi('/practices/$practice/tokens')

const states: readonly { readonly id: string; readonly name: string }[] = [
  { id: 'active', name: 'Active' },
  { id: 'expired', name: 'Expired' },
  { id: 'revoked', name: 'Revoked' },
]

const mentions = (token: ServiceToken, text: string): boolean =>
  [token.name, token.prefix, token.owner.name, token.lastAddress ?? '', ...token.ranges].some((part) =>
    part.toLowerCase().includes(text.toLowerCase()),
  )

function Nothing({
  isFiltered,
  onAdd,
}: {
  readonly isFiltered: boolean
  readonly onAdd: (() => void) | null
}) {
  if (isFiltered)
    return (
      <Blank icon="search" title="No token is like that">
        Search looks at names, prefixes, owners and addresses.
      </Blank>
    )
  return (
    <Blank
      icon="key"
      title="No machine has a token yet"
      action={onAdd === null ? null : <Button onClick={onAdd}>Make the first token</Button>}
    >
      A nightly sync, a monitoring check, a phone system: each gets a token of its own, held to the routes,
      addresses and permissions it needs. It is never asked for hours or a second factor, and is revoked from
      one request to the next.
    </Blank>
  )
}

function MadeDialog({ made, onClose }: { readonly made: Made; readonly onClose: () => void }) {
  return (
    <KeptDialog
      title={`The token of “${made.name}”`}
      kept="It is on the machine, or in the password store"
      onClose={onClose}
    >
      <Secret label="Token" text={made.token} />
      <p>
        The machine sends it in the header <code>X-Gatehouse-Token</code>. Gatehouse keeps only its hash: it
        is not shown again.
      </p>
      {made.replaces !== null && (
        <p className="gh-strong">
          “{made.replaces}” goes on working. Put the new token on the machine, see below that it is used, then
          revoke the old one.
        </p>
      )}
    </KeptDialog>
  )
}

function Tokens({
  tokens,
  reload,
}: {
  readonly tokens: readonly ServiceToken[]
  readonly reload: () => unknown
}) {
  const practice = usePractice()
  const { text = '', status = '' } = route.useSearch()
  const { name, id, open, close } = useOpened()
  const [made, setMade] = useState<Made | null>(null)
  const mayEdit = practice.may('gw.tokens.edit')
  const found = tokens.filter((one) => mentions(one, text))
  const shown = found.filter(({ state }) => status === '' || state === status)
  const about = tokens.find((one) => one.id === id)
  const count = (state: string) => found.filter((one) => one.state === state).length
  return (
    <>
      <StatusFilter
        label="State"
        chosen={status}
        choices={[
          { id: '', name: 'All', count: found.length },
          ...states.map((one) => ({ ...one, count: count(one.id) })),
        ]}
      />
      {shown.length === 0 ? (
        <Nothing isFiltered={tokens.length > 0} onAdd={mayEdit ? () => open('new') : null} />
      ) : (
        <TokensTable tokens={shown} />
      )}
      {mayEdit && (name === 'new' || (name === 'rotate' && about !== undefined)) && (
        <MakeTokenDialog
          key={`${name} ${id}`}
          from={name === 'rotate' ? (about ?? null) : null}
          onMade={setMade}
          onClose={close}
        />
      )}
      {mayEdit && name === 'revoke' && about?.state === 'active' && (
        <RevokeTokenDialog token={about} reload={reload} onClose={close} />
      )}
      {made !== null && <MadeDialog made={made} onClose={() => setMade(null)} />}
    </>
  )
}

/** The tab. */
export function TokensTab() {
  const practice = usePractice()
  const found = useQuery(tokensQuery(practice.id))
  const { text = '' } = route.useSearch()
  const navigate = route.useNavigate()
  const { open } = useOpened()
  const settle = useCallback(
    (wanted: string) =>
      void navigate({
        search: ({ text: _before, ...rest }) => (wanted === '' ? rest : { ...rest, text: wanted }),
        replace: true,
      }),
    [navigate],
  )
  return (
    <>
      <div className="gh-page-head">
        <h1>Service tokens</h1>
        <p>Machines that work with the application, each held to exactly what it is for.</p>
      </div>
      <section className="gh-card" aria-labelledby="tokens-title">
        <div className="gh-card-head">
          <h2 id="tokens-title">Tokens</h2>
          <SearchField label="Search tokens" text={text} onSettle={settle} />
          <Button
            leftSection={<Icon name="plus" />}
            disabled={!practice.may('gw.tokens.edit')}
            onClick={() => open('new')}
          >
            New token
          </Button>
        </div>
        {found.isPending ? (
          <Loading label="Loading the tokens" />
        ) : found.isError ? (
          <Failed error={found.error} again={found.refetch} />
        ) : (
          <Tokens tokens={found.data.tokens} reload={found.refetch} />
        )}
      </section>
    </>
  )
}
