/**
 * A route table proposed from what people did: each line with its evidence, ticked or left out, to be copied as configuration.
 *
 * Read only, as the route map is: routes are configuration. Invariant: nothing here is called allowed or asked for; what is
 * not certain about a line stands beside it, and which lines are left out stands in the address.
 */
import { Button, Checkbox } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { CopyButton } from '../parts/copy-button.tsx'
import { LoadMore } from '../parts/load-more.tsx'
import { Blank, Failed, Loading } from '../parts/states.tsx'
import { Tag } from '../parts/tag.tsx'
import { When } from '../parts/when.tsx'
import { usePractice } from '../practice.ts'
import { rolesQuery } from '../queries.ts'
import { doubtWords, learnWords, lineKey, tableOf } from './proposal-words.ts'
import { catalogueQuery, type Proposal, type ProposedPlace, proposalQuery } from './roles-queries.ts'

const route = getRouteApi('/practices/$practice/roles')
const pageSize = 100

/** Which lines are left out, and leaving more or fewer out. */
function useLeftOut(places: readonly ProposedPlace[]) {
  const { without } = route.useSearch()
  const navigate = route.useNavigate()
  const left = new Set(without === undefined ? [] : without.split('.'))
  const leave = (keys: readonly string[]) =>
    void navigate({
      search: (now) => ({ ...now, without: keys.length === 0 ? undefined : keys.join('.') }),
      replace: true,
      resetScroll: false,
    })
  return {
    isIn: (place: ProposedPlace): boolean => !left.has(lineKey(place)),
    turn: (place: ProposedPlace, isIn: boolean) => {
      const key = lineKey(place)
      leave(isIn ? [...left].filter((one) => one !== key) : [...left, key])
    },
    all: () => leave([]),
    none: () => leave(places.map(lineKey)),
    certain: () => leave(places.filter(({ doubts }) => doubts.length > 0).map(lineKey)),
  }
}

type LeftOut = ReturnType<typeof useLeftOut>

function Learning({ learning }: Pick<Proposal, 'learning'>) {
  return (
    <dl className="gh-facts">
      {learning.map(({ upstream, learn }) => (
        <div key={upstream}>
          <dt>{upstream}</dt>
          <dd>
            <Tag tone={learn === 'off' ? 'neutral' : 'good'}>{learnWords[learn][0]}</Tag>{' '}
            {learnWords[learn][1]}
          </dd>
        </div>
      ))}
    </dl>
  )
}

function Evidence(props: {
  readonly place: ProposedPlace
  readonly roleName: (id: string) => string
  readonly permissionName: (id: string) => string
}) {
  const { place, roleName, permissionName } = props
  const [best, ...more] = place.candidates
  return (
    <>
      <td data-label="Used by">
        {place.roles.length === 0 ? (
          <span className="gh-faint">nobody with a role</span>
        ) : (
          place.roles.map(({ role, count }) => `${roleName(role)} ${count.toLocaleString('en')}`).join(', ')
        )}
      </td>
      <td data-label="Would fit">
        {best === undefined ? (
          <span className="gh-faint">none</span>
        ) : (
          <span>
            {permissionName(best.permission)}
            {more.length > 0 && (
              <span className="gh-sub">
                or {more.map(({ permission }) => permissionName(permission)).join(', ')}
              </span>
            )}
          </span>
        )}
      </td>
      <td data-label="Not certain">
        {place.doubts.length === 0 ? (
          <span className="gh-faint">nothing</span>
        ) : (
          <span className="gh-tags">
            {place.doubts.map((doubt) => (
              <Tag key={doubt} tone="warn">
                {doubtWords(doubt, best?.others ?? 0)}
              </Tag>
            ))}
          </span>
        )}
      </td>
    </>
  )
}

