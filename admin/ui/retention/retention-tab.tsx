/**
 * Audit and retention: whether the chain of events is whole, how far it is signed and streamed, how long it is kept, and
 * the access report of a month.
 *
 * Reading events is another screen's. Invariant: "verified" is said of what was checked, with its number and when, never
 * of the chain as such.
 */
import { Button, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { DownloadButton, fileAt } from '../parts/download-button.tsx'
import { useOpened } from '../parts/opened.ts'
import { Failed, Loading } from '../parts/states.tsx'
import { Tag } from '../parts/tag.tsx'
import { When } from '../parts/when.tsx'
import { usePractice } from '../practice.ts'
import { problemOf } from '../problem.ts'
import { topicKey } from '../queries.ts'
import { wallTime } from '../times.ts'
import { RetentionDialog } from './retention-dialog.tsx'
import { type Retention, retentionQuery, type Standing, standingQuery } from './retention-queries.ts'

const counted = new Intl.NumberFormat('en-GB')

function Facts({ standing }: { readonly standing: Standing }) {
  const { verified, checkpoint, forgottenTo, events } = standing
  return (
    <dl className="gh-facts">
      <div>
        <dt>Events</dt>
        <dd className="gh-numbers">{counted.format(events)}</dd>
      </div>
      <div>
        <dt>Last whole check</dt>
        <dd>
          {verified === null ? (
            'none yet; one is made every day'
          ) : (
            <>
              to #{counted.format(verified.to)}, <When at={verified.at} />
            </>
          )}
        </dd>
      </div>
      <div>
        <dt>Last signed checkpoint</dt>
        <dd>
          {checkpoint === null ? (
            'none yet'
          ) : (
            <>
              #{counted.format(checkpoint.number)}, <When at={checkpoint.at} />
            </>
          )}
        </dd>
      </div>
      <div>
        <dt>Forgotten</dt>
        <dd>
          {forgottenTo === 0 ? 'nothing' : `up to #${counted.format(forgottenTo)}, with a signed anchor`}
        </dd>
      </div>
    </dl>
  )
}

function CheckNow() {
  const practice = usePractice()
  const client = useQueryClient()
  const check = useMutation({
    mutationFn: () =>
      parseResponse(
        api.practices[':practice']['security-events'].verify.$get({ param: { practice: practice.id } }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: topicKey(practice.id, 'chain') }),
  })
  return (
    <>
      <Button variant="default" loading={check.isPending} onClick={() => check.mutate()}>
        Check the whole chain now
      </Button>
      <p aria-live="polite" className="gh-item-text">
        {check.data !== undefined && (
          <Tag tone={check.data.intact ? 'good' : 'bad'}>{check.data.sentence}</Tag>
        )}
        {check.isError && <span className="gh-warn-text">{problemOf(check.error).detail}</span>}
      </p>
    </>
  )
}

function ChainCard() {
  const practice = usePractice()
  const found = useQuery(standingQuery(practice.id))
  const intact = found.data?.verified?.intact
  return (
    <section className="gh-card" aria-labelledby="chain-title">
      <div className="gh-card-head">
        <h2 id="chain-title">The chain</h2>
        {found.data !== undefined && (
          <Tag tone={intact === undefined ? 'neutral' : intact ? 'good' : 'bad'}>{found.data.badge}</Tag>
        )}
      </div>
      {found.isPending ? (
        <Loading rows={2} label="Loading the chain" />
      ) : found.isError ? (
        <Failed error={found.error} again={found.refetch} />
      ) : (
        <>
          <p className="gh-card-text gh-faint">
            Every event carries the hash of the one before it: changing or removing one breaks all after it.
            Checkpoints are signed and go elsewhere, so that not even whoever owns the database can rewrite
            the past unseen. To check it without trusting Gatehouse: gatehouse audit verify.
          </p>
          {found.data.verified !== null && !found.data.verified.intact && (
            <p className="gh-answer gh-tone-bad">{found.data.verified.sentence}</p>
          )}
          <Facts standing={found.data} />
          <div className="gh-item">
            <CheckNow />
          </div>
          <Streams standing={found.data} />
        </>
      )}
    </section>
  )
}

function Streams({ standing }: { readonly standing: Standing }) {
  const { streams, events } = standing
  if (streams.length === 0)
    return (
      <p className="gh-card-text gh-faint">
        No event was streamed to a machine elsewhere. The operator sets streams up under audit.streams; a SIEM
        then gets every event in order, and each checkpoint.
      </p>
    )
  return (
    <table className="gh-table">
      <caption className="gh-unseen">Streams of events</caption>
      <thead>
        <tr>
          {['Stream', 'Taken to', 'Behind', 'Last taken', 'Newest try'].map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {streams.map(({ name, takenTo, takenAt, lastError }) => (
          <tr key={name}>
            <th scope="row" data-label="Stream">
              {name}
            </th>
            <td data-label="Taken to" className="gh-numbers">
              #{counted.format(takenTo)}
            </td>
            <td data-label="Behind">
              {takenTo >= events ? (
                <Tag tone="good">nothing</Tag>
              ) : (
                <Tag tone="warn">{counted.format(events - takenTo)} events</Tag>
              )}
            </td>
            <td data-label="Last taken">
              <When at={takenAt} />
            </td>
            <td data-label="Newest try">
              {lastError === null ? (
                <span className="gh-faint">went well</span>
              ) : (
                <Tag tone="bad">{lastError}</Tag>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function KeepingCard() {
  const practice = usePractice()
  const found = useQuery(retentionQuery(practice.id))
  const { name, open, close } = useOpened()
  return (
    <section className="gh-card" aria-labelledby="keeping-title">
      <div className="gh-card-head">
        <h2 id="keeping-title">How long events are kept</h2>
        {found.data !== undefined && (
          <>
            <Tag tone={found.data.held ? 'warn' : 'neutral'}>
              {found.data.held ? 'legal hold' : `${found.data.years} years`}
            </Tag>
            <Button
              variant="default"
              disabled={!practice.may('gw.security.settings.edit')}
              onClick={() => open('retention')}
            >
              Change
            </Button>
          </>
        )}
      </div>
      {found.isPending ? (
        <Loading rows={1} label="Loading the retention" />
      ) : found.isError ? (
        <Failed error={found.error} again={found.refetch} />
      ) : (
        <Keeping retention={found.data} />
      )}
      {name === 'retention' && found.data !== undefined && (
        <RetentionDialog retention={found.data} onClose={close} />
      )}
    </section>
  )
}

const Keeping = ({ retention: { years, held, heldWhy } }: { readonly retention: Retention }) => (
  <p className="gh-card-text gh-faint">
    {held
      ? `Nothing is forgotten while the legal hold stands: ${heldWhy}. After it, events go once they are ${years} years old.`
      : `Events go once they are ${years} years old, in whole segments that a signed checkpoint ends. HIPAA asks for six years.`}{' '}
    Refusals are kept for 90 days.
  </p>
)

function ReportCard() {
  const practice = usePractice()
  const [month, setMonth] = useState(() => wallTime(Date.now() - 28 * 86_400_000, practice.zone).slice(0, 7))
  const isMonth = /^20\d\d-(0[1-9]|1[0-2])$/.test(month)
  const address = (format: string) =>
    `/api/practices/${encodeURIComponent(practice.id)}/access-report?month=${month}&format=${format}`
  return (
    <section className="gh-card" aria-labelledby="report-title">
      <div className="gh-card-head">
        <h2 id="report-title">Access report</h2>
      </div>
      <div className="gh-item">
        <p className="gh-item-text gh-faint">
          A line a person: sign-ins, from where, second factors, grants, changes, and refusals of the last 90
          days. For the compliance file; making one is an event.
        </p>
        <TextInput
          label="Month"
          type="month"
          value={month}
          error={isMonth ? null : 'Choose a month.'}
          onChange={(event) => setMonth(event.currentTarget.value)}
        />
        {(['csv', 'json'] as const).map((format) => (
          <DownloadButton
            key={format}
            label={`Access report as ${format.toUpperCase()}`}
            name={`access-report-${practice.id}-${month}.${format}`}
            ask={() => fileAt(address(format))}
            isDisabled={!isMonth || !practice.may('gw.events.export')}
          />
        ))}
      </div>
    </section>
  )
}

/** The tab. */
export function RetentionTab() {
  return (
    <>
      <div className="gh-page-head">
        <h1>Audit and retention</h1>
        <p>Whether the record can be trusted, how long it is kept, and where else it goes.</p>
      </div>
      <ChainCard />
      <KeepingCard />
      <ReportCard />
    </>
  )
}
