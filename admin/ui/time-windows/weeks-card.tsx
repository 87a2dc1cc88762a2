/**
 * Weekly hours: whose there are, with what holds now, and the week of the chosen one to paint.
 *
 * Closures, openings and extensions have cards of their own. Invariant: whose week is shown and what is painted and not
 * saved, and the open dialog, stand in the address; a save names the revision that the page shows.
 */
import { Button, Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { audienceOf, audienceText } from '../parts/audience-field.tsx'
import { Icon } from '../parts/icons.tsx'
import { useKept, useOpened } from '../parts/opened.ts'
import { Failed, Loading } from '../parts/states.tsx'
import { Tag } from '../parts/tag.tsx'
import { usePractice } from '../practice.ts'
import { type Audience, peopleQuery, rolesQuery, type TimeWindow, timeWindowsQuery } from '../queries.ts'
import { useNow, wallTime } from '../times.ts'
import { useDraftParams } from './draft-params.ts'
import type { TimeList } from './time-queries.ts'
import { draftIn, isChanged, searchOfDraft, type TimeSearch, type WeekDraft } from './time-search.ts'
import { WindowsTable } from './time-tables.tsx'
import { WeekEditor } from './week-editor.tsx'
import { type WeekPlan, weekPlanOf } from './week-plans.ts'
import { WeekReview } from './week-review.tsx'
import { WindowDialog } from './window-dialog.tsx'

const route = getRouteApi('/practices/$practice/time-windows')

/** Whose week the address asks for; else the first that has one. */
export function chosenAudience({ week }: TimeSearch, list: TimeList): Audience {
  return week === undefined ? (list.audiences[0]?.audience ?? 'practice') : audienceOf(week)
}

/** "Open until 18:00" where the day is today's. */
const shortState = (sentence: string, now: string): string => sentence.replace(`${now.slice(0, -5)}`, '')

/** Roles and people by name, for those who have no week yet. */
function useNames() {
  const practice = usePractice()
  const { data: roles } = useQuery(rolesQuery(practice.id))
  const { data: people } = useQuery(peopleQuery(practice.id))
  const nameOf = (audience: Audience): string => {
    if (audience === 'practice') return 'Whole practice'
    if ('user' in audience)
      return people?.members.find(({ user }) => user === audience.user)?.name ?? audience.user
    return `Role ${roles?.roles.find(({ id }) => id === audience.role)?.name ?? audience.role}`
  }
  return { roles: roles?.roles ?? [], people: people?.members ?? [], nameOf }
}
type Names = ReturnType<typeof useNames>

/** Roles and people who have no hours of their own, by name. */
function AddWeek({ names, taken }: { readonly names: Names; readonly taken: ReadonlySet<string> }) {
  const navigate = route.useNavigate()
  const free = ({ value }: { readonly value: string }) => !taken.has(value)
  const groups = [
    { group: 'Everyone', items: [{ value: 'practice', label: 'Whole practice' }].filter(free) },
    {
      group: 'Everyone with the role',
      items: names.roles.map(({ id, name }) => ({ value: `role:${id}`, label: name })).filter(free),
    },
    {
      group: 'One person',
      items: names.people.map(({ user, name }) => ({ value: `user:${user}`, label: name })).filter(free),
    },
  ]
  return (
    <Select
      aria-label="Add hours for"
      placeholder="Add hours for …"
      leftSection={<Icon name="plus" />}
      searchable
      limit={40}
      nothingFoundMessage="Nobody else"
      data={groups.filter(({ items }) => items.length > 0)}
      value={null}
      onChange={(key) => key !== null && navigate({ search: (old) => ({ ...withoutDraft(old), week: key }) })}
    />
  )
}

const withoutDraft = ({ month, of, week }: TimeSearch): TimeSearch => ({ month, of, week })

function WeekList(props: { readonly list: TimeList; readonly chosen: Audience; readonly names: Names }) {
  const { list, chosen, names } = props
  const key = audienceText(chosen)
  const listed = list.audiences.map((state) => ({ ...state, key: audienceText(state.audience) }))
  const keys = new Set(listed.map((state) => state.key))
  const mayEdit = usePractice().may('gw.time.edit')
  return (
    <nav className="gh-weeks" aria-label="Whose hours">
      <ul>
        {listed.map((state) => (
          <li key={state.key}>
            <Link
              from="/practices/$practice/time-windows"
              to="."
              search={(old) => ({ ...withoutDraft(old), week: state.key })}
              className="gh-weeks-link"
              aria-current={state.key === key ? 'true' : undefined}
              resetScroll={false}
            >
              <span className="gh-strong">{state.audienceName}</span>
              <Tag tone={state.open ? 'good' : 'neutral'}>{shortState(state.sentence, list.now)}</Tag>
            </Link>
          </li>
        ))}
        {!keys.has(key) && (
          <li>
            <span className="gh-weeks-link" aria-current="true">
              <span className="gh-strong">{names.nameOf(chosen)}</span>
              <Tag>No hours yet</Tag>
            </span>
          </li>
        )}
      </ul>
      {mayEdit && <AddWeek names={names} taken={new Set([...keys, key])} />}
      <p className="gh-sub">Hours of the practice, of roles and of a person add up.</p>
    </nav>
  )
}

/** The windows one by one, with labels and dates; open where the grid cannot show some of them. */
function OneByOne(props: {
  readonly windows: readonly TimeWindow[]
  readonly audience: string
  readonly beside: number
  readonly revision: number
}) {
  const { windows, beside } = props
  const { name, id, key, open, close } = useOpened()
  const isOpen = name === 'window' && (id === '' || windows.some((one) => one.id === id))
  const edited = useKept(isOpen ? key : null, { window: windows.find((one) => one.id === id) ?? null })
  const mayEdit = usePractice().may('gw.time.edit')
  return (
    <details className="gh-details gh-one-by-one" open={beside > 0}>
      <summary>
        One by one, with labels and dates ({windows.length})
        {beside > 0 && <span className="gh-warn-text"> · {beside} not in the picture above</span>}
      </summary>
      {windows.length > 0 && (
        <WindowsTable
          windows={windows}
          revision={props.revision}
          onEdit={(window) => open('window', window.id)}
        />
      )}
      <p>
        <Button size="xs" variant="default" disabled={!mayEdit} onClick={() => open('window')}>
          Add window for some dates
        </Button>
      </p>
      {edited !== undefined && (
        <WindowDialog
          key={key}
          window={edited.window}
          audience={props.audience}
          revision={props.revision}
          onClose={close}
        />
      )}
    </details>
  )
}

type ChosenProps = { readonly list: TimeList; readonly audience: Audience; readonly name: string }

/** Tries the draft on a person: the page that simulates takes it from the address. */
function SimulateLink({
  draft,
  plan,
  audience,
}: {
  readonly draft: WeekDraft
  readonly plan: WeekPlan
  readonly audience: Audience
}) {
  const practice = usePractice()
  const changed = searchOfDraft(draft, plan)
  const user = audience !== 'practice' && 'user' in audience ? audience.user : undefined
  return (
    <Link
      to="/practices/$practice/simulate"
      params={{ practice: practice.id }}
      search={
        isChanged(changed) ? { user, draft: 'week', week: audienceText(audience), ...changed } : { user }
      }
      className="gh-text-link"
    >
      Try on a person
    </Link>
  )
}

function ChosenWeek({ list, audience, name }: ChosenProps) {
  const practice = usePractice()
  const now = useNow()
  const { name: opened, open, close } = useOpened()
  const key = audienceText(audience)
  const [params, setParams] = useDraftParams(key)
  const plan = weekPlanOf(list.windows, audience)
  const draft = draftIn(params, plan)
  const discard = () => setParams({})
  // Once saved nothing differs any more: the dialog ends by itself, not under the hands of its save.
  const isReviewed = useKept(
    opened === 'review' ? opened : null,
    isChanged(searchOfDraft(draft, plan)) || undefined,
  )
  const state = list.audiences.find((one) => audienceText(one.audience) === key)
  const isPerson = key.startsWith('user:')
  const own = list.windows.filter((window) => audienceText(window.audience) === key)
  return (
    <div className="gh-week-pane">
      <div className="gh-week-head">
        <h3>{name}</h3>
        {state !== undefined && (
          <span className="gh-faint">now: {shortState(state.sentence, list.now).toLowerCase()}</span>
        )}
        <SimulateLink draft={draft} plan={plan} audience={audience} />
      </div>
      <WeekEditor
        name={name}
        isPerson={isPerson}
        draft={draft}
        isChanged={isChanged(searchOfDraft(draft, plan))}
        today={wallTime(now, practice.zone).slice(0, 10)}
        onDraft={(next) => setParams(searchOfDraft(next, plan))}
        onDiscard={discard}
        onSave={() => open('review')}
      />
      <OneByOne windows={own} audience={key} beside={plan.beside.length} revision={list.revision} />
      {isReviewed === true && (
        <WeekReview
          name={name}
          plan={plan}
          wish={{ audience, ...draft }}
          revision={list.revision}
          onSaved={discard}
          onClose={close}
        />
      )}
    </div>
  )
}

/** The card. */
export function WeeksCard() {
  const practice = usePractice()
  const search = route.useSearch()
  const names = useNames()
  const list = useQuery(timeWindowsQuery(practice.id))
  return (
    <section className="gh-card" aria-labelledby="windows-title">
      <div className="gh-card-head">
        <h2 id="windows-title">Weekly hours</h2>
        {list.data !== undefined && (
          <p className="gh-summary gh-numbers">
            {list.data.now}, {list.data.zone}
          </p>
        )}
      </div>
      {list.isPending && <Loading label="Loading the hours" />}
      {list.isError && <Failed error={list.error} again={list.refetch} />}
      {list.data !== undefined && <Weeks list={list.data} search={search} names={names} />}
    </section>
  )
}

function Weeks(props: { readonly list: TimeList; readonly search: TimeSearch; readonly names: Names }) {
  const { list, names } = props
  const audience = chosenAudience(props.search, list)
  const known = list.audiences.find((one) => audienceText(one.audience) === audienceText(audience))
  return (
    <>
      {list.windows.length === 0 && (
        <p className="gh-answer gh-tone-accent">
          <Icon name="clock" />
          <span>
            <strong>No hours are set yet.</strong> Paint the hours in which your people work, for everyone, a
            role or one person. Once the switch is on Enforce, everyone in scope gets in within them and at no
            other time.
          </span>
        </p>
      )}
      <div className="gh-weeks-layout">
        <WeekList list={list} chosen={audience} names={names} />
        <ChosenWeek
          key={audienceText(audience)}
          list={list}
          audience={audience}
          name={known?.audienceName ?? names.nameOf(audience)}
        />
      </div>
    </>
  )
}
