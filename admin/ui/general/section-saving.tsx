/**
 * Saving a section: its edit, the review that leads to the save, and the way back from the message after it.
 *
 * The fields are the cards'. Invariant: an undo saves what stood there before, from the revision that the save made, so
 * that it is refused as soon as anybody has saved since; what waits to be confirmed is taken back by its banner instead.
 */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { followSave } from '../parts/follow-save.tsx'
import type { Extra } from '../parts/saving.ts'
import { usePractice } from '../practice.ts'
import { type General, rolesQuery, topicKey } from '../queries.ts'
import { ConflictNotice } from '../review/conflict-notice.tsx'
import { ReviewDialog } from '../review/review-dialog.tsx'
import type { Forecast } from '../review/review-queries.ts'
import { type SectionEdit, useSectionEdit } from '../review/section-edit.ts'
import { type Names, type SectionName, sections, type Values } from './sections.ts'

/** The edit of a section of `general`; `first`: what it begins with, if not with what is saved. */
export function useEdit<S extends SectionName>(
  name: S,
  general: General,
  first?: Partial<Values[S]>,
): SectionEdit<Values[S]> {
  const saved = sections[name].read(general)
  return useSectionEdit<Values[S]>(
    saved,
    general.revision,
    first === undefined ? undefined : { ...saved, ...first },
  )
}

/** Roles and people by name, as scopes are told. */
export function useNames(general: General): Names {
  const practice = usePractice()
  const { data } = useQuery(rolesQuery(practice.id))
  return { roles: data?.roles ?? [], people: general.named }
}

function useSave<S extends SectionName>(name: S, general: General) {
  const practice = usePractice()
  const client = useQueryClient()
  const section = sections[name]
  const reload = () => client.invalidateQueries({ queryKey: topicKey(practice.id) })
  const before = section.read(general)
  return async (mine: Values[S], extra: Extra, forecast: Forecast | undefined) => {
    const where = { practice: practice.id, revision: general.revision }
    const { revision, sequence } = await section.put(where, mine, extra)
    const title = section.saved(mine)
    const undo = async () => {
      const undone = await section.put({ ...where, revision }, before, {})
      followSave(`Undone. ${section.saved(before)}`, undone.sequence)
      await reload()
    }
    followSave(title, sequence, forecast?.toBeConfirmed === true ? undefined : undo)
    await reload()
  }
}

/** The conflict of a section, if there is one. */
export function SectionConflict<S extends SectionName>(props: {
  readonly name: S
  readonly general: General
  readonly edit: SectionEdit<Values[S]>
}) {
  const { name, edit } = props
  const names = useNames(props.general)
  if (edit.conflict === null) return null
  return (
    <ConflictNotice
      conflict={edit.conflict}
      mine={edit.mine}
      factsOf={(value) => sections[name].facts(value, names)}
      onKeepMine={edit.keepMine}
      onTakeTheirs={edit.discard}
    />
  )
}

/** The review of a section; draw it while it is open. `onSaved`: the edit is over. */
export function SectionReview<S extends SectionName>(props: {
  readonly name: S
  readonly general: General
  readonly edit: SectionEdit<Values[S]>
  readonly children?: ReactNode
  readonly below?: ReactNode
  readonly onClose: () => void
}) {
  const { name, general, edit } = props
  const save = useSave(name, general)
  const practice = usePractice()
  const client = useQueryClient()
  const { mine } = edit
  return (
    <ReviewDialog
      title={`Review: ${sections[name].title}`}
      act="Apply"
      draft={sections[name].draft(mine)}
      revision={general.revision}
      canAct={edit.conflict === null}
      people={general.named}
      below={props.below}
      save={async (extra, forecast) => {
        await save(mine, extra, forecast)
        edit.discard()
      }}
      reload={() => void client.invalidateQueries({ queryKey: topicKey(practice.id, 'general') })}
      onClose={props.onClose}
    >
      {props.children}
      <SectionConflict name={name} general={general} edit={edit} />
    </ReviewDialog>
  )
}
