/**
 * What another admin saved while this was being edited, setting by setting, and the choice between theirs and mine.
 *
 * It chooses nothing by itself. Invariant: only what they changed is listed, each with what it was, what it is now and
 * what it would be here, in the words of the page.
 */
import { Alert, Button, Group } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { usePractice } from '../practice.ts'
import { dateTime } from '../times.ts'
import { savedByQuery } from './review-queries.ts'
import type { Conflict } from './section-edit.ts'

/** A setting in words. */
export type Fact = { readonly name: string; readonly text: string }

function Who({ revision }: { readonly revision: number }) {
  const practice = usePractice()
  const { data } = useQuery({
    ...savedByQuery(practice.id, revision),
    enabled: practice.may('gw.events.view'),
  })
  const who = data == null ? 'Somebody else' : data.name
  const when = data == null ? '' : ` on ${dateTime(data.at, practice.zone)}`
  return (
    <p>
      {who} saved these settings{when}, while you were editing (revision {revision}). Nothing of yours is
      lost.
    </p>
  )
}

/** The notice; `factsOf` tells a value of the section in words. */
export function ConflictNotice<V>(props: {
  readonly conflict: Conflict<V>
  readonly mine: V
  readonly factsOf: (value: V) => readonly Fact[]
  readonly onKeepMine: () => void
  readonly onTakeTheirs: () => void
}) {
  const { conflict, factsOf } = props
  const [base, theirs, mine] = [conflict.base, conflict.theirs, props.mine].map(factsOf)
  const rows = (theirs ?? []).flatMap(({ name, text }, at) => {
    const [was, own] = [base?.[at]?.text, mine?.[at]?.text]
    return was === text ? [] : [{ name, was, text, own: own === was ? 'not changed by you' : own }]
  })
  return (
    <Alert color="red" variant="outline" title="Changed by somebody else in between" className="gh-notice">
      <Who revision={conflict.revision} />
      <table className="gh-diff">
        <caption className="gh-unseen">What they changed</caption>
        <thead>
          <tr>
            <th scope="col">Setting</th>
            <th scope="col">Was</th>
            <th scope="col">Theirs</th>
            <th scope="col">Yours</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, was, text, own }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{was}</td>
              <td className="gh-strong">{text}</td>
              <td>{own}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Group gap="sm" mt="sm">
        <Button size="xs" variant="default" onClick={props.onKeepMine}>
          Keep mine
        </Button>
        <Button size="xs" variant="default" onClick={props.onTakeTheirs}>
          Take theirs
        </Button>
      </Group>
    </Alert>
  )
}
