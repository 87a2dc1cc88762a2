/**
 * Who is in at the admin origin: own accounts and people of practices, from where, until when; ending one.
 *
 * Sessions of the application are Active users'. Invariant: one's own session is marked and ended by signing out.
 */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { factorName } from '../parts/factor-words.ts'
import { useOpened } from '../parts/opened.ts'
import { type Extra, reasonOf } from '../parts/saving.ts'
import { Failed, Loading } from '../parts/states.tsx'
import { Tag } from '../parts/tag.tsx'
import { tellDone } from '../parts/told.ts'
import { When } from '../parts/when.tsx'
import { useReload } from './account-acts.tsx'
import { type ConsoleSession, sessionsQuery } from './account-queries.ts'

function EndDialog({ session, onClose }: { readonly session: ConsoleSession; readonly onClose: () => void }) {
  const reload = useReload()
  const save = async (extra: Extra) => {
    const param = { id: session.id }
    await parseResponse(api['admin-sessions'][':id'].end.$post({ param, json: reasonOf(extra) }))
    tellDone(`The session of ${session.who.name} is over`)
    await reload()
  }
  return (
    <ConfirmDialog
      title={`End the session of ${session.who.name}?`}
      act="End session"
      danger
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <p>
        {session.device} at <code>{session.address}</code>. They may sign in again: suspend the account as
        well if it should not get in.
      </p>
    </ConfirmDialog>
  )
}

function Row({ session }: { readonly session: ConsoleSession }) {
  const { open } = useOpened()
  return (
    <tr>
      <th scope="row" data-label="Who">
        {session.who.name} {session.mine && <Tag tone="accent">this one</Tag>}
        <span className="gh-sub">
          {session.who.kind === 'admin' ? 'own account' : 'from the application'}
        </span>
      </th>
      <td data-label="From">
        <code>{session.address}</code>
        <span className="gh-sub">{session.device}</span>
      </td>
      <td data-label="Second factor">
        {session.factor === null ? <Tag tone="warn">none shown</Tag> : factorName(session.factor)}
      </td>
      <td data-label="Last seen">
        <When at={session.lastSeenAt} />
      </td>
      <td data-label="Ends">
        <When at={session.endsAt} />
      </td>
      <td className="gh-row-acts">
        {!session.mine && (
          <Button size="xs" variant="default" onClick={() => open('end-session', session.id)}>
            End<span className="gh-unseen"> the session of {session.who.name}</span>
          </Button>
        )}
      </td>
    </tr>
  )
}

/** The card. */
export function SessionsCard() {
  const found = useQuery(sessionsQuery)
  const { name, id, close } = useOpened()
  const asked = found.data?.sessions.find((one) => one.id === id && !one.mine)
  return (
    <section className="gh-card" aria-labelledby="sessions-title">
      <div className="gh-card-head">
        <h2 id="sessions-title">In Security Management now</h2>
      </div>
      {found.isPending ? (
        <Loading label="Loading the sessions" />
      ) : found.isError ? (
        <Failed error={found.error} again={found.refetch} />
      ) : (
        <table className="gh-table">
          <caption className="gh-unseen">Sessions of the admin origin, newest first</caption>
          <thead>
            <tr>
              {['Who', 'From', 'Second factor', 'Last seen', 'Ends'].map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
              <th scope="col">
                <span className="gh-unseen">Act</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {found.data.sessions.map((session) => (
              <Row key={session.id} session={session} />
            ))}
          </tbody>
        </table>
      )}
      {name === 'end-session' && asked !== undefined && <EndDialog session={asked} onClose={close} />}
    </section>
  )
}
