/**
 * The review that every change of the policy goes through before it is saved: what changes, whom it concerns, whether an
 * admin would be locked out, and only then the act.
 *
 * What is asked and what is saved are the caller's. Invariant: the act is possible for exactly what is shown: while the
 * answer for the newest draft is on its way nothing can be applied, and the practice's name is typed only where the
 * forecast, or the API when it saved, has named who would be locked out.
 */
import { Button, Group, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useEffect, useState } from 'react'
import { Dialog } from '../parts/confirm-dialog.tsx'
import { Icon } from '../parts/icons.tsx'
import { ProblemNotice } from '../parts/problem-notice.tsx'
import { type Extra, type Saving, useSaving } from '../parts/saving.ts'
import { Loading } from '../parts/states.tsx'
import { usePractice } from '../practice.ts'
import { problemOf, type ShownProblem } from '../problem.ts'
import { ChangeList } from './change-list.tsx'
import { ImpactView } from './impact-view.tsx'
import { demandsOf, LockoutCheck } from './lockout-check.tsx'
import { type Draft, type Forecast, forecastQuery } from './review-queries.ts'

const pauseMs = 250

/** What is reviewed. `draft`: what the forecast is asked for, over `revision`. */
export type ReviewProps = {
  readonly title: string
  readonly act: string
  readonly draft: Draft
  readonly revision: number
  /** Something else is in the way, such as a conflict or a field that is not filled in. */
  readonly canAct?: boolean
  readonly people?: readonly { readonly user: string; readonly name: string }[]
  readonly children?: ReactNode
  /** Stands below whom it concerns. */
  readonly below?: ReactNode
  readonly save: (extra: Extra, forecast: Forecast | undefined) => Promise<void>
  readonly reload: () => void
  readonly onClose: () => void
}

/** The forecast of the newest draft, once typing pauses. */
function useForecast({ draft, revision }: Pick<ReviewProps, 'draft' | 'revision'>) {
  const practice = usePractice()
  // As text: a draft that is made anew with the same content is the same question.
  const text = JSON.stringify(draft)
  const [settled] = useDebouncedValue(text, pauseMs)
  const asked = useQuery(forecastQuery(practice.id, revision, JSON.parse(settled) as Draft))
  return { data: asked.data, error: asked.error, isPending: settled !== text || asked.isPending }
}

type ForecastState = ReturnType<typeof useForecast>

/** What is in the way of the change as a whole: a list to be filled first, a scope that nobody is in. */
function FirstOfAll({ problem }: { readonly problem: ShownProblem }) {
  const sentences = (problem.problems ?? []).map(({ path, sentence }) =>
    // A whole sentence says by itself what is meant; half of one needs the name of its setting.
    /^\p{Lu}/u.test(sentence) ? sentence : `${path}: ${sentence}`,
  )
  return (
    <div className="gh-answer gh-tone-warn" role="alert">
      <Icon name="warning" />
      <div>
        <p>
          <strong>Something has to be done first:</strong>
        </p>
        <ul className="gh-plain-list">
          {(sentences.length === 0 ? [problem.detail] : sentences).map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      </div>
    </div>
  )
}

function Outlook(props: {
  readonly state: ForecastState
  readonly people: ReviewProps['people']
  readonly typedName: string
  readonly onTypeName: (name: string) => void
}) {
  const { state } = props
  if (state.error !== null && state.data === undefined) {
    const problem = problemOf(state.error)
    return problem.code === 'invalid' ? (
      <FirstOfAll problem={problem} />
    ) : (
      <ProblemNotice
        problem={{ ...problem, title: 'Whom it concerns cannot be said just now' }}
        typedName=""
        onTypeName={() => undefined}
        onReload={() => undefined}
      />
    )
  }
  if (state.data === undefined || state.isPending)
    return <Loading rows={3} label="Looking at who came in the last 30 days" />
  return (
    <>
      <h3 className="gh-step">What changes</h3>
      <ChangeList sentences={state.data.changes} people={props.people ?? []} />
      <h3 className="gh-step">Whom it concerns</h3>
      <ImpactView forecast={state.data} />
      <LockoutCheck forecast={state.data} typedName={props.typedName} onTypeName={props.onTypeName} />
    </>
  )
}

/** Whether the act is possible: nothing is in the way, and what has to be typed is typed. */
function mayAct(state: ForecastState, typedName: string, practiceName: string): boolean {
  if (state.error !== null && problemOf(state.error).code === 'invalid') return false
  if (state.isPending && state.error === null) return false
  const { isShut, needsName } = demandsOf(state.data)
  if (isShut || state.data?.changes.length === 0) return false
  return !needsName || typedName.trim() === practiceName
}

/** Why it was not saved. Another revision is loaded already; what differs in this section its own notice tells. */
function Refused(props: {
  readonly saving: Saving
  readonly hasConflict: boolean
  readonly reload: () => void
}) {
  const { problem, typedName, setTypedName } = props.saving
  if (problem === null) return null
  if (problem.code !== 'revision-conflict')
    return (
      <ProblemNotice
        problem={problem}
        typedName={typedName}
        onTypeName={setTypedName}
        onReload={props.reload}
      />
    )
  if (props.hasConflict) return null
  return (
    <p className="gh-answer gh-tone-warn" role="alert">
      <Icon name="warning" />
      <span>
        Other settings were saved in between
        {problem.current === undefined ? '' : ` (revision ${problem.current})`}. Yours are untouched: look at
        what changes now, then apply again.
      </span>
    </p>
  )
}

/** The dialog; draw it while it is open. */
export function ReviewDialog(props: ReviewProps) {
  const practice = usePractice()
  const state = useForecast(props)
  const { needsName } = demandsOf(state.data)
  const [typedName, setTypedName] = useState('')
  const saving = useSaving(async (extra) => {
    const confirmPracticeName = needsName ? typedName.trim() : extra.confirmPracticeName
    await props.save(
      confirmPracticeName === undefined ? extra : { ...extra, confirmPracticeName },
      state.data,
    )
  })
  const { problem } = saving
  const isStale = problem?.code === 'revision-conflict'
  const { reload } = props
  // biome-ignore lint/correctness/useExhaustiveDependencies: once per refusal, whatever function reloads
  useEffect(() => {
    if (isStale) reload()
  }, [isStale])
  const isRisky = needsName || problem?.code === 'lockout-risk'
  const act = async () => {
    if (await saving.run()) props.onClose()
  }
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <form
        className="gh-form"
        onSubmit={(event) => {
          event.preventDefault()
          void act()
        }}
      >
        {props.children}
        <Outlook state={state} people={props.people} typedName={typedName} onTypeName={setTypedName} />
        {props.below}
        <TextInput
          label="Reason"
          description="Optional; kept in the security events."
          value={saving.reason}
          maxLength={500}
          onChange={(event) => saving.setReason(event.currentTarget.value)}
        />
        <Refused saving={saving} hasConflict={props.canAct === false} reload={reload} />
        <Group justify="flex-end" gap="sm" className="gh-form-end">
          <Button variant="default" onClick={props.onClose}>
            Cancel
          </Button>
          <Button
            type="submit"
            loading={saving.isBusy}
            disabled={props.canAct === false || !mayAct(state, typedName, practice.name)}
            {...(isRisky ? { color: 'red' } : {})}
          >
            {props.act}
          </Button>
        </Group>
      </form>
    </Dialog>
  )
}
