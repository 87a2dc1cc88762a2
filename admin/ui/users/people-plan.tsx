/**
 * What a file of people would do: wrong lines, who comes, who changes, who is missing.
 *
 * It imports nothing. Invariant: with one wrong line there is nothing to press; of long lists the beginning is shown and
 * the whole is counted.
 */
import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import { Icon } from '../parts/icons.tsx'
import type { PeoplePlan } from './users-queries.ts'

function List(props: {
  readonly title: string
  readonly count: number
  readonly lines: readonly { readonly key: string; readonly text: ReactNode }[]
}) {
  const { title, count, lines } = props
  if (count === 0) return null
  return (
    <details className="gh-details" open={lines.length <= 10}>
      <summary>
        {title} <span className="gh-faint gh-numbers">{count.toLocaleString('en')}</span>
      </summary>
      <ul className="gh-plain-list" aria-label={title}>
        {lines.map(({ key, text }) => (
          <li key={key}>{text}</li>
        ))}
        {count > lines.length && (
          <li className="gh-faint">and {(count - lines.length).toLocaleString('en')} more</li>
        )}
      </ul>
    </details>
  )
}

function Problems({ plan }: { readonly plan: PeoplePlan }) {
  const { problems, counts } = plan
  if (counts.problems === 0) return null
  return (
    <div className="gh-answer gh-tone-bad" role="alert">
      <Icon name="warning" />
      <div>
        <strong>
          {counts.problems === 1 ? '1 line is wrong' : `${counts.problems} lines are wrong`}: nothing is
          imported before they are put right.
        </strong>
        <ul className="gh-plain-list" aria-label="What is wrong">
          {problems.map(({ line, column, sentence }) => (
            <li key={`${line} ${column} ${sentence}`}>
              Line {line}
              {column !== null && `, ${column}`}: {sentence}
            </li>
          ))}
        </ul>
      </div>
    </div>
  )
}

/** The card; `children`: what is to be chosen before the import. */
export function PeoplePlanCard(props: {
  readonly plan: PeoplePlan
  readonly children?: ReactNode
  readonly onImport: () => void
}) {
  const { plan } = props
  const { counts } = plan
  const isSame = counts.adds + counts.changes + counts.leavers === 0
  return (
    <section className="gh-card gh-padded gh-form" aria-labelledby="plan-title">
      <h2 id="plan-title">What the file would do</h2>
      <Problems plan={plan} />
      {isSame && counts.problems === 0 && <p>Nothing: everybody is as the file says.</p>}
      <List
        title="Added"
        count={counts.adds}
        lines={plan.adds.map(({ line, name, login, roles }) => ({
          key: String(line),
          text: `${name} (${login})${roles.length === 0 ? '' : `: ${roles.join(', ')}`}`,
        }))}
      />
      <List
        title="Changed"
        count={counts.changes}
        lines={plan.changes.map(({ line, name, login, changes }) => ({
          key: String(line),
          text: `${name} (${login}): ${changes.join('; ')}`,
        }))}
      />
      <List
        title="Not in the file"
        count={counts.leavers}
        lines={plan.leavers.map(({ user, name, login }) => ({ key: user, text: `${name} (${login})` }))}
      />
      {counts.unchanged > 0 && (
        <p className="gh-faint gh-numbers">
          {counts.unchanged === 1 ? '1 stays' : `${counts.unchanged.toLocaleString('en')} stay`} as they are.
        </p>
      )}
      {props.children}
      <Button className="gh-fit" disabled={counts.problems > 0 || isSame} onClick={props.onImport}>
        Import
      </Button>
    </section>
  )
}
