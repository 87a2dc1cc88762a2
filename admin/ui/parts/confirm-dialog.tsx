/**
 * A dialog that reviews one act and does it: what will happen, why, cancel or act.
 *
 * Forms with fields of their own have dialogs of their own. Invariant: nothing happens before the act's button is
 * pressed; a refusal stays in the dialog with what to do about it; Escape and Cancel change nothing.
 */
import { Modal, TextInput } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import type { ReactNode } from 'react'
import type { ShownProblem } from '../problem.ts'
import { FormEnd } from './form-end.tsx'
import { type Extra, useSaving } from './saving.ts'

/** What is reviewed. `act`: the word on the button; `firstProblem`: the refusal that led here. */
export type ConfirmProps = {
  readonly title: string
  readonly act: string
  readonly danger?: boolean
  readonly canAct?: boolean
  /** What the field for a reason is called and says where it goes; absent: "Reason", into the security events. */
  readonly reasonField?: { readonly label: string; readonly description: string }
  /** Nothing is done without one. */
  readonly needsReason?: boolean
  /** False: the act takes none, so none is asked for. */
  readonly hasReason?: boolean
  readonly children?: ReactNode
  readonly firstProblem?: ShownProblem | null
  readonly save: (extra: Extra) => Promise<void>
  readonly reload: () => void
  readonly onClose: () => void
}

/** The frame of every dialog: full screen on a phone. */
export function Dialog(props: {
  readonly title: string
  readonly onClose: () => void
  readonly children: ReactNode
}) {
  const isPhone = useMediaQuery('(max-width: 36em)') ?? false
  return (
    <Modal.Root
      opened
      onClose={props.onClose}
      fullScreen={isPhone}
      transitionProps={{ duration: 120 }}
      size="lg"
      centered
    >
      <Modal.Overlay />
      <Modal.Content>
        {/* Not Modal.Header: its <header> would be a second banner of the page. */}
        <div className="gh-dialog-head">
          <Modal.Title>{props.title}</Modal.Title>
          <Modal.CloseButton aria-label="Close" />
        </div>
        <Modal.Body>{props.children}</Modal.Body>
      </Modal.Content>
    </Modal.Root>
  )
}

/** The dialog; draw it while it is open, with a key for what it is about. */
export function ConfirmDialog(props: ConfirmProps) {
  const saving = useSaving(props.save, props.firstProblem ?? null)
  const { problem } = saving
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
        {props.hasReason !== false && (
          <TextInput
            label={props.reasonField?.label ?? 'Reason'}
            description={props.reasonField?.description ?? 'Optional; kept in the security events.'}
            required={props.needsReason === true}
            value={saving.reason}
            maxLength={500}
            onChange={(event) => saving.setReason(event.currentTarget.value)}
          />
        )}
        <FormEnd
          saving={saving}
          act={props.act}
          canAct={props.canAct !== false}
          danger={props.danger === true || problem?.code === 'lockout-risk'}
          onReload={() => {
            props.reload()
            saving.setProblem(null)
          }}
          onCancel={props.onClose}
        />
      </form>
    </Dialog>
  )
}