function Lines({
  places,
  leftOut,
}: {
  readonly places: readonly ProposedPlace[]
  readonly leftOut: LeftOut
}) {
  const practice = usePractice()
  const [shown, setShown] = useState(pageSize)
  const { data: roles } = useQuery(rolesQuery(practice.id))
  const { data: catalogue } = useQuery(catalogueQuery)
  const roleNames = new Map((roles?.roles ?? []).map(({ id, name }) => [id, name]))
  const names = new Map((catalogue?.permissions ?? []).map(({ id, name }) => [id, name]))
  return (
    <>
      <table className="gh-table">
        <caption className="gh-unseen">Proposed routes, most requests first</caption>
        <thead>
          <tr>
            <th scope="col">Route</th>
            <th scope="col" className="gh-number">
              Requests
            </th>
            <th scope="col">Used by</th>
            <th scope="col">Would fit</th>
            <th scope="col">Not certain</th>
            <th scope="col">Last</th>
          </tr>
        </thead>
        <tbody>
          {places.slice(0, shown).map((place) => (
            <tr key={lineKey(place)}>
              <th scope="row" data-label="Route">
                <Checkbox
                  checked={leftOut.isIn(place)}
                  label={<code>{place.match}</code>}
                  description={place.upstream}
                  onChange={(event) => leftOut.turn(place, event.currentTarget.checked)}
                />
              </th>
              <td data-label="Requests" className="gh-number">
                {place.count.toLocaleString('en')}
              </td>
              <Evidence
                place={place}
                roleName={(id) => roleNames.get(id) ?? id}
                permissionName={(id) => names.get(id) ?? id}
              />
              <td data-label="Last">
                <When at={place.lastAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <LoadMore hasMore={places.length > shown} isLoading={false} load={() => setShown(shown + pageSize)} />
    </>
  )
}

function Configuration({
  proposal,
  chosen,
}: {
  readonly proposal: Proposal
  readonly chosen: readonly ProposedPlace[]
}) {
  const upstreams = [...new Set(chosen.map(({ upstream }) => upstream))].sort()
  if (upstreams.length === 0)
    return <p className="gh-faint gh-card-foot">Tick a line to have something to copy.</p>
  return upstreams.map((upstream) => {
    const text = tableOf(
      proposal.head,
      chosen.filter((one) => one.upstream === upstream),
    )
    return (
      <div key={upstream} className="gh-yaml">
        <div className="gh-yaml-head">
          <span className="gh-strong">Routes of {upstream}</span>
          <CopyButton label="Copy" text={text} />
        </div>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
        <section tabIndex={0} aria-label={`Proposed routes of ${upstream}`} className="gh-pre">
          <pre>{text}</pre>
        </section>
      </div>
    )
  })
}

function Empty({ learning }: Pick<Proposal, 'learning'>) {
  const first = learning.find(({ learn }) => learn === 'off')?.upstream ?? 'app'
  const text = `upstreams:\n  - id: ${first}\n    learn: roles\n`
  if (learning.some(({ learn }) => learn !== 'off'))
    return (
      <Blank icon="clock" title="Nothing was gathered yet">
        Let people work for some days: what they open that no route names appears here, with who opened it.
      </Blank>
    )
  return (
    <>
      <Blank icon="search" title="Learning is off">
        Gatehouse can watch for some weeks which roles open what no route names, and propose routes from it.
        Whoever runs the gateways switches it on; only counts are kept, never a path as it was sent.
      </Blank>
      <div className="gh-yaml">
        <div className="gh-yaml-head">
          <span className="gh-strong">To switch it on</span>
          <CopyButton label="Copy" text={text} />
        </div>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
        <section tabIndex={0} aria-label="Configuration that switches learning on" className="gh-pre">
          <pre>{text}</pre>
        </section>
      </div>
    </>
  )
}

function Proposed({ proposal }: { readonly proposal: Proposal }) {
  const { places } = proposal
  const leftOut = useLeftOut(places)
  const chosen = places.filter(leftOut.isIn)
  return (
    <>
      <p className="gh-faint gh-card-foot">
        This is what people did, not what they may do. Leave out what is wrong, copy the rest, complete it
        with permissions, and put it into the gateways’ configuration: until then nothing of it holds.
      </p>
      <div className="gh-card-foot gh-tags">
        <span className="gh-numbers">
          {chosen.length} of {places.length} lines
        </span>
        <Button size="compact-xs" variant="default" onClick={leftOut.all}>
          All
        </Button>
        <Button size="compact-xs" variant="default" onClick={leftOut.certain}>
          Only certain ones
        </Button>
        <Button size="compact-xs" variant="default" onClick={leftOut.none}>
          None
        </Button>
      </div>
      <Lines places={places} leftOut={leftOut} />
      <Configuration proposal={proposal} chosen={chosen} />
    </>
  )
}

/** The view. */
export function RouteProposal() {
  const practice = usePractice()
  const found = useQuery(proposalQuery(practice.id))
  if (found.isPending) return <Loading rows={6} label="Loading the proposal" />
  if (found.isError) return <Failed error={found.error} again={found.refetch} />
  const { learning, places } = found.data
  return (
    <>
      <section className="gh-card" aria-labelledby="learning-title">
        <div className="gh-card-head">
          <h2 id="learning-title">What is gathered</h2>
        </div>
        {learning.length === 0 ? (
          <p className="gh-faint gh-card-foot">No application is configured.</p>
        ) : (
          <Learning learning={learning} />
        )}
      </section>
      <section className="gh-card" aria-labelledby="proposal-title">
        <div className="gh-card-head">
          <h2 id="proposal-title">
            Proposed routes <span className="gh-faint gh-numbers">{places.length}</span>
          </h2>
        </div>
        {places.length === 0 ? <Empty learning={learning} /> : <Proposed proposal={found.data} />}
      </section>
    </>
  )
}
