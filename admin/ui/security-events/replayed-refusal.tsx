/**
 * Why somebody was refused: the replay behind a reference code, asked for when it is opened.
 *
 * It works nothing out: failing controls, the smallest change and what would be now come with the answer. Invariant: what
 * was only monitored is never shown as having refused, and a replay that cannot be trusted says so first.
 */
import { useQuery } from '@tanstack/react-query'
import { useOpened } from '../parts/opened.ts'
import { Failed, Loading } from '../parts/states.tsx'
import { Tag } from '../parts/tag.tsx'
import { usePractice } from '../practice.ts'
import { decisionQuery, type ReplayedDecision } from '../queries.ts'

type Replay = ReplayedDecision['replay']
type Failing = Replay['failing'][number]
type Cure = Replay['cures'][number]

const controls: Readonly<Record<string, string>> = {
  session: 'Session',
  ip: 'IP allowlist',
  time: 'Time windows',
  'two-factor': 'Two-factor',
  permission: 'Permissions',
}

function FailingList({ failing }: { readonly failing: readonly Failing[] }) {
  return (
    <ul>
      {failing.map(({ control, monitored, practice, reason, sentence }) => (
        <li key={`${practice} ${reason} ${sentence}`}>
          {control !== null && (
            <Tag tone={monitored ? 'warn' : 'bad'}>
              {controls[control] ?? control}
              {monitored ? ', monitored only' : ''}
            </Tag>
          )}{' '}
          {sentence}
        </li>
      ))}
    </ul>
  )
}

function CureList({ cures }: { readonly cures: readonly Cure[] }) {
  return (
    <ul>
      {cures.map(({ practice, sentence }) => (
        <li key={`${practice} ${sentence}`}>{sentence}</li>
      ))}
    </ul>
  )
}

function Now({ now }: { readonly now: NonNullable<Replay['now']> }) {
  switch (now.verdict) {
    case 'passes':
      return <p>Now the same request would pass.</p>
    case 'after-sign-in':
      return <p>Now the same request would pass once they have signed in again.</p>
    case 'refused':
      return (
        <>
          <p>Now it would still be refused. What would allow it now:</p>
          <CureList cures={now.cures} />
        </>
      )
  }
}

function Story({ replay }: { readonly replay: Replay }) {
  const [policy] = replay.policies
  return (
    <>
      {replay.note !== null && <p className="gh-strong">{replay.note}</p>}
      <p>
        What refused
        {policy === undefined
          ? ''
          : policy.revision === policy.newest
            ? ` (revision ${policy.revision}, still the current one)`
            : ` (revision ${policy.revision}; now it is ${policy.newest})`}
        :
      </p>
      <FailingList failing={replay.failing} />
      {replay.cures.length > 0 && (
        <>
          <p>The smallest change that would have allowed it{replay.cures.length > 1 ? ', all of it' : ''}:</p>
          <CureList cures={replay.cures} />
        </>
      )}
      {replay.elsewhere && <p>Another practice of theirs had a say too; its admins can see it.</p>}
      {replay.now !== null && <Now now={replay.now} />}
    </>
  )
}

function Answer({ code }: { readonly code: string }) {
  const practice = usePractice()
  const found = useQuery(decisionQuery(practice.id, code))
  if (found.isPending) return <Loading rows={2} label="Replaying the refusal" />
  if (found.isError) return <Failed error={found.error} again={found.refetch} />
  return <Story replay={found.data.replay} />
}

/** A line that opens to the replay of the refusal under `code`; which is open, the address says. `isFound`: open it is. */
export function ReplayedRefusal({
  code,
  isFound = false,
}: {
  readonly code: string
  readonly isFound?: boolean
}) {
  const { name, id, open, close } = useOpened()
  const isOpen = isFound || (name === 'why' && id === code)
  return (
    <details
      className="gh-replay"
      open={isOpen}
      onToggle={({ currentTarget }) => {
        if (isFound) return
        if (currentTarget.open && !isOpen) open('why', code)
        if (!currentTarget.open && isOpen) close()
      }}
    >
      <summary className="gh-replay-title">
        Why, and what would help<span className="gh-unseen">, reference {code}</span>
      </summary>
      {isOpen && <Answer code={code} />}
    </details>
  )
}
