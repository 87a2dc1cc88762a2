/**
 * The IP allowlist of a practice: its switch, its entries, the admin's own address, and a question about any address.
 *
 * Who is in scope is General settings'. Invariant: every edit names the revision that this page shows, so that nobody
 * overwrites what they never saw.
 */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useCallback, useState } from 'react'
import { ControlSwitch } from '../general/control-switch.tsx'
import { DownloadButton, fileAt } from '../parts/download-button.tsx'
import { Icon } from '../parts/icons.tsx'
import { useChosen, useOpened } from '../parts/opened.ts'
import { PageNav } from '../parts/page-nav.tsx'
import { SearchField } from '../parts/search-field.tsx'
import { Blank, Failed, Loading } from '../parts/states.tsx'
import { usePractice } from '../practice.ts'
import { type Entry, myAddressQuery } from '../queries.ts'
import type { AllowlistSearch } from '../route-search.ts'
import { AddressCards } from './address-cards.tsx'
import { AddressTest } from './address-test.tsx'
import { entriesPageQuery, pageSize } from './allowlist-queries.ts'
import { BulkBar } from './bulk-bar.tsx'
import { EntriesTable } from './entries-table.tsx'
import { type Draft, EntryDialog } from './entry-dialog.tsx'
import { EntryFilters } from './entry-filters.tsx'
import { entriesText } from './entry-saves.ts'
import { HeartbeatsCard } from './heartbeats-card.tsx'
import { ImportDialog } from './import-dialog.tsx'

const route = getRouteApi('/practices/$practice/ip-allowlist')

function MyAddress() {
  const practice = usePractice()
  const { open } = useOpened()
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
      <Button variant="default" disabled={data === undefined || !mayEdit} onClick={() => open('add-mine')}>
        Add my current IP
      </Button>
    </div>
  )
}

