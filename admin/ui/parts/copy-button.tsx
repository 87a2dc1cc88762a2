/**
 * Copies a text, and says whether it did.
 *
 * Where the browser keeps the clipboard closed (plain http) it says so, and the text can be selected. The button with its
 * answer beside it stands under a text; the one that answers in itself stands in the row of a secret, where there is no
 * room. Invariant: nothing is called copied that was not.
 */
import { Button } from '@mantine/core'
import { useState } from 'react'

type Answer = 'copied' | 'refused'

/** Copies `text`, and tells for `saidMs` what came of it. */
function useCopying(
  text: string,
  saidMs: number,
): { readonly answer: Answer | null; readonly copy: () => void } {
  const [answer, setAnswer] = useState<Answer | null>(null)
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text)
      setAnswer('copied')
    } catch {
      setAnswer('refused')
    }
    setTimeout(() => setAnswer(null), saidMs)
  }
  return { answer, copy: () => void copy() }
}

const besideWords = {
  copied: 'Copied',
  refused: 'The browser does not let this page copy: select the text instead',
}

/** The button, its answer beside it. */
export function CopyButton({ label, text }: { readonly label: string; readonly text: string }) {
  const { answer, copy } = useCopying(text, 3_000)
  return (
    <span className="gh-copy">
      <Button size="xs" variant="default" onClick={copy}>
        {label}
      </Button>
      <span role="status" className="gh-faint">
        {answer !== null && besideWords[answer]}
      </span>
    </span>
  )
}

const insideWords = { copied: 'Copied', refused: 'Select it and copy' }

/** The button that answers in itself; `name`: what it copies, for whoever does not see what is beside it. */
export function CopyInRow({ text, name }: { readonly text: string; readonly name: string }) {
  const { answer, copy } = useCopying(text, 2_000)
  return (
    <Button size="xs" variant="default" onClick={copy} aria-live="polite">
      {answer === null ? 'Copy' : insideWords[answer]}
      <span className="gh-unseen"> {name}</span>
    </Button>
  )
}
