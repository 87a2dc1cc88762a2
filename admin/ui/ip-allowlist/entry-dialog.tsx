/**
 * Adds an entry to the allowlist or edits one: range, label, audience, expiry, note.
 *
 * On and off is the table's switch. Invariant: every problem the API finds is shown at its field; a conflict or a
 * lockout keeps what was typed; only changed fields are sent, so that an edit never undoes somebody else's.
 */
import { Checkbox, Textarea, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { AudienceField, audienceOf, audienceText } from '../parts/audience-field.tsx'
import { Dialog } from '../parts/confirm-dialog.tsx'
import { followSave } from '../parts/follow-save.tsx'
import { FormEnd } from '../parts/form-end.tsx'
import { type Extra, useSaving } from '../parts/saving.ts'
import { showMessage } from '../parts/told.ts'
import { usePractice } from '../practice.ts'
import { problemAt, type ShownProblem } from '../problem.ts'
import { type Entry, generalQuery, topicKey } from '../queries.ts'
import { instantOf, wallTime } from '../times.ts'
import { RangePreview, useLook } from './range-preview.tsx'

/** What the dialog starts from; `entry` `null`: a new one. `origin`: where a suggested range comes from. */
export type Draft = {
  readonly entry: Entry | null
  readonly range: string
  readonly label: string
  readonly origin: string | null
}

type Fields = {
  readonly range: string
  readonly label: string
  readonly audience: string
  readonly expires: string
  readonly note: string
  readonly confirmWide: boolean
}

const entriesOf = api.practices[':practice']['ip-entries']
const shownFields = ['range', 'label', 'audience', 'expiresAt', 'note', 'confirmWide']

const started = (draft: Draft, zone: string): Fields => ({
  range: draft.range,
  label: draft.label,
  audience: audienceText(draft.entry?.audience ?? 'practice'),
  expires: draft.entry?.expiresAt == null ? '' : wallTime(draft.entry.expiresAt, zone),
  note: draft.entry?.note ?? '',
  confirmWide: false,
})

/** The wish as the API takes it; of an edit only what differs from the start. */
function useEntrySave(draft: Draft, start: Fields, fields: Fields) {
  const practice = usePractice()
  const client = useQueryClient()
  const { data: general } = useQuery(generalQuery(practice.id))
  const expiresAt = fields.expires === '' ? null : instantOf(fields.expires, practice.zone)
  const wish = {
    range: fields.range,
    label: fields.label,
    audience: audienceOf(fields.audience),
    expiresAt,
    note: fields.note,
  }
  const send = (extra: Extra) => {
    const { confirmWide } = fields
    const header = { 'if-match': `"${general?.revision ?? 0}"` }
    if (draft.entry === null)
      return parseResponse(
        entriesOf.$post({
          param: { practice: practice.id },
          header: {},
          json: { ...wish, confirmWide, ...extra },
        }),
      )
    const changed = {
      ...(fields.range === start.range ? {} : { range: wish.range }),
      ...(fields.label === start.label ? {} : { label: wish.label }),
      ...(fields.audience === start.audience ? {} : { audience: wish.audience }),
      ...(fields.expires === start.expires ? {} : { expiresAt }),
      ...(fields.note === start.note ? {} : { note: wish.note }),
    }
    const param = { practice: practice.id, id: draft.entry.id }
    return parseResponse(
      entriesOf[':id'].$patch({ param, header, json: { ...changed, confirmWide, ...extra } }),
    )
  }
  return async (extra: Extra) => {
    const { sequence, entry, notes } = await send(extra)
    followSave(`“${entry.label}” is ${draft.entry === null ? 'added' : 'saved'}`, sequence)
    if (notes.length > 0)
      showMessage({
        title: 'Worth knowing',
        message: notes.join(' '),
        autoClose: 12_000,
        withBorder: true,
        closeButtonProps: { 'aria-label': 'Close message' },
      })
    await client.invalidateQueries({ queryKey: topicKey(practice.id) })
    await client.invalidateQueries({ queryKey: ['me'] })
  }
}

type FieldsProps = {
  readonly draft: Draft
  readonly fields: Fields
  readonly problem: ShownProblem | null
  readonly set: (change: Partial<Fields>) => void
}

function NetworkFields({ draft, fields, problem, set }: FieldsProps) {
  const entry = draft.entry?.id ?? null
  const { look } = useLook(fields.range, entry)
  const asksWide = fields.confirmWide || look?.wide === true || problemAt(problem, 'confirmWide') !== null
  return (
    <>
      <TextInput
        label="Range"
        description="An address or a network, such as 203.0.113.7 or 203.0.113.0/24 or 2001:db8:1::/48."
        value={fields.range}
        error={problemAt(problem, 'range')}
        data-autofocus={draft.range === '' ? true : undefined}
        spellCheck={false}
        autoComplete="off"
        required
        maxLength={64}
        onChange={(event) => set({ range: event.currentTarget.value })}
      />
      <RangePreview range={fields.range} entry={entry} />
      {asksWide && (
        <Checkbox
          label="Yes, a range as wide as this is meant"
          checked={fields.confirmWide}
          error={fields.confirmWide ? null : problemAt(problem, 'confirmWide')}
          onChange={(event) => set({ confirmWide: event.currentTarget.checked })}
        />
      )}
      <TextInput
        label="Label"
        description="How people call this network, such as Office Network."
        value={fields.label}
        error={problemAt(problem, 'label')}
        data-autofocus={draft.range === '' ? undefined : true}
        required
        maxLength={80}
        onChange={(event) => set({ label: event.currentTarget.value })}
      />
    </>
  )
}

function UseFields({ fields, problem, set }: FieldsProps) {
  const { zone } = usePractice()
  return (
    <>
      <AudienceField
        description="Whom this network lets in."
        value={fields.audience}
        error={problemAt(problem, 'audience')}
        onChange={(audience) => set({ audience })}
      />
      <TextInput
        label="Expires"
        type="datetime-local"
        description={`Empty: never. Read as the time in ${zone}.`}
        value={fields.expires}
        error={problemAt(problem, 'expiresAt')}
        onChange={(event) => set({ expires: event.currentTarget.value })}
      />
      <Textarea
        label="Note"
        value={fields.note}
        error={problemAt(problem, 'note')}
        autosize
        minRows={1}
        maxRows={4}
        maxLength={500}
        onChange={(event) => set({ note: event.currentTarget.value })}
      />
    </>
  )
}

/** The dialog; draw it while it is open. */
export function EntryDialog({ draft, onClose }: { readonly draft: Draft; readonly onClose: () => void }) {
  const practice = usePractice()
  const client = useQueryClient()
  const [start] = useState(() => started(draft, practice.zone))
  const [fields, setFields] = useState(start)
  const saving = useSaving(useEntrySave(draft, start, fields))
  const { problem } = saving
  const set = (change: Partial<Fields>) => setFields((now) => ({ ...now, ...change }))
  const shared = { draft, fields, problem, set }
  const save = async () => {
    if (await saving.run()) onClose()
  }
  return (
    <Dialog title={draft.entry === null ? 'Add an entry' : `Edit “${draft.entry.label}”`} onClose={onClose}>
      <form
        className="gh-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        {draft.origin !== null && <p className="gh-faint">{draft.origin}</p>}
        <NetworkFields {...shared} />
        <UseFields {...shared} />
        <FormEnd
          saving={saving}
          act="Save"
          fields={shownFields}
          onReload={() => {
            void client.invalidateQueries({ queryKey: topicKey(practice.id) })
            saving.setProblem(null)
          }}
          onCancel={onClose}
        />
      </form>
    </Dialog>
  )
}
