/**
 * What is shown once: tokens, links, codes. To copy, to print, and to be kept before the dialog closes.
 *
 * `shown-once.tsx` is for what can be made again at any time: it asks, shows, and closes without a question. This one
 * stores nothing and no address opens it. Invariant: neither Escape nor Close takes a secret away before its reader has
 * said that it is kept; it is in the page's memory only while the dialog is open.
 */
import { Button, Checkbox, Group } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { Dialog } from './confirm-dialog.tsx'
import { CopyInRow } from './copy-button.tsx'

/** A secret in a box of its own, with its button. */
export function Secret({ label, text }: { readonly label: string; readonly text: string }) {
  return (
    <div className="gh-secret">
      <span className="gh-secret-label">{label}</span>
      <code className="gh-secret-text">{text}</code>
      <CopyInRow text={text} name={label} />
    </div>
  )
}

/** The dialog around secrets; `kept`: what its reader says before it closes. */
export function KeptDialog(props: {
  readonly title: string
  readonly kept: string
  readonly canPrint?: boolean
  readonly children: ReactNode
  readonly onClose: () => void
}) {
  const [isKept, setKept] = useState(false)
  const [isWarned, setWarned] = useState(false)
  const close = () => (isKept ? props.onClose() : setWarned(true))
  return (
    <Dialog title={props.title} onClose={close}>
      <div className="gh-form">
        {props.children}
        <Checkbox
          className="gh-not-printed"
          label={props.kept}
          checked={isKept}
          error={isWarned && !isKept ? 'It is not shown again: keep it first, then tick this.' : null}
          onChange={(event) => setKept(event.currentTarget.checked)}
        />
        <Group justify="flex-end" gap="sm" className="gh-not-printed">
          {props.canPrint === true && (
            <Button variant="default" onClick={() => window.print()}>
              Print
            </Button>
          )}
          <Button disabled={!isKept} onClick={props.onClose}>
            Done
          </Button>
        </Group>
      </div>
    </Dialog>
  )
}
