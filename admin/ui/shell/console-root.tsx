/**
 * The outermost frame: nothing is drawn before it is known who looks.
 *
 * Header and tabs are `practice-shell.tsx`'s. Invariant: without an answer to "who am I" there is a skeleton, a
 * problem, or the way to the sign-in page, never a page with unknown rights.
 */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Navigate, Outlet, useParams } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { Blank, Failed, Loading } from '../parts/states.tsx'
import { problemOf } from '../problem.ts'
import { meQuery } from '../queries.ts'

const CreatePracticeDialog = lazy(() =>
  import('../practices/create-practice-dialog.tsx').then((file) => ({ default: file.CreatePracticeDialog })),
)

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
    return <Navigate to="/practices/$practice/general" params={{ practice: first.id }} replace />
  return (
    <main className="gh-main">
      {data?.operator === true ? (
        <NoPractice />
      ) : (
        <Blank icon="shield" title="No practice to administer">
          Your account holds no permission in any practice. A security admin can give you one.
        </Blank>
      )}
    </main>
  )
}

/** What an operator sees of a Gatehouse that has no practice yet. */
function NoPractice() {
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <Blank
        icon="gate"
        title="There is no practice yet"
        action={<Button onClick={() => setOpen(true)}>Create the first practice</Button>}
      >
        A practice has its own people, networks, hours and record of events. It starts with the standard roles
        and every control off, so that nobody is shut out before you have looked around.
      </Blank>
      {isOpen && (
        <Suspense>
          <CreatePracticeDialog onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  )
}

/** `/practices/{id}`: its first tab. */
export function FirstTab() {
  const { practice } = useParams({ from: '/practices/$practice' })
  return <Navigate to="/practices/$practice/general" params={{ practice }} replace />
}
