/**
 * All practices, for operators: find one, create one, say what its plan has, change its name and zone, see how it is
 * recognised, retire it.
 *
 * Those that are retired stand below (`retired-card.tsx`). Invariant: whoever is no operator is told so; the API asks
 * again at every change.
 */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useCallback } from 'react'
import { Icon } from '../parts/icons.tsx'
import { useOpened } from '../parts/opened.ts'
import { OperatorsOnly } from '../parts/operators-only.tsx'
import { PageNav } from '../parts/page-nav.tsx'
import { SearchField } from '../parts/search-field.tsx'
import { Blank, Failed, Loading } from '../parts/states.tsx'
import { modeNames, modeTones, Tag } from '../parts/tag.tsx'
import { type Mode, meQuery } from '../queries.ts'
import { CreatePracticeDialog } from './create-practice-dialog.tsx'
import { EditPracticeDialog } from './edit-practice-dialog.tsx'
import { PlanDialog } from './plan-dialog.tsx'
import { type PracticeLine, practicesQuery } from './practice-queries.ts'
import { RetireDialog } from './retire-dialog.tsx'
import { RetiredCard } from './retired-card.tsx'
import { SourcesDialog } from './sources-dialog.tsx'

const route = getRouteApi('/practices/$practice/all-practices')
const pageSize = 50
const counted = new Intl.NumberFormat('en-GB')

const controls = [
  ['ip', 'IP'],
  ['time', 'Hours'],
  ['twoFactor', '2FA'],
  ['permission', 'Permissions'],
] as const

function Controls({ practice }: { readonly practice: PracticeLine }) {
  const lacks: readonly string[] = practice.lacks
  const shown = controls.filter(([id]) => practice.controls[id] !== 'off' && !lacks.includes(id))
  if (shown.length === 0) return <span className="gh-faint">all off</span>
  return (
    <span className="gh-tags">
      {shown.map(([id, name]) => {
        const mode: Mode = practice.controls[id]
        return (
          <Tag key={id} tone={modeTones[mode]}>
            {name}: {modeNames[mode]}
          </Tag>
        )
      })}
    </span>
  )
}

function Row({ practice }: { readonly practice: PracticeLine }) {
  const { open } = useOpened()
  const ofPractice = <span className="gh-unseen"> of {practice.name}</span>
  return (
    <tr>
      <th scope="row" data-label="Practice">
        <Link to="/practices/$practice/general" params={{ practice: practice.id }} className="gh-link">
          {practice.name}
        </Link>
        <span className="gh-sub">
          <code>{practice.id}</code>
        </span>
      </th>
      <td data-label="Zone">{practice.zone}</td>
      <td data-label="People" className="gh-number">
        {counted.format(practice.members)}
      </td>
      <td data-label="Controls">
        <Controls practice={practice} />
      </td>
      <td data-label="Plan">
        {practice.lacks.length === 0 ? (
          'everything'
        ) : (
          <span className="gh-faint">without {practice.lacks.map((id) => lackNames[id]).join(', ')}</span>
        )}
      </td>
      <td className="gh-row-acts">
        <Button size="xs" variant="default" onClick={() => open('plan', practice.id)}>
          Plan{ofPractice}
        </Button>
        <Button size="xs" variant="default" onClick={() => open('edit', practice.id)}>
          Edit<span className="gh-unseen"> {practice.name}</span>
        </Button>
        <Button size="xs" variant="default" onClick={() => open('hosts', practice.id)}>
          Hosts{ofPractice}
        </Button>
        <Button size="xs" variant="subtle" color="red" onClick={() => open('retire', practice.id)}>
          Retire<span className="gh-unseen"> {practice.name}</span>
        </Button>
      </td>
    </tr>
  )
}

const lackNames: Readonly<Record<PracticeLine['lacks'][number], string>> = {
  ip: 'IP allowlist',
  time: 'time windows',
  permission: 'permissions',
}

function Table({ practices, page }: { readonly practices: readonly PracticeLine[]; readonly page: number }) {
  const navigate = route.useNavigate()
  const go = (to: number) =>
    void navigate({ search: ({ page: _page, ...rest }) => (to === 0 ? rest : { ...rest, page: to + 1 }) })
  const first = page * pageSize
  const shown = practices.slice(first, first + pageSize)
  return (
    <>
      <table className="gh-table">
        <caption className="gh-unseen">Practices by name</caption>
        <thead>
          <tr>
            <th scope="col">Practice</th>
            <th scope="col">Zone</th>
            <th scope="col" className="gh-number">
              People
            </th>
            <th scope="col">Controls</th>
            <th scope="col">Plan</th>
            <th scope="col">
              <span className="gh-unseen">Act</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((practice) => (
            <Row key={practice.id} practice={practice} />
          ))}
        </tbody>
      </table>
      {practices.length > pageSize && (
        <PageNav
          words={`${first + 1}–${first + shown.length} of ${counted.format(practices.length)}`}
          back={page === 0 ? null : () => go(page - 1)}
          on={first + pageSize >= practices.length ? null : () => go(page + 1)}
        />
      )}
    </>
  )
}

function Practices() {
  const found = useQuery(practicesQuery)
  const { text = '', page = 1 } = route.useSearch()
  const { name, id, open, close } = useOpened()
  if (found.isPending) return <Loading rows={6} label="Loading the practices" />
  if (found.isError) return <Failed error={found.error} again={found.refetch} />
  const wanted = text.toLowerCase()
  const practices = found.data.practices.filter(
    (one) => one.name.toLowerCase().includes(wanted) || one.id.includes(wanted),
  )
  const last = Math.max(0, Math.ceil(practices.length / pageSize) - 1)
  const about = found.data.practices.find((one) => one.id === id)
  return (
    <>
      {practices.length === 0 ? (
        <Blank
          icon="search"
          title={`No practice is called “${text}”`}
          action={
            <Button variant="default" onClick={() => open('new')}>
              Create a practice
            </Button>
          }
        >
          Search looks at names and ids.
        </Blank>
      ) : (
        <Table practices={practices} page={Math.min(page - 1, last)} />
      )}
      {name === 'new' && <CreatePracticeDialog onClose={close} />}
      {name === 'plan' && about !== undefined && <PlanDialog practice={about} onClose={close} />}
      {name === 'edit' && about !== undefined && <EditPracticeDialog practice={about} onClose={close} />}
      {name === 'hosts' && about !== undefined && <SourcesDialog practice={about} onClose={close} />}
      {name === 'retire' && about !== undefined && <RetireDialog practice={about} onClose={close} />}
    </>
  )
}

/** The screen. */
export function PracticesTab() {
  const { data: me } = useQuery(meQuery)
  const { text = '' } = route.useSearch()
  const navigate = route.useNavigate()
  const { open } = useOpened()
  const settle = useCallback(
    (wanted: string) =>
      void navigate({
        search: ({ text: _text, page: _page, ...rest }) => (wanted === '' ? rest : { ...rest, text: wanted }),
        replace: true,
      }),
    [navigate],
  )
  if (me?.operator !== true) return <OperatorsOnly />
  return (
    <>
      <div className="gh-page-head">
        <h1>Practices</h1>
        <p>Every practice of this Gatehouse. Only operators see this page.</p>
      </div>
      <section className="gh-card" aria-labelledby="practices-title">
        <div className="gh-card-head">
          <h2 id="practices-title">Practices</h2>
          <SearchField label="Search practices" text={text} onSettle={settle} />
          <Button leftSection={<Icon name="plus" />} onClick={() => open('new')}>
            Create a practice
          </Button>
        </div>
        <Practices />
      </section>
      <RetiredCard />
    </>
  )
}
