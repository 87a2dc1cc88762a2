/**
 * The review of a painted week before it is saved: old and new as text, and whom it would refuse or let in.
 *
 * The forecast is the API's. Invariant: nothing is saved before it was shown; a forecast that cannot be had is said to be
 * missing, never taken for "nobody".
 */
import { notifications } from '@mantine/notifications'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { ConfirmationAhead } from '../parts/confirmation-ahead.tsx'
import { followSave } from '../parts/follow-save.tsx'
import { Icon } from '../parts/icons.tsx'
import type { Extra } from '../parts/saving.ts'
import { usePractice } from '../practice.ts'
import { problemOf } from '../problem.ts'
import { topicKey } from '../queries.ts'
import { impactQuery } from './time-queries.ts'
import { type WeekPlan, type WeekWish, weekBodyOf, weekDraftOf } from './week-plans.ts'
import { weekText } from './week-text.ts'

const namedMax = 8

function People({ names }: { readonly names: readonly string[] }) {
  const more = names.length - namedMax
  return (
    <strong>
      {names.slice(0, namedMax).join(', ')}
      {more > 0 && ` and ${more} more`}
    </strong>
  )
}

/** Who is in now and would be refused, and who would newly get in. */
function Forecast({ plan, wish }: { readonly plan: WeekPlan; readonly wish: WeekWish }) {
  const practice = usePractice()
  const forecast = useQuery(impactQuery(practice.id, weekDraftOf(plan, wish)))
  if (forecast.isPending)
    return (
      <p className="gh-faint" role="status">
        Working out whom this concerns …
      </p>
    )
  // What stands against the hours themselves the save says too, at its place.
  if (forecast.isError)
    return (
      <p className="gh-answer gh-tone-warn">
        <Icon name="warning" />
        <span>Whom this would refuse cannot be said. {problemOf(forecast.error).detail}</span>
      </p>
    )
  const { live, recorded, toBeConfirmed } = forecast.data
  const refused = live?.refused.map(({ name }) => name) ?? null
  const before = recorded?.refused.map(({ name }) => name) ?? []
  const allowed = recorded?.allowed.map(({ name }) => name) ?? []
  return (
    <>
      {refused !== null && refused.length === 0 && (
        <p className="gh-answer gh-tone-good">
          <Icon name="check" />
          <span>Nobody who is signed in now would be refused.</span>
        </p>
      )}
      {refused !== null && refused.length > 0 && (
        <p className="gh-answer gh-tone-warn">
          <Icon name="warning" />
          <span>
            Signed in now and refused by this: <People names={refused} />.
          </span>
        </p>
      )}
      {before.length > 0 && (
        <p>
          By the last 30 days, refused at times: <People names={before} />.
        </p>
      )}
      {allowed.length > 0 && (
        <p>
          By the last 30 days, let in more often: <People names={allowed} />.
        </p>
      )}
      {toBeConfirmed && <ConfirmationAhead />}
    </>
  )
}

/** The dialog; draw it while it is open. */
export function WeekReview(props: {
  readonly name: string
  readonly plan: WeekPlan
  readonly wish: WeekWish
  readonly revision: number
  readonly onSaved: () => void
  readonly onClose: () => void
}) {
  const { name, plan, wish } = props
  const practice = usePractice()
  const client = useQueryClient()
  const reload = () => client.invalidateQueries({ queryKey: topicKey(practice.id) })
  const save = async (extra: Extra) => {
    const { sequence, notes } = await parseResponse(
      api.practices[':practice']['weekly-hours'].$put({
        param: { practice: practice.id },
        header: { 'if-match': `"${props.revision}"` },
        json: { ...weekBodyOf(plan, wish), ...extra },
      }),
    )
    followSave(`Hours of ${name} are saved`, sequence)
    if (notes.length > 0)
      notifications.show({
        ...{ title: 'Worth knowing', message: notes.join(' '), autoClose: 12_000, withBorder: true },
        closeButtonProps: { 'aria-label': 'Close message' },
      })
    await reload()
    props.onSaved()
  }
  const zoneText = (zone: string | null) => (zone === plan.zone ? '' : `, ${zone ?? practice.zone}`)
  return (
    <ConfirmDialog
      title={`Save the hours of ${name}?`}
      act="Save"
      save={save}
      reload={() => void reload()}
      onClose={props.onClose}
    >
      <dl className="gh-before-after">
        <dt>Now</dt>
        <dd>{weekText(plan.hours)}</dd>
        <dt>Then</dt>
        <dd className="gh-strong">
          {weekText(wish.hours)}
          {zoneText(wish.zone)}
        </dd>
      </dl>
      <Forecast plan={plan} wish={wish} />
    </ConfirmDialog>
  )
}
