/**
 * One security event: a line, and below it what was and what is, value by value.
 *
 * Values are shown as the chain holds them; secrets were redacted before. Invariant: a value that is only on one side
 * is shown as added or removed, never left out.
 */
import { Tag } from '../parts/tag.tsx'
import { When } from '../parts/when.tsx'
import type { SecurityEvent } from '../queries.ts'

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

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
const titles: Readonly<Record<string, string>> = {
  'control.two-factor.changed': 'Two-factor control changed',
  'two-factor.enrolled': 'Second factor set up',
  'two-factor.verified': 'Second factor shown',
  'two-factor.failed': 'Second factor not accepted',
  'two-factor.reset': '2FA reset',
  'two-factor.recovery-codes-renewed': 'Recovery codes renewed',
}
const titleOf = (type: string): string =>
  titles[type] ?? capital(type.replaceAll(/[-.]/g, ' ').replaceAll(/\bip\b/g, 'IP'))

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

/** The event as an item of a list. */
export function EventRow({ event }: { readonly event: SecurityEvent }) {
  return (
    <li>
      <details className="gh-details">
        <summary className="gh-event">
          <span className="gh-numbers gh-faint gh-event-number">#{event.number}</span>
          <span className="gh-strong">{titleOf(event.type)}</span>
          {event.target !== null && <span className="gh-event-target">{event.target}</span>}
          <span className="gh-event-end">
            <span>{event.actor.name}</span>
            <When at={event.at} />
          </span>
        </summary>
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
      </details>
    </li>
  )
}
