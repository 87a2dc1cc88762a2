/**
 * A simulation: what one person would meet from an address at a time, as saved and beside it as drafted.
 *
 * Nothing is saved here. Invariant: the whole question stands in the address; the answer comes from the gates that
 * gateways run, so that what is shown is what would happen.
 */
import { Alert } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { audienceOf } from '../parts/audience-field.tsx'
import { Blank, Failed, Loading } from '../parts/states.tsx'
import { usePractice } from '../practice.ts'
import { problemOf, problemsBeside } from '../problem.ts'
import { meQuery, peopleQuery, timeWindowsQuery } from '../queries.ts'
import type { Draft } from '../review/review-queries.ts'
import type { TimeList } from '../time-windows/time-queries.ts'
import { draftIn } from '../time-windows/time-search.ts'
import { weekDraftOf, weekPlanOf } from '../time-windows/week-plans.ts'
import { readWeek } from '../time-windows/week-text.ts'
import { dateTime, instantOf } from '../times.ts'
import { QuestionForm } from './question-form.tsx'
import { type Question, simulateQuery } from './simulate-queries.ts'
import type { SimulateSearch } from './simulate-search.ts'
import { VerdictView } from './verdict-view.tsx'

const route = getRouteApi('/practices/$practice/simulate')

/** The draft that the address names; `null`: none, or one that cannot be read. */
function draftOf(search: SimulateSearch, list: TimeList | undefined): Draft | null {
  const { draft, week } = search
  const [kind, what] = (draft ?? '').split(':')
  if (kind === 'preset') return { preset: what as Draft['preset'] }
  if (kind === 'enforce') return { controls: { [what ?? '']: { mode: 'enforce' } } }
  if (kind !== 'week' || week === undefined || list === undefined) return null
  // Hours that cannot be read are no draft, rather than what is saved under its name.
  if (search.hours !== undefined && 'problem' in readWeek(search.hours)) return null
  const audience = audienceOf(week)
  const plan = weekPlanOf(list.windows, audience)
  return weekDraftOf(plan, { audience, ...draftIn(search, plan) })
}

/** The method that a route's id names, such as "demo POST /payments"; else a plain look. */
const methodOf = (id: string | undefined): NonNullable<Question['method']> =>
  (['POST', 'PUT', 'PATCH', 'DELETE'] as const).find((method) => id?.includes(` ${method} `)) ?? 'GET'

/** What is wrong with the question, or with asking it. */
function Refused({ error, again }: { readonly error: unknown; readonly again: () => unknown }) {
  const problem = problemOf(error)
  if (problem.code !== 'invalid') return <Failed error={error} again={again} />
  return (
    <Alert color="red" variant="outline" title="This cannot be asked" role="alert">
      <ul className="gh-plain-list">
        {problemsBeside(problem, []).map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </Alert>
  )
}

function Answer({ question }: { readonly question: Question }) {
  const practice = usePractice()
  const answer = useQuery(simulateQuery(practice.id, question))
  if (answer.isPending) return <Loading rows={6} label="Asking every gate" />
  if (answer.isError) return <Refused error={answer.error} again={answer.refetch} />
  const { saved, draft, name, zone, at, revision } = answer.data
  return (
    <>
      <p className="gh-simulated gh-faint" role="status">
        {name} from {question.address}, {dateTime(at, zone)} ({zone}), {answer.data.route}. Nothing is saved.
      </p>
      <div className={draft === null ? '' : 'gh-verdicts'}>
        <VerdictView
          {...{ id: 'saved-title', title: `As saved (revision ${revision})`, name, zone, verdict: saved }}
        />
        {draft !== null && (
          <VerdictView {...{ id: 'draft-title', title: 'As drafted', name, zone, verdict: draft }} />
        )}
      </div>
    </>
  )
}

/** The question that the address asks; `null`: not yet a whole one. */
function useQuestion(search: SimulateSearch, ownAddress: string | undefined): Question | null {
  const practice = usePractice()
  const { data: list, isError } = useQuery({
    ...timeWindowsQuery(practice.id),
    enabled: search.draft === 'week',
  })
  const address = search.address ?? ownAddress
  if (search.user === undefined || address === undefined) return null
  // The draft of a week is made from the windows that are saved.
  if (search.draft === 'week' && list === undefined && !isError) return null
  const at = search.at === undefined ? null : instantOf(search.at, practice.zone)
  const draft = draftOf(search, list)
  return {
    ...{ user: search.user, address, method: methodOf(search.route), factor: search.factor ?? null },
    ...(at === null ? {} : { at }),
    ...(search.route === undefined ? {} : { route: search.route }),
    ...(draft === null ? {} : { draft }),
    ...(search.draft?.startsWith('planned:') ? { scheduled: search.draft.slice('planned:'.length) } : {}),
  }
}

/** The page. */
export function SimulateTab() {
  const practice = usePractice()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const { data: me } = useQuery(meQuery)
  const people = useQuery(peopleQuery(practice.id))
  const question = useQuestion(search, me?.seenAt.address)
  const found = people.data?.members.find(({ user }) => user === search.user)
  const person = search.user === undefined ? null : { user: search.user, name: found?.name ?? search.user }
  return (
    <>
      <div className="gh-page-head">
        <h1>Simulate</h1>
        <p>What somebody would meet, step by step, before it happens. The link of this page asks the same.</p>
      </div>
      <section className="gh-card" aria-labelledby="question-title">
        <div className="gh-card-head">
          <h2 id="question-title">Who, from where, when</h2>
        </div>
        {me === undefined || people.isPending ? (
          <Loading rows={2} />
        ) : (
          <QuestionForm
            key={JSON.stringify(search)}
            search={search}
            ownAddress={me.seenAt.address}
            person={person}
            onAsk={(asked) => navigate({ search: asked })}
          />
        )}
      </section>
      {question === null ? (
        <Blank icon="search" title="Choose a person to begin">
          You see every gate they would pass or fail, what would help, and the week ahead, for what is saved
          and, if you like, for a change that nobody has saved yet.
        </Blank>
      ) : (
        <Answer question={question} />
      )}
    </>
  )
}
