/**
 * The frame of the dialogs about hours: fields, what stands against a save, cancel and save.
 *
 * It knows no field. Invariant: a refused save keeps the dialog and what was typed; the override of a lockout is sent
 * only after the API has named who would be locked out.
 */
import { useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Dialog } from '../parts/confirm-dialog.tsx'
import { FormEnd } from '../parts/form-end.tsx'
import { type Extra, useSaving } from '../parts/saving.ts'
import { usePractice } from '../practice.ts'
import type { ShownProblem } from '../problem.ts'
import { topicKey } from '../queries.ts'

/** The frame; `fields`: the names of the fields that show their own problems. */
export function TimeForm(props: {
  readonly title: string
  readonly fields: readonly string[]
  readonly save: (extra: Extra) => Promise<void>
  readonly onClose: () => void
  readonly children: (problem: ShownProblem | null) => ReactNode
}) {
  const practice = usePractice()
  const client = useQueryClient()
  const saving = useSaving(props.save)
  const { problem } = saving
  const submit = async () => {
    if (await saving.run()) props.onClose()
  }
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <form
        className="gh-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void submit()
        }}
      >
        {props.children(problem)}
        <FormEnd
          saving={saving}
          act="Save"
          fields={props.fields}
          onReload={() => {
            void client.invalidateQueries({ queryKey: topicKey(practice.id) })
            saving.setProblem(null)
          }}
          onCancel={props.onClose}
        />
      </form>
    </Dialog>
  )
}
