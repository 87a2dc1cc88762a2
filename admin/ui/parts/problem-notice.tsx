/**
 * Why a save did not happen, readably: bad input beside its fields, a conflict with a way to reload, a lockout with
 * the names of who would be locked out and the override.
 *
 * It saves nothing. Invariant: a sentence that no field shows is shown here, so that none is lost.
 */
import { Alert, Button, TextInput } from '@mantine/core'
import { usePractice } from '../practice.ts'
import { problemsBeside, type ShownProblem, stepUpLink } from '../problem.ts'

/** What the notice shows and lets do. `fields`: names of the fields that show their own problems. */
export type NoticeProps = {
  readonly problem: ShownProblem
  readonly fields?: readonly string[]
  readonly typedName: string
  readonly onTypeName: (name: string) => void
  readonly onReload: () => void
}

function Lockout({ problem, typedName, onTypeName }: NoticeProps) {
  const { name } = usePractice()
  return (
    <>
      <p>{problem.detail}</p>
      <ul className="gh-plain-list">
        {(problem.lockedOut ?? []).map((person) => (
          <li key={`${person.name} ${person.address ?? ''}`}>
            <strong>{person.name}</strong>
            {person.address !== null && <code>{person.address}</code>}
            <span>{person.sentence}</span>
          </li>
        ))}
      </ul>
      <TextInput
        label="Practice name"
        description={`To do it anyway, type “${name}”. The override is written to the security events.`}
        value={typedName}
        onChange={(event) => onTypeName(event.currentTarget.value)}
        autoComplete="off"
      />
    </>
  )
}

/** The notice. */
export function ProblemNotice(props: NoticeProps) {
  const { problem, fields = [], onReload } = props
  if (problem.code === 'lockout-risk')
    return (
      <Alert color="red" variant="outline" title={problem.title} className="gh-notice">
        <Lockout {...props} />
      </Alert>
    )
  if (problem.code === 'revision-conflict')
    return (
      <Alert color="red" variant="outline" title={problem.title} className="gh-notice">
        <p>
          {problem.detail}
          {problem.current === undefined ? '' : ` Revision ${problem.current} is current now.`} Nothing of
          yours is lost: reload, look at what changed, and save again.
        </p>
        <Button size="xs" variant="default" onClick={onReload}>
          Reload
        </Button>
      </Alert>
    )
  const stepUp = stepUpLink(problem)
  const beside = problemsBeside(problem, fields)
  if (problem.code === 'invalid' && beside.length === 0) return null
  return (
    <Alert color="red" variant="outline" title={problem.title} className="gh-notice">
      {problem.code === 'invalid' ? (
        <ul className="gh-plain-list">
          {beside.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      ) : (
        <p>{problem.detail}</p>
      )}
      {stepUp !== null && (
        <Button size="xs" component="a" href={stepUp}>
          Confirm that it is you
        </Button>
      )}
    </Alert>
  )
}
