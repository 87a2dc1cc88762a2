/**
 * The outermost frame: nothing is drawn before it is known who looks.
 *
 * Header and tabs are `practice-shell.tsx`'s. Invariant: without an answer to "who am I" there is a skeleton, a
 * problem, or the way to the sign-in page, never a page with unknown rights.
 */
import { useQuery } from '@tanstack/react-query'
import { Navigate, Outlet, useParams } from '@tanstack/react-router'
import { Blank, Failed, Loading } from '../parts/states.tsx'
import { problemOf } from '../problem.ts'
import { meQuery } from '../queries.ts'

/** Waits for the admin's account, then draws the page. */
export function ConsoleRoot() {
  const me = useQuery(meQuery)
  if (me.data !== undefined) return <Outlet />
  const isLeaving = me.isError && problemOf(me.error).status === 401
  return (
    <main className="gh-main">
      {me.isError && !isLeaving ? (
        <Failed error={me.error} again={me.refetch} />
      ) : (
        <Loading rows={6} label={isLeaving ? 'Going to the sign-in page' : 'Loading the console'} />
      )}
    </main>
  )
}

/** `/`: the first practice the admin may administer. */
export function FirstPractice() {
  const { data } = useQuery(meQuery)
  const [first] = data?.practices ?? []
  if (first !== undefined)
    return <Navigate to="/practices/$practice/ip-allowlist" params={{ practice: first.id }} replace />
  return (
    <main className="gh-main">
      <Blank icon="shield" title="No practice to administer">
        Your account holds no permission in any practice. A security admin can give you one.
      </Blank>
    </main>
  )
}

/** `/practices/{id}`: its first tab. */
export function FirstTab() {
  const { practice } = useParams({ from: '/practices/$practice' })
  return <Navigate to="/practices/$practice/ip-allowlist" params={{ practice }} replace />
}
