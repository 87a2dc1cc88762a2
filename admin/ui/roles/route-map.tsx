/**
 * The route table as gateways have it, and what real traffic used that no route maps, with configuration to paste.
 *
 * Read only: routes are configuration, so that nobody makes a page public from here. Invariant: unmapped places stand
 * first, since nothing is asked for there.
 */
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useCallback, useState } from 'react'
import { CopyButton } from '../parts/copy-button.tsx'
import { LoadMore } from '../parts/load-more.tsx'
import { SearchField } from '../parts/search-field.tsx'
import { Blank, Failed, Loading } from '../parts/states.tsx'
import { Tag } from '../parts/tag.tsx'
import { When } from '../parts/when.tsx'
import { usePractice } from '../practice.ts'
import { catalogueQuery, type RouteTable, routesQuery } from './roles-queries.ts'

const route = getRouteApi('/practices/$practice/roles')
const pageSize = 100

type Route = RouteTable['routes'][number]

function Unmapped({ table }: { readonly table: RouteTable }) {
  const { unmapped, yaml } = table
  return (
    <section className="gh-card" aria-labelledby="unmapped-title">
      <div className="gh-card-head">
        <h2 id="unmapped-title">
          Used, but in no route <span className="gh-faint gh-numbers">{unmapped.length}</span>
        </h2>
      </div>
      {unmapped.length === 0 ? (
        <Blank icon="check" title="Everything that is used is mapped">
          Whatever people open that no route names appears here, so that a permission can be asked for it.
        </Blank>
      ) : (
        <>
          <p className="gh-faint gh-card-foot">
            People use these, and no permission is asked for there. Complete the lines below with permissions
            and put them into the gateways’ configuration.
          </p>
          <table className="gh-table">
            <caption className="gh-unseen">Unmapped routes, most requests first</caption>
            <thead>
              <tr>
                <th scope="col">Place</th>
                <th scope="col">Application</th>
                <th scope="col" className="gh-number">
                  Requests
                </th>
                <th scope="col">Last</th>
              </tr>
            </thead>
            <tbody>
              {unmapped.slice(0, pageSize).map(({ upstream, method, template, odd, count, lastAt }) => (
                <tr key={`${upstream} ${method} ${template} ${odd}`}>
                  <td data-label="Place">
                    <span>
                      <code>
                        {method} {template}
                      </code>
                      {odd !== '' && <span className="gh-sub gh-warn-text">{odd}</span>}
                    </span>
                  </td>
                  <td data-label="Application">{upstream}</td>
                  <td data-label="Requests" className="gh-number">
                    {count.toLocaleString('en')}
                  </td>
                  <td data-label="Last">
                    <When at={lastAt} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          {yaml.map(({ upstream, text }) => (
            <div key={upstream} className="gh-yaml">
              <div className="gh-yaml-head">
                <span className="gh-strong">Configuration of {upstream}</span>
                <CopyButton label="Copy" text={text} />
              </div>
              {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
              <section tabIndex={0} aria-label={`Configuration of ${upstream}`} className="gh-pre">
                <pre>{text}</pre>
              </section>
            </div>
          ))}
        </>
      )}
    </section>
  )
}

const classTones = { public: 'warn', staff: 'neutral' } as const

function Asks({ one, nameOf }: { readonly one: Route; readonly nameOf: (id: string) => string }) {
  const ids = one.any.length > 0 ? one.any : one.all
  if (ids.length === 0) return <span className="gh-faint">no permission</span>
  return (
    <>
      {ids.length > 1 && <span className="gh-faint">{one.any.length > 0 ? 'any of ' : 'all of '}</span>}
      {ids.map(nameOf).join(', ')}
    </>
  )
}

function Mapped({ table }: { readonly table: RouteTable }) {
  const { text = '' } = route.useSearch()
  const navigate = route.useNavigate()
  const [shown, setShown] = useState(pageSize)
  const { data: catalogue } = useQuery(catalogueQuery)
  const settle = useCallback(
    (wanted: string) =>
      void navigate({
        search: (now) => ({ ...now, text: wanted === '' ? undefined : wanted }),
        replace: true,
      }),
    [navigate],
  )
  const names = new Map((catalogue?.permissions ?? []).map(({ id, name }) => [id, name]))
  const nameOf = (id: string): string => names.get(id) ?? id
  const words = text.toLowerCase()
  const found = table.routes.filter(({ id, class: of, any, all }) =>
    `${id} ${of} ${[...any, ...all].map(nameOf).join(' ')}`.toLowerCase().includes(words),
  )
  return (
    <section className="gh-card" aria-labelledby="routes-title">
      <div className="gh-card-head">
        <h2 id="routes-title">
          Routes <span className="gh-faint gh-numbers">{table.routes.length}</span>
        </h2>
        <SearchField label="Search routes" text={text} onSettle={settle} />
      </div>
      {found.length === 0 ? (
        <Blank icon="link" title={text === '' ? 'No route is configured' : `No route matches “${text}”`}>
          Routes are in the configuration of the gateways, under <code>upstreams[].routes</code>.
        </Blank>
      ) : (
        <table className="gh-table">
          <caption className="gh-unseen">Routes as configured</caption>
          <thead>
            <tr>
              <th scope="col">Route</th>
              <th scope="col">Class</th>
              <th scope="col">Asks for</th>
              <th scope="col">Step-up</th>
            </tr>
          </thead>
          <tbody>
            {found.slice(0, shown).map((one) => (
              <tr key={one.id}>
                <td data-label="Route">
                  <code>{one.id}</code>
                </td>
                <td data-label="Class">
                  <Tag tone={one.class === 'public' ? classTones.public : classTones.staff}>{one.class}</Tag>
                </td>
                <td data-label="Asks for">
                  <span>
                    <Asks one={one} nameOf={nameOf} />
                  </span>
                </td>
                <td data-label="Step-up">{one.stepUp ?? <span className="gh-faint">none</span>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <LoadMore hasMore={found.length > shown} isLoading={false} load={() => setShown(shown + pageSize)} />
    </section>
  )
}

/** The view. */
export function RouteMap() {
  const practice = usePractice()
  const table = useQuery(routesQuery(practice.id))
  if (table.isPending) return <Loading rows={6} label="Loading the routes" />
  if (table.isError) return <Failed error={table.error} again={table.refetch} />
  return (
    <>
      <Unmapped table={table.data} />
      <Mapped table={table.data} />
    </>
  )
}
