/**
 * The time windows of a practice: their switch, weekly windows by audience, closures and openings, the days to come.
 *
 * Who is in scope is chosen in the review of the switch. Invariant: every edit names the revision that this page shows.
 */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { ControlSwitch } from '../general/control-switch.tsx'
import { Icon } from '../parts/icons.tsx'
import { Blank, Failed, Loading } from '../parts/states.tsx'
import { usePractice } from '../practice.ts'
import { type TimeException, type TimeWindow, timeWindowsQuery } from '../queries.ts'
import { ExceptionDialog } from './exception-dialog.tsx'
import { HoursPreview } from './hours-preview.tsx'
import { ExceptionsTable, WindowsTable } from './time-tables.tsx'
import { WindowDialog } from './window-dialog.tsx'

type Open =
  | { readonly what: 'window'; readonly window: TimeWindow | null }
  | { readonly what: 'exception'; readonly exception: TimeException | null }

function Lists({ onOpen }: { readonly onOpen: (open: Open, revision: number) => void }) {
  const practice = usePractice()
  const list = useQuery(timeWindowsQuery(practice.id))
  if (list.isPending) return <Loading label="Loading the windows" />
  if (list.isError) return <Failed error={list.error} again={list.refetch} />
  const { windows, exceptions, audiences, revision } = list.data
  const mayEdit = practice.may('gw.time.edit')
  const add = (what: 'window' | 'exception') =>
    onOpen(what === 'window' ? { what, window: null } : { what, exception: null }, revision)
  return (
    <>
      <section className="gh-card" aria-labelledby="windows-title">
        <div className="gh-card-head">
          <h2 id="windows-title">Weekly windows</h2>
          <p className="gh-summary">
            {list.data.now}, {list.data.zone}
          </p>
          <Button leftSection={<Icon name="plus" />} disabled={!mayEdit} onClick={() => add('window')}>
            Add window
          </Button>
        </div>
        {windows.length === 0 ? (
          <Blank icon="clock" title="No hours are set yet">
            Add the hours in which your people work, for everyone, a role or one person. Once the switch is on
            Enforce, everyone in scope gets in within them and at no other time.
          </Blank>
        ) : (
          <WindowsTable
            windows={windows}
            states={audiences}
            revision={revision}
            onEdit={(window) => onOpen({ what: 'window', window }, revision)}
          />
        )}
      </section>
      <section className="gh-card" aria-labelledby="exceptions-title">
        <div className="gh-card-head">
          <h2 id="exceptions-title">Closures and openings</h2>
          <Button
            variant="default"
            leftSection={<Icon name="plus" />}
            disabled={!mayEdit}
            onClick={() => add('exception')}
          >
            Add closure or opening
          </Button>
        </div>
        {exceptions.length === 0 ? (
          <p className="gh-faint gh-card-foot">
            None. A closure (a holiday) beats every window; a one-off opening beats every closure.
          </p>
        ) : (
          <ExceptionsTable
            exceptions={exceptions}
            revision={revision}
            onEdit={(exception) => onOpen({ what: 'exception', exception }, revision)}
          />
        )}
      </section>
    </>
  )
}

/** The tab. */
export function TimeWindowsTab() {
  const [open, setOpen] = useState<(Open & { readonly revision: number }) | null>(null)
  const close = () => setOpen(null)
  return (
    <>
      <div className="gh-page-head">
        <h1>Time windows</h1>
        <p>When people of this practice may work.</p>
      </div>
      <ControlSwitch control="time" />
      <Lists onOpen={(what, revision) => setOpen({ ...what, revision })} />
      <HoursPreview />
      {open?.what === 'window' && (
        <WindowDialog window={open.window} revision={open.revision} onClose={close} />
      )}
      {open?.what === 'exception' && (
        <ExceptionDialog exception={open.exception} revision={open.revision} onClose={close} />
      )}
    </>
  )
}
