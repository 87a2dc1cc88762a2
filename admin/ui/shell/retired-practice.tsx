/**
 * What an operator sees under the address of a practice that was retired: why, and the events that are kept of it.
 *
 * Everything else of it is gone (`admin/api/access.ts` says what is still answered). Invariant: it is never drawn as a
 * practice that is here: no navigation, no badges, nothing to change.
 */
import { Link, Outlet, useMatchRoute } from '@tanstack/react-router'
import { Suspense } from 'react'
import { Icon } from '../parts/icons.tsx'
import { Blank, Loading } from '../parts/states.tsx'
import { When } from '../parts/when.tsx'
import { PracticeContext } from '../practice.ts'
import type { RetiredLine } from '../practices/practice-queries.ts'
import type { PracticeOfAdmin } from '../queries.ts'

/** As the events' screen needs it: it may be read and taken out, and nothing else. */
const keptOf = ({ id, name, zone }: RetiredLine): PracticeOfAdmin => ({
  ...{ id, name, zone, permissions: ['gw.events.view', 'gw.events.export'] },
  address: { listed: false, label: null },
})

/** The screen. `elsewhere`: a practice that is here, for the way back to the list of all. */
export function RetiredPractice(props: { readonly retired: RetiredLine; readonly elsewhere: string | null }) {
  const { retired, elsewhere } = props
  const matches = useMatchRoute()
  const isEvents = matches({ to: '/practices/$practice/security-events' }) !== false
  return (
    <PracticeContext value={keptOf(retired)}>
      <section className="gh-banner gh-tone-warn" aria-label="Retired">
        <Icon name="gate" size={18} />
        <div className="gh-banner-text" role="status">
          <strong>{retired.name} is no longer at Gatehouse.</strong>{' '}
          <span>
            Retired <When at={retired.retiredAt} /> by {retired.retiredBy}: “{retired.reason}”
          </span>
        </div>
        {elsewhere !== null && (
          <div className="gh-banner-acts">
            <Link
              to="/practices/$practice/all-practices"
              params={{ practice: elsewhere }}
              className="gh-banner-link"
            >
              All practices
            </Link>
          </div>
        )}
      </section>
      {isEvents ? (
        <Suspense fallback={<Loading rows={6} />}>
          <Outlet key={retired.id} />
        </Suspense>
      ) : (
        <>
          <div className="gh-page-head">
            <h1>{retired.name}</h1>
          </div>
          <Blank
            icon="gate"
            title="Only its events are kept"
            action={
              <Link to="/practices/$practice/security-events" params={{ practice: retired.id }}>
                Read its security events
              </Link>
            }
          >
            Nobody of it comes in any more, so that there is nothing to set. It can be taken back from the
            list of all practices.
          </Blank>
        </>
      )}
    </PracticeContext>
  )
}
