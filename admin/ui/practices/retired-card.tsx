/**
 * Practices that are no longer here: when and why they left, their events, and taking one back.
 *
 * It is not shown while there is none: nothing would be learned from it. Invariant: until when one can be taken back stands
 * beside it, and afterwards the button is gone and the reason is there.
 */
import { Button } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { followSave } from '../parts/follow-save.tsx'
import { useOpened } from '../parts/opened.ts'
import { type Extra, reasonOf } from '../parts/saving.ts'
import { Failed } from '../parts/states.tsx'
import { When } from '../parts/when.tsx'
import { useNow } from '../times.ts'
import { type RetiredLine, retiredQuery } from './practice-queries.ts'

function ReinstateDialog({
  practice,
  onClose,
}: {
  readonly practice: RetiredLine
  readonly onClose: () => void
}) {
  const client = useQueryClient()
  const reload = async () => {
    await client.invalidateQueries({ queryKey: ['practices'] })
    await client.invalidateQueries({ queryKey: ['me'] })
  }
  const save = async (extra: Extra) => {
    const saved = await parseResponse(
      api.practices[':practice'].reinstate.$post({ param: { practice: practice.id }, json: reasonOf(extra) }),
    )
    followSave(`“${practice.name}” is back`, saved.sequence)
    await reload()
  }
  return (
    <ConfirmDialog
      title={`Take “${practice.name}” back`}
      act="Take it back"
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <p>
        It comes back as it was: people with their roles, networks, hours, controls, and the service tokens
        that have not expired. Its people sign in again. Requests and scheduled changes of then stay closed.
      </p>
    </ConfirmDialog>
  )
}

function Row({ practice }: { readonly practice: RetiredLine }) {
  const { open } = useOpened()
  const { reinstatableUntil: until } = practice
  const now = useNow()
  const canReturn = until === null || until > now
  return (
    <tr>
      <th scope="row" data-label="Practice">
        {practice.name}
        <span className="gh-sub">
          <code>{practice.id}</code>
        </span>
      </th>
      <td data-label="Retired">
        <span>
          <When at={practice.retiredAt} as="date" />
          <span className="gh-sub">by {practice.retiredBy}</span>
        </span>
      </td>
      <td data-label="Reason">{practice.reason}</td>
      <td data-label="Can come back">
        {until === null ? (
          'always, under a legal hold'
        ) : canReturn ? (
          <>
            until <When at={until} as="date" />
          </>
        ) : (
          <span className="gh-faint">no longer: its events have been kept their time</span>
        )}
      </td>
      <td className="gh-row-acts">
        <Button
          size="xs"
          variant="default"
          renderRoot={(props) => (
            <Link to="/practices/$practice/security-events" params={{ practice: practice.id }} {...props} />
          )}
        >
          Events<span className="gh-unseen"> of {practice.name}</span>
        </Button>
        {canReturn && (
          <Button size="xs" variant="default" onClick={() => open('reinstate', practice.id)}>
            Take back<span className="gh-unseen"> {practice.name}</span>
          </Button>
        )}
      </td>
    </tr>
  )
}

/** The card; nothing while no practice is retired. */
export function RetiredCard() {
  const found = useQuery(retiredQuery)
  const { name, id, close } = useOpened()
  if (found.isError) return <Failed error={found.error} again={found.refetch} />
  const practices = found.data?.practices ?? []
  if (practices.length === 0) return null
  const about = practices.find((one) => one.id === id)
  return (
    <section className="gh-card" aria-labelledby="retired-title">
      <div className="gh-card-head">
        <h2 id="retired-title">
          Retired <span className="gh-faint gh-numbers">{practices.length}</span>
        </h2>
      </div>
      <table className="gh-table">
        <caption className="gh-unseen">Retired practices, the last one first</caption>
        <thead>
          <tr>
            <th scope="col">Practice</th>
            <th scope="col">Retired</th>
            <th scope="col">Reason</th>
            <th scope="col">Can come back</th>
            <th scope="col">
              <span className="gh-unseen">Act</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {practices.map((practice) => (
            <Row key={practice.id} practice={practice} />
          ))}
        </tbody>
      </table>
      {name === 'reinstate' && about !== undefined && <ReinstateDialog practice={about} onClose={close} />}
    </section>
  )
}
