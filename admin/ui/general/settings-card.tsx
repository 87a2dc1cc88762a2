/**
 * The frame of a section of settings: its name, its fields, and what is not saved yet with the ways on.
 *
 * The fields are the section's (`settings-cards.tsx`). Invariant: typing saves nothing; a section with unsaved changes
 * says so and offers both ways, and whoever may not edit sees the settings with the permission that is missing.
 */
import { Button } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { usePractice } from '../practice.ts'
import type { General } from '../queries.ts'
import type { SectionEdit } from '../review/section-edit.ts'
import { SectionConflict, SectionReview } from './section-saving.tsx'
import { type SectionName, sections, type Values } from './sections.ts'

/** The frame; `id`: its anchor on the page. */
export function SettingsCard<S extends SectionName>(props: {
  readonly id: string
  readonly name: S
  readonly intro: string
  readonly general: General
  readonly edit: SectionEdit<Values[S]>
  readonly children: ReactNode
}) {
  const { id, name, general, edit } = props
  const [isReviewed, setReviewed] = useState(false)
  const mayEdit = usePractice().may('gw.security.settings.edit')
  const { title } = sections[name]
  return (
    <section className="gh-card" id={id} aria-labelledby={`${id}-title`}>
      <div className="gh-card-head">
        <h2 id={`${id}-title`}>{title}</h2>
        <p className="gh-faint gh-card-intro">{props.intro}</p>
      </div>
      <fieldset className="gh-fields" disabled={!mayEdit} aria-label={title}>
        {props.children}
      </fieldset>
      {!isReviewed && edit.conflict !== null && (
        <div className="gh-card-foot">
          <SectionConflict name={name} general={general} edit={edit} />
        </div>
      )}
      {edit.isDirty && (
        <div className="gh-unsaved">
          <span role="status">Not saved yet</span>
          <Button size="xs" variant="default" onClick={edit.discard}>
            Discard
            <span className="gh-unseen"> changes of {title}</span>
          </Button>
          <Button size="xs" disabled={edit.conflict !== null} onClick={() => setReviewed(true)}>
            Review and save
            <span className="gh-unseen"> {title}</span>
          </Button>
        </div>
      )}
      {!mayEdit && (
        <p className="gh-faint gh-card-foot">Changing this needs the permission gw.security.settings.edit.</p>
      )}
      {isReviewed && (
        <SectionReview name={name} general={general} edit={edit} onClose={() => setReviewed(false)} />
      )}
    </section>
  )
}
