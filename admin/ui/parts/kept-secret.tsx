/**
 * What is shown once: tokens, links, codes. To copy, to print, and to be kept before the dialog closes.
 *
 * It stores nothing and no address opens it. Invariant: neither Escape nor Close takes a secret away before its reader has
 * said that it is kept; it is in the page's memory only while the dialog is open.
 */
import { Button, Checkbox, Group } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { Dialog } from './confirm-dialog.tsx'

const copiedMs = 2_000

/** A button that copies `text`; `name`: what it copies, for whoever does not see what is beside it. */
export function CopyButton({ text, name }: { readonly text: string; readonly name: string }) {
  const [told, setTold] = useState('Copy')
  const copy = async () => {
    // Without https there is no clipboard: the text beside the button can be selected.
    const isCopied = await (navigator.clipboard?.writeText(text) ?? Promise.reject(new Error('no clipboard')))
      .then(() => true)
      .catch(() => false)
    setTold(isCopied ? 'Copied' : 'Select it and copy')
    setTimeout(() => setTold('Copy'), copiedMs)
  }
  return (
    <Button size="xs" variant="default" onClick={() => void copy()} aria-live="polite">
      {told}
      <span className="gh-unseen"> {name}</span>
    </Button>
  )
}

/** A secret in a box of its own, with its button. */
export function Secret({ label, text }: { readonly label: string; readonly text: string }) {
  return (
    <div className="gh-secret">
      <span className="gh-secret-label">{label}</span>
      <code className="gh-secret-text">{text}</code>
      <CopyButton text={text} name={label} />
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