function Nothing({
  isFiltered,
  onAdd,
}: {
  readonly isFiltered: boolean
  readonly onAdd: (() => void) | null
}) {
  const { text } = route.useSearch()
  if (isFiltered)
    return (
      <Blank
        icon="search"
        title={text === undefined ? 'No entry is like that' : `Nothing mentions “${text}”`}
      >
        Search looks at ranges, labels and notes, within the filters above.
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

/** The dialog that the address asks for, about an entry of the page or the admin's own address. */
function Dialogs({ entries }: { readonly entries: readonly Entry[] }) {
  const practice = usePractice()
  const { name, id, close } = useOpened()
  const { data: mine } = useQuery(myAddressQuery(practice.id))
  if (!practice.may('gw.ip.edit')) return null
  const draft = ((): Draft | null => {
    const entry = entries.find((one) => one.id === id)
    if (name === 'add') return { entry: null, range: '', label: '', origin: null }
    if (name === 'edit' && entry !== undefined)
      return { entry, range: entry.range, label: entry.label, origin: null }
    if (name !== 'add-mine' || mine === undefined) return null
    const origin = `This is where you are now: ${mine.address}, as given by ${mine.sentence}.`
    return { entry: null, range: mine.range, label: 'My network', origin }
  })()
  if (name === 'import') return <ImportDialog onClose={close} />
  return draft === null ? null : <EntryDialog key={`${name} ${id}`} draft={draft} onClose={close} />
}

const isFiltered = ({ text, status, use, audience }: AllowlistSearch): boolean =>
  [text, status, use, audience].some((filter) => filter !== undefined)

/** Which page of the list is shown; the way back is known only for pages that were come from here. */
function usePages(total: number, count: number, next: string | null) {
  const { after = '' } = route.useSearch()
  const navigate = route.useNavigate()
  const [visited, setVisited] = useState<readonly string[]>([])
  const go = (cursor: string, trail: readonly string[]) => {
    setVisited(trail)
    void navigate({
      search: ({ after: _after, ...rest }) => (cursor === '' ? rest : { ...rest, after: cursor }),
      resetScroll: false,
    })
  }
  const place = visited.length > 0 && after !== '' ? visited.length * pageSize : after === '' ? 0 : null
  const numbers = new Intl.NumberFormat('en-GB')
  return {
    words:
      place === null
        ? `${count} of ${numbers.format(total)}`
        : `${numbers.format(place + 1)}–${numbers.format(place + count)} of ${numbers.format(total)}`,
    backName: after !== '' && visited.length === 0 ? 'First page' : 'Previous',
    back: after === '' ? null : () => go(visited.at(-1) ?? '', visited.slice(0, -1)),
    on: next === null ? null : () => go(next, [...visited, after]),
  }
}

function Found(props: {
  readonly entries: readonly Entry[]
  readonly revision: number
  readonly total: number
  readonly next: string | null
  readonly reload: () => unknown
}) {
  const { entries, revision, total, next, reload } = props
  const { ids: chosen, choose, clear } = useChosen()
  const pages = usePages(total, entries.length, next)
  const picked = entries.filter(({ id }) => chosen.has(id))
  return (
    <>
      {picked.length > 0 && (
        <BulkBar entries={picked} revision={revision} onDone={clear} onClear={clear} reload={reload} />
      )}
      <EntriesTable {...{ entries, revision, total, chosen, reload }} onChoose={choose} />
      {(pages.back !== null || pages.on !== null) && <PageNav {...pages} />}
    </>
  )
}

function Entries() {
  const practice = usePractice()
  const search = route.useSearch()
  const { open } = useOpened()
  const found = useQuery(entriesPageQuery(practice.id, search))
  const list = found.data
  return (
    <>
      <EntryFilters words={list === undefined ? '' : entriesText(list.total)} />
      {found.isPending ? (
        <Loading label="Loading the entries" />
      ) : found.isError ? (
        <Failed error={found.error} again={found.refetch} />
      ) : found.data.entries.length === 0 ? (
        <Nothing
          isFiltered={isFiltered(search)}
          onAdd={practice.may('gw.ip.edit') ? () => open('add') : null}
        />
      ) : (
        <Found
          entries={found.data.entries}
          revision={found.data.revision}
          total={found.data.total}
          next={found.data.nextCursor}
          reload={found.refetch}
        />
      )}
      <Dialogs entries={list?.entries ?? []} />
    </>
  )
}

/** The tab. */
export function IpAllowlistTab() {
  const practice = usePractice()
  const { text = '' } = route.useSearch()
  const navigate = route.useNavigate()
  const { open } = useOpened()
  const settle = useCallback(
    (wanted: string) =>
      void navigate({
        search: ({ text: _text, after: _after, ...rest }) =>
          wanted === '' ? rest : { ...rest, text: wanted },
        replace: true,
      }),
    [navigate],
  )
  const mayEdit = practice.may('gw.ip.edit')
  const csv = `/api/practices/${encodeURIComponent(practice.id)}/ip-entries/export`
  return (
    <>
      <div className="gh-page-head">
        <h1>IP allowlist</h1>
        <p>Where people of this practice may work from.</p>
      </div>
      <AddressCards />
      <ControlSwitch control="ip" />
      <section className="gh-card" aria-labelledby="entries-title">
        <div className="gh-card-head">
          <h2 id="entries-title">Entries</h2>
          <SearchField label="Search entries" text={text} onSettle={settle} />
          <DownloadButton
            label="Export entries as CSV"
            name={`${practice.id}-ip-allowlist.csv`}
            ask={() => fileAt(csv)}
          />
          <Button size="xs" variant="default" disabled={!mayEdit} onClick={() => open('import')}>
            Import
          </Button>
          <Button leftSection={<Icon name="plus" />} disabled={!mayEdit} onClick={() => open('add')}>
            Add entry
          </Button>
        </div>
        <MyAddress />
        <Entries />
      </section>
      <HeartbeatsCard />
      <AddressTest />
    </>
  )
}
