/**
 * Copies a text, and says whether it did.
 *
 * Where the browser keeps the clipboard closed (plain http) it says so, and the text can be selected. Invariant: nothing
 * is called copied that was not.
 */
import { Button } from '@mantine/core'
import { useState } from 'react'

const saidMs = 3_000

/** The button. */
export function CopyButton({ label, text }: { readonly label: string; readonly text: string }) {
  const [said, setSaid] = useState('')
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text)
      setSaid('Copied')
    } catch {
      setSaid('The browser does not let this page copy: select the text instead')
    }
    setTimeout(() => setSaid(''), saidMs)
  }
  return (
    <span className="gh-copy">
      <Button size="xs" variant="default" onClick={() => void copy()}>
        {label}
      </Button>
      <span role="status" className="gh-faint">
        {said}
      </span>
    </span>
  )
}
