/**
 * One security event: a line that says who did what to what, and below it what was and what is, value by value.
 *
 * Values are shown as the chain holds them; secrets were redacted before. Invariant: a value that is only on one side
 * is shown as added or removed, never left out; which event is open stands in the address.
 */
import { Link } from '@tanstack/react-router'
import { useOpened } from '../parts/opened.ts'
import { Tag } from '../parts/tag.tsx'
import { usePractice } from '../practice.ts'
import type { SecurityEvent } from '../queries.ts'
import { eventSearch } from '../route-search.ts'
import { clockText, fullTime } from '../times.ts'
import { titleOf } from './event-titles.ts'

type Line = { readonly path: string; readonly before: string; readonly after: string }

const absent = '—'

function flat(value: unknown, path: string): readonly (readonly [string, string])[] {
  if (value === null || value === undefined) return path === '' ? [] : [[path, String(value)]]
  if (typeof value !== 'object') return [[path === '' ? 'value' : path, String(value)]]
  if (Array.isArray(value) && value.every((part) => typeof part !== 'object'))
    return [[path === '' ? 'value' : path, value.join(', ')]]
  return Object.entries(value).flatMap(([name, part]) => flat(part, path === '' ? name : `${path}.${name}`))
}

/** What was and what is by path, in the order of first appearance. */
function linesOf(before: unknown, after: unknown): readonly Line[] {
  const was = new Map(flat(before, ''))
  const is = new Map(flat(after, ''))
  return [...new Set([...was.keys(), ...is.keys()])].map((path) => ({
    path,
    before: was.get(path) ?? absent,
    after: is.get(path) ?? absent,
  }))
}

function Changes({ event }: { readonly event: SecurityEvent }) {
  const lines = linesOf(event.before, event.after)
  if (lines.length === 0) return null
  return (
    <table className="gh-diff">
      <caption className="gh-unseen">Before and after of event {event.number}</caption>
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col">Before</th>
          <th scope="col">After</th>
        </tr>
      </thead>
      <tbody>
        {lines.map(({ path, before, after }) => (
          <tr key={path}>
            <th scope="row">{path}</th>
            <td>{before === after || before === absent ? before : <del>{before}</del>}</td>
            <td>{before === after || after === absent ? after : <ins>{after}</ins>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** Ways on from an event: all of this actor, all of this target, refusals of the person it is about. */
function WaysOn({ event }: { readonly event: SecurityEvent }) {
  const { actor, target, targetId, decisions } = event
  const only = (change: Readonly<Record<string, string>>) => eventSearch(change)
  return (
    <p className="gh-event-facts">
      <Link to="." search={only({ actor: actor.id }) as never} className="gh-link">
        Everything by {actor.name}
      </Link>
      {targetId !== null && (
        <Link to="." search={only({ target: targetId }) as never} className="gh-link">
          Everything about {target}
        </Link>
      )}
      {decisions !== null && (
        <Link to="." search={only({ view: 'refusals', user: decisions.user }) as never} className="gh-link">
          Refusals of {target}
        </Link>
      )}
    </p>
  )
}

/** The event as an item of a list. `meaning`: what its action means, of the catalogue. */
export function EventRow({
  event,
  meaning,
}: {
  readonly event: SecurityEvent
  readonly meaning: string | null
}) {
  const { zone } = usePractice()
  const { name, id, open, close } = useOpened()
  const isOpen = name === 'event' && id === String(event.number)
  return (
    <li>
      <details
        className="gh-details"
        open={isOpen}
        onToggle={(toggled) => {
          // The address says which one is open; the element follows it, and tells it when it is pressed.
          const isWanted = toggled.currentTarget.open
          if (isWanted && !isOpen) open('event', String(event.number))
          if (!isWanted && isOpen) close()
        }}
      >
        <summary className="gh-event">
          <time
            className="gh-event-time gh-numbers gh-faint"
            dateTime={new Date(event.at).toISOString()}
            title={fullTime(event.at, zone)}
          >
            {clockText(event.at, zone)}
          </time>
          <span className="gh-event-words">
            <span className="gh-strong">{event.actor.name}</span>
            <span className="gh-faint"> → </span>
            <span>{titleOf(event.type)}</span>
            {event.target !== null && (
              <>
                <span className="gh-faint"> → </span>
                <span className="gh-strong">{event.target}</span>
              </>
            )}
          </span>
          <span className="gh-numbers gh-faint gh-event-end">#{event.number}</span>
        </summary>
        {isOpen && (
          <>
            {meaning !== null && <p>{meaning}</p>}
            <Changes event={event} />
            <p className="gh-event-facts">
              <Tag>{event.type}</Tag>
              {event.reason !== null && <span>Reason: {event.reason}</span>}
              {event.revision !== null && <span>Revision {event.revision}</span>}
              <span>by {event.origin}</span>
              {event.address !== null && <code>{event.address}</code>}
              <span>
                Hash <code title={event.hash}>{event.hash.slice(0, 12)}…</code>
              </span>
            </p>
            <WaysOn event={event} />
          </>
        )}
      </details>
    </li>
  )
}
