/**
 * Whom a change would refuse and let in: by name, from which networks, why, and whether they are in just now.
 *
 * It asks nothing (`review-queries.ts`) and lists a network only where somebody presses the button. Invariant: what cannot
 * be said is told as such and never shown as "nobody".
 */
import { Button } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { followSave } from '../parts/follow-save.tsx'
import { Icon } from '../parts/icons.tsx'
import { Tag } from '../parts/tag.tsx'
import { When } from '../parts/when.tsx'
import { usePractice } from '../practice.ts'
import { problemOf } from '../problem.ts'
import { topicKey } from '../queries.ts'
import type { Forecast, Impact, ImpactLine } from './review-queries.ts'

type Network = ImpactLine['networks'][number]

const shownMax = 8

/** "1 person", "4 people". */
export const peopleText = (count: number): string => (count === 1 ? '1 person' : `${count} people`)

function AddNetwork({ network, name }: { readonly network: Network; readonly name: string }) {
  const practice = usePractice()
  const client = useQueryClient()
  const [state, setState] = useState<'ready' | 'busy' | 'added'>('ready')
  const [problem, setProblem] = useState<string | null>(null)
  const { add } = network
  if (add === null || !practice.may('gw.ip.edit')) return null
  if (state === 'added') return <Tag tone="good">listed</Tag>
  const list = async () => {
    setState('busy')
    try {
      const { sequence } = await parseResponse(
        api.practices[':practice']['ip-entries'].$post({
          ...{ param: { practice: practice.id }, header: {}, json: add.body },
        }),
      )
      followSave(`${network.range} is listed`, sequence)
      setState('added')
      await client.invalidateQueries({ queryKey: topicKey(practice.id) })
    } catch (error) {
      setProblem(problemOf(error).detail)
      setState('ready')
    }
  }
  return (
    <>
      <Button
        size="compact-xs"
        variant="default"
        loading={state === 'busy'}
        aria-label={`Add this network: ${network.range} of ${name}`}
        onClick={() => void list()}
      >
        Add this network
      </Button>
      {problem !== null && (
        <span role="alert" className="gh-warn-text">
          {problem}
        </span>
      )}
    </>
  )
}

function Line({ line, isHere }: { readonly line: ImpactLine; readonly isHere: boolean }) {
  return (
    <li className="gh-impact">
      <p>
        <strong>{line.name}</strong> {isHere && <Tag>signed in now</Tag>}{' '}
        <span className="gh-faint">
          {line.because}, last <When at={line.lastAt} />
        </span>
      </p>
      {line.networks.map((network) => (
        <p key={network.range} className="gh-impact-network">
          <code>{network.range}</code>
          <span className="gh-faint gh-numbers">
            {network.count === 1 ? 'once' : `${network.count} times`}
          </span>
          <AddNetwork network={network} name={line.name} />
        </p>
      ))}
    </li>
  )
}

function Lines({
  lines,
  here,
}: {
  readonly lines: readonly ImpactLine[]
  readonly here: ReadonlySet<string>
}) {
  const [isAll, setAll] = useState(false)
  const shown = isAll ? lines : lines.slice(0, shownMax)
  return (
    <>
      <ul className="gh-plain-list">
        {shown.map((line) => (
          <Line key={`${line.user} ${line.reason}`} line={line} isHere={here.has(line.user)} />
        ))}
      </ul>
      {shown.length < lines.length && (
        <Button size="compact-xs" variant="subtle" onClick={() => setAll(true)}>
          Show {lines.length - shown.length} more
        </Button>
      )}
    </>
  )
}

const usersOf = (lines: readonly ImpactLine[]): ReadonlySet<string> => new Set(lines.map(({ user }) => user))

/** Those of the recorded requests, and whoever is in now without a request of their own. */
function merged(live: Impact | null, recorded: Impact | null, which: 'refused' | 'allowed') {
  const here = usersOf(live?.[which] ?? [])
  const known = usersOf(recorded?.[which] ?? [])
  const lines = [
    ...(recorded?.[which] ?? []),
    ...(live?.[which] ?? []).filter(({ user }) => !known.has(user)),
  ].toSorted((one, other) => Number(here.has(other.user)) - Number(here.has(one.user)))
  return { here, lines }
}

/** `1 request`, `1,234 requests`. */
const counted = (count: number, what: string): string =>
  `${count.toLocaleString('en-GB')} ${what}${count === 1 ? '' : 's'}`

/** Whom it refuses and lets in. */
export function ImpactView({ forecast }: { readonly forecast: Forecast }) {
  const { live, recorded } = forecast
  if (live === null && recorded === null)
    return (
      <p className="gh-answer gh-tone-warn">
        <Icon name="warning" />
        <span>Whom this would refuse cannot be said just now. Try Monitor first.</span>
      </p>
    )
  const refused = merged(live, recorded, 'refused')
  const allowed = merged(live, recorded, 'allowed')
  const asked = `Looked at: ${counted(recorded?.asked ?? 0, 'request')} of the last 30 days and ${counted(live?.asked ?? 0, 'open session')}.`
  return (
    <>
      {refused.lines.length === 0 ? (
        <p className="gh-answer gh-tone-good">
          <Icon name="check" />
          <span>Nobody who came in the last 30 days, or is in now, would be refused. {asked}</span>
        </p>
      ) : (
        <div className="gh-answer gh-tone-warn">
          <Icon name="warning" />
          <div>
            <p>
              <strong>{peopleText(usersOf(refused.lines).size)} would be refused.</strong> {asked}
            </p>
            <Lines lines={refused.lines} here={refused.here} />
          </div>
        </div>
      )}
      {allowed.lines.length > 0 && (
        <details className="gh-details">
          <summary>{peopleText(usersOf(allowed.lines).size)} would be let in who are refused today</summary>
          <Lines lines={allowed.lines} here={allowed.here} />
        </details>
      )}
    </>
  )
}
