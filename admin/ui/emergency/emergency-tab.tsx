/**
 * Emergency access: who is in by it now, the switch, the sealed codes of one's own account, past uses, the drill.
 *
 * Taking it is the portal's. Invariant: who is in now stands first, with the button that ends it; a use stays listed until
 * somebody else has looked at it, and what nobody has reviewed is counted at the top.
 */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { factorName } from '../parts/factor-words.ts'
import { useOpened } from '../parts/opened.ts'
import { Blank, Failed, Loading } from '../parts/states.tsx'
import { Tag } from '../parts/tag.tsx'
import { When } from '../parts/when.tsx'
import { usePractice } from '../practice.ts'
import { emergencyQuery } from '../shell/shell-queries.ts'
import { lengthText, useNow } from '../times.ts'
import { Drill } from './drill.tsx'
import { EndDialog, ReviewDialog, SettingsDialog } from './emergency-dialogs.tsx'
import type { Emergency, EmergencyUse } from './emergency-queries.ts'
import { SealedCodes } from './sealed-codes.tsx'

const minuteMs = 60_000

function Left({ endsAt }: { readonly endsAt: number }) {
  const left = Math.max(0, Math.ceil((endsAt - useNow()) / minuteMs))
  return <Tag tone="bad">{left === 0 ? 'ends now' : `${left} min left`}</Tag>
}

function InNow({ uses, lastsMs }: { readonly uses: readonly EmergencyUse[]; readonly lastsMs: number }) {
  const mayEnd = usePractice().may('gw.sessions.revoke')
  const { open } = useOpened()
  const now = uses.filter(({ state }) => state === 'on')
  return (
    <section className={`gh-card ${now.length > 0 ? 'gh-card-loud' : ''}`} aria-labelledby="in-now-title">
      <div className="gh-card-head">
        <h2 id="in-now-title">In now</h2>
        {now.length === 0 && <p className="gh-faint">Nobody is in by emergency access.</p>}
      </div>
      {now.length > 0 && (
        <ul className="gh-rows">
          {now.map((use) => (
            <li key={use.id} className="gh-item">
              <div className="gh-item-text">
                <p>
                  <span className="gh-strong">{use.user.name}</span>{' '}
                  <span className="gh-faint">{use.user.login}</span> since <When at={use.startedAt} />{' '}
                  <Left endsAt={use.endsAt} />
                </p>
                <p>“{use.reason}”</p>
                <p className="gh-faint">
                  From <code>{use.address}</code>, with {factorName(use.method).toLowerCase()}. Address and
                  hours are not asked of them for {lengthText(lastsMs)}; revocations and permissions hold.
                </p>
              </div>
              <Button color="red" disabled={!mayEnd} onClick={() => open('end', use.id)}>
                End now<span className="gh-unseen"> the access of {use.user.name}</span>
              </Button>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function Switch({ data }: { readonly data: Emergency }) {
  const practice = usePractice()
  const { open } = useOpened()
  const { allowed, lastsMs } = data.settings
  return (
    <section className="gh-card" aria-labelledby="switch-title">
      <div className="gh-card-head">
        <h2 id="switch-title">Who may let themselves in</h2>
        <Tag tone={allowed ? 'warn' : 'neutral'}>{allowed ? `Allowed, ${lengthText(lastsMs)}` : 'Off'}</Tag>
        <Button
          variant="default"
          disabled={!practice.may('gw.security.settings.edit')}
          onClick={() => open('settings')}
        >
          Change
        </Button>
      </div>
      <p className="gh-card-text gh-faint">
        {allowed
          ? 'People whose role holds “Use emergency access” are offered it where address or hours refuse them. They prove a second factor and give a reason; every security admin is mailed at once. At most three times a week each.'
          : 'Nobody is offered it. When the internet provider changes the office address on a Monday morning, only sealed codes and the override on the host get anybody in.'}
      </p>
    </section>
  )
}

function Row({ use }: { readonly use: EmergencyUse }) {
  const mayReview = usePractice().may('gw.security.settings.edit')
  const { open } = useOpened()
  return (
    <tr>
      <th scope="row" data-label="Who">
        <span className="gh-strong">{use.user.name}</span>
        <span className="gh-sub">{use.user.login}</span>
      </th>
      <td data-label="When">
        <When at={use.startedAt} as="date" />
        <span className="gh-sub">
          {use.endedBy === null ? 'ran out' : `ended by ${use.endedBy}`} <When at={use.endsAt} />
        </span>
      </td>
      <td data-label="Reason">{use.reason}</td>
      <td data-label="From">
        <code>{use.address}</code>
      </td>
      <td data-label="Review">
        {use.reviewedAt === null ? (
          <Tag tone="warn">not reviewed</Tag>
        ) : (
          <>
            <span>
              {use.reviewedBy} <When at={use.reviewedAt} />
            </span>
            {use.reviewNote !== '' && <span className="gh-sub">{use.reviewNote}</span>}
          </>
        )}
      </td>
      <td className="gh-row-acts">
        {use.reviewedAt === null && (
          <Button size="xs" variant="default" disabled={!mayReview} onClick={() => open('review', use.id)}>
            Review<span className="gh-unseen"> the use of {use.user.name}</span>
          </Button>
        )}
      </td>
    </tr>
  )
}

function Uses({ data }: { readonly data: Emergency }) {
  const over = data.uses.filter(({ state }) => state === 'over')
  return (
    <section className="gh-card" aria-labelledby="uses-title">
      <div className="gh-card-head">
        <h2 id="uses-title">Past uses</h2>
        {data.unreviewed > 0 && <Tag tone="warn">{data.unreviewed} not reviewed</Tag>}
      </div>
      {over.length === 0 ? (
        <Blank icon="shield" title="It has not been used yet">
          Each use stays here with its reason, and waits until somebody other than the person has looked at
          it.
        </Blank>
      ) : (
        <table className="gh-table">
          <caption className="gh-unseen">Past uses, newest first</caption>
          <thead>
            <tr>
              <th scope="col">Who</th>
              <th scope="col">When</th>
              <th scope="col">Reason</th>
              <th scope="col">From</th>
              <th scope="col">Review</th>
              <th scope="col">
                <span className="gh-unseen">Act</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {over.map((use) => (
              <Row key={use.id} use={use} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}

function Dialogs({ data, reload }: { readonly data: Emergency; readonly reload: () => unknown }) {
  const { name, id, close } = useOpened()
  const use = data.uses.find((one) => one.id === id)
  if (name === 'settings') return <SettingsDialog data={data} onClose={close} />
  if (use === undefined) return null
  if (name === 'end' && use.state === 'on') return <EndDialog use={use} reload={reload} onClose={close} />
  if (name === 'review' && use.reviewedAt === null)
    return <ReviewDialog use={use} reload={reload} onClose={close} />
  return null
}

/** The tab. */
export function EmergencyTab() {
  const practice = usePractice()
  const found = useQuery(emergencyQuery(practice.id))
  return (
    <>
      <div className="gh-page-head">
        <h1>Emergency access</h1>
        <p>For the day when the rules keep out whoever must get in. Every way is loud and ends by itself.</p>
      </div>
      {found.isPending ? (
        <Loading rows={6} label="Loading emergency access" />
      ) : found.isError ? (
        <Failed error={found.error} again={found.refetch} />
      ) : (
        <>
          <InNow uses={found.data.uses} lastsMs={found.data.settings.lastsMs} />
          <Switch data={found.data} />
          <SealedCodes />
          <Uses data={found.data} />
          <Drill drill={found.data.drill} />
          <Dialogs data={found.data} reload={found.refetch} />
        </>
      )}
    </>
  )
}
