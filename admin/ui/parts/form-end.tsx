/**
 * The end of every form in a dialog: why it was not saved, Cancel, and the button that saves.
 *
 * Its fields and its save are the caller's; the review of a weakening (`review-dialog.tsx`) tells problems its own way, and
 * the card of notifications has Undo in the place of Cancel. Invariant: a problem stands right above the buttons, where the
 * eyes of whoever pressed one are; Cancel changes nothing.
 */
import { Button, Group } from '@mantine/core'
import { ProblemNotice } from './problem-notice.tsx'
import type { Saving } from './saving.ts'

/** The end. */
export function FormEnd(props: {
  readonly saving: Saving
  /** The word on the button that saves. */
  readonly act: string
  readonly canAct?: boolean
  /** The act takes something away, or overrides a lockout: its button is red. */
  readonly danger?: boolean
  /** The names of the fields that show their own problems. */
  readonly fields?: readonly string[]
  /** What is done about a conflict; absent: the problem is put away. */
  readonly onReload?: () => void
  readonly onCancel: () => void
}) {
  const { saving } = props
  return (
    <>
      {saving.problem !== null && (
        <ProblemNotice
          problem={saving.problem}
          {...(props.fields === undefined ? {} : { fields: props.fields })}
          typedName={saving.typedName}
          onTypeName={saving.setTypedName}
          onReload={props.onReload ?? (() => saving.setProblem(null))}
        />
      )}
      <Group justify="flex-end" gap="sm" className="gh-form-end">
        <Button variant="default" onClick={props.onCancel}>
          Cancel
        </Button>
        <Button
          type="submit"
          loading={saving.isBusy}
          disabled={props.canAct === false}
          {...(props.danger === true ? { color: 'red' } : {})}
        >
          {props.act}
        </Button>
      </Group>
    </>
  )
}
