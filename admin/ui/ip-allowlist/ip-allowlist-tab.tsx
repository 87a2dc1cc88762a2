/**
 * The IP allowlist of a practice: its switch, its entries, the admin's own address, and a question about any address.
 *
 * Who is in scope is General settings'. Invariant: every edit names the revision that this page shows, so that nobody
 * overwrites what they never saw.
 */
import { Button } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useCallback, useState } from 'react'
import { ControlSwitch } from '../general/control-switch.tsx'
import { Icon } from '../parts/icons.tsx'
import { LoadMore } from '../parts/load-more.tsx'
import { SearchField } from '../parts/search-field.tsx'
import { Blank, Failed, Loading } from '../parts/states.tsx'
import { usePractice } from '../practice.ts'
import { type Entry, entriesQuery, myAddressQuery } from '../queries.ts'
import { AddressTest } from './address-test.tsx'
import { EntriesTable } from './entries-table.tsx'
import { type Draft, EntryDialog } from './entry-dialog.tsx'

const route = getRouteApi('/practices/$practice/ip-allowlist')

function MyAddress({ onAdd }: { readonly onAdd: (draft: Draft) => void }) {
  const practice = usePractice()
  const { data } = useQuery(myAddressQuery(practice.id))
  const mayEdit = practice.may('gw.ip.edit')
  return (
    <div className="gh-my-address">
      <p>
        {data === undefined ? (
          'Looking up your address …'
        ) : (
          <>
            You come from <code>{data.address}</code> <span className="gh-faint">({data.sentence})</span>,{' '}
            {data.listed
              ? `listed${data.label === null ? '' : ` as “${data.label}”`}.`
              : 'which is not listed.'}
          </>
        )}
      </p>
      <Button
        variant="default"
        disabled={data === undefined || !mayEdit}
        onClick={() =>
          data !== undefined &&
          onAdd({
            entry: null,
            range: data.range,
            label: 'My network',
            origin: `This is where you are now: ${data.address}, as given by ${data.sentence}.`,
          })
        }
      >
        Add my current IP
      </Button>
    </div>
  )
}

function Nothing({ text, onAdd }: { readonly text: string; readonly onAdd: (() => void) | null }) {
  if (text !== '')
    return (
      <Blank icon="search" title={`Nothing mentions “${text}”`}>
        Search looks at ranges, labels and notes.
      </Blank>
    )
  return (
    <Blank
      icon="network"
      title="No network is listed yet"
      action={onAdd === null ? null : <Button onClick={onAdd}>Add the first entry</Button>}
    >
      List the networks your people work from, such as the office. Once the switch is on Enforce, everyone in
      scope gets in from these and from nowhere else; an empty list cannot be enforced.
    </Blank>
  )
}

function Entries({ onEdit, onAdd }: { readonly onEdit: (entry: Entry) => void; readonly onAdd: () => void }) {
  const practice = usePractice()
  const { text = '' } = route.useSearch()
  const entries = useInfiniteQuery(entriesQuery(practice.id, text))
  if (entries.isPending) return <Loading label="Loading the entries" />
  if (entries.isError) return <Failed error={entries.error} again={entries.refetch} />
  const found = entries.data.pages.flatMap((page) => page.entries)
  const [first] = entries.data.pages
  if (found.length === 0 || first === undefined)
    return <Nothing text={text} onAdd={practice.may('gw.ip.edit') ? onAdd : null} />
  return (
    <>
      <EntriesTable
        entries={found}
        revision={first.revision}
        total={first.total}
        onEdit={onEdit}
        reload={entries.refetch}
      />
      <LoadMore
        hasMore={entries.hasNextPage}
        isLoading={entries.isFetchingNextPage}
        load={entries.fetchNextPage}
      />
    </>
  )
}

/** The tab. */
export function IpAllowlistTab() {
  const practice = usePractice()
  const { text = '' } = route.useSearch()
  const navigate = route.useNavigate()
  const [draft, setDraft] = useState<Draft | null>(null)
  const settle = useCallback(
    (wanted: string) => void navigate({ search: wanted === '' ? {} : { text: wanted }, replace: true }),
    [navigate],
  )
  const addEntry = () => setDraft({ entry: null, range: '', label: '', origin: null })
  return (
    <>
      <div className="gh-page-head">
        <h1>IP allowlist</h1>
        <p>Where people of this practice may work from.</p>
      </div>
      <ControlSwitch control="ip" />
      <section className="gh-card" aria-labelledby="entries-title">
        <div className="gh-card-head">
          <h2 id="entries-title">Entries</h2>
          <SearchField label="Search entries" text={text} onSettle={settle} />
          <Button
            leftSection={<Icon name="plus" />}
            disabled={!practice.may('gw.ip.edit')}
            onClick={addEntry}
          >
            Add entry
          </Button>
        </div>
        <MyAddress onAdd={setDraft} />
        <Entries
          onAdd={addEntry}
          onEdit={(entry) => setDraft({ entry, range: entry.range, label: entry.label, origin: null })}
        />
      </section>
      <AddressTest />
      {draft !== null && <EntryDialog draft={draft} onClose={() => setDraft(null)} />}
    </>
  )
}
