/**
 * Where one's own account is signed in to the console, and ending what one does not know.
 *
 * Everybody's sessions are the operators' screen (`own-accounts/sessions-card.tsx`), and only they may list any. Invariant:
 * only sessions of the asking account are shown; the one that asks is marked and ended by signing out.
 */
import { Button } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { type ConsoleSession, sessionsQuery } from '../own-accounts/account-queries.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { factorName } from '../parts/factor-words.ts'
import { useOpened } from '../parts/opened.ts'
import { type Extra, reasonOf } from '../parts/saving.ts'
import { Failed, Loading } from '../parts/states.tsx'
import { Tag } from '../parts/tag.tsx'
import { tellDone } from '../parts/told.ts'
import { OwnInstant } from './own-instant.tsx'

function EndDialog({ session, onClose }: { readonly session: ConsoleSession; readonly onClose: () => void }) {
  const client = useQueryClient()
  const reload = () => client.invalidateQueries({ queryKey: ['admin-sessions'] })
  const save = async (extra: Extra) => {
    const param = { id: session.id }
    await parseResponse(api['admin-sessions'][':id'].end.$post({ param, json: reasonOf(extra) }))
    tellDone('That session is over')
    await reload()
  }
  return (
    <ConfirmDialog
      title="End this session of yours?"
      act="End session"
      danger
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <p>
        {session.device} at <code>{session.address}</code>. If that was not you, change your password as well:
        somebody knows it.
      </p>
    </ConfirmDialog>
  )
}

function Sessions({ sessions }: { readonly sessions: readonly ConsoleSession[] }) {
  const { open } = useOpened()
  return (
    <ul className="gh-rows">
      {sessions.map((session) => (
        <li key={session.id} className="gh-item">
          <div className="gh-item-text">
            <p>
              <span className="gh-strong">{session.device}</span> at <code>{session.address}</code>{' '}
              {session.mine && <Tag tone="accent">this one</Tag>}
            </p>
            <p className="gh-faint">
              {session.factor === null ? 'No second factor shown' : factorName(session.factor)}, last seen{' '}
              <OwnInstant at={session.lastSeenAt} />, ends <OwnInstant at={session.endsAt} />
            </p>
          </div>
          {!session.mine && (
            <Button size="xs" variant="default" onClick={() => open('end-session', session.id)}>
              End
              <span className="gh-unseen">
                {' '}
                the session of {session.device} at {session.address}
              </span>
            </Button>
          )}
        </li>
      ))}
    </ul>
  )
}

/** The card, for operators. */
export function OwnSessionsCard() {
  const found = useQuery(sessionsQuery)
  const { name, id, close } = useOpened()
  const all = found.data?.sessions ?? []
  const me = all.find(({ mine }) => mine)?.who
  const sessions = all.filter(({ who }) => who.kind === me?.kind && who.id === me.id)
  const asked = sessions.find((one) => one.id === id && !one.mine)
  return (
    <section className="gh-card" aria-labelledby="my-sessions-title">
      <div className="gh-card-head">
        <h2 id="my-sessions-title">Where you are signed in</h2>
      </div>
      {found.isPending ? (
        <Loading rows={2} label="Loading your sessions" />
      ) : found.isError ? (
        <Failed error={found.error} again={found.refetch} />
      ) : (
        <Sessions sessions={sessions} />
      )}
      {name === 'end-session' && asked !== undefined && <EndDialog session={asked} onClose={close} />}
    </section>
  )
}
