/**
 * The review of a painted week before it is saved: old and new as text, and what the review of every change shows.
 *
 * The forecast and the guard are `review/`'s. Invariant: what is looked at is what is saved: windows whose times stay keep
 * their ids in both.
 */

import { useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useMemo } from 'react'
import { api } from '../api-client.ts'
import { followSave } from '../parts/follow-save.tsx'
import type { Extra } from '../parts/saving.ts'
import { showMessage } from '../parts/told.ts'
import { usePractice } from '../practice.ts'
import { topicKey } from '../queries.ts'
import { ReviewDialog } from '../review/review-dialog.tsx'
import { type WeekPlan, type WeekWish, weekBodyOf, weekDraftOf } from './week-plans.ts'
import { weekText } from './week-text.ts'

type ReviewProps = {
  readonly name: string
  readonly plan: WeekPlan
  readonly wish: WeekWish
  readonly revision: number
  readonly onSaved: () => void
  readonly onClose: () => void
}

function useWeekSave({ name, plan, wish, revision, onSaved }: ReviewProps, reload: () => Promise<void>) {
  const practice = usePractice()
  return async (extra: Extra) => {
    const { sequence, notes } = await parseResponse(
      api.practices[':practice']['weekly-hours'].$put({
        param: { practice: practice.id },
        header: { 'if-match': `"${revision}"` },
        json: { ...weekBodyOf(plan, wish), ...extra },
      }),
    )
    followSave(`Hours of ${name} are saved`, sequence)
    if (notes.length > 0)
      showMessage({
        ...{ title: 'Worth knowing', message: notes.join(' '), autoClose: 12_000, withBorder: true },
        closeButtonProps: { 'aria-label': 'Close message' },
      })
    await reload()
    onSaved()
  }
}

/** The dialog; draw it while it is open. */
export function WeekReview(props: ReviewProps) {
  const { name, plan, wish } = props
  const practice = usePractice()
  const client = useQueryClient()
  const reload = () => client.invalidateQueries({ queryKey: topicKey(practice.id) })
  const save = useWeekSave(props, reload)
  // One value as long as nothing differs: the forecast waits until the draft stands still.
  const draftText = JSON.stringify(weekDraftOf(plan, wish))
  const draft = useMemo(() => JSON.parse(draftText) as ReturnType<typeof weekDraftOf>, [draftText])
  const zoneText = wish.zone === plan.zone ? '' : `, ${wish.zone ?? practice.zone}`
  return (
    <ReviewDialog
      title={`Save the hours of ${name}?`}
      act="Save"
      draft={draft}
      revision={props.revision}
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
          {zoneText}
        </dd>
      </dl>
    </ReviewDialog>
  )
}
