/**
 * A field that filters a list through the address of the page.
 *
 * Not a search over everything. Invariant: the address is the truth; the field writes to it when typing pauses, and
 * follows it when somebody goes back.
 */
import { TextInput } from '@mantine/core'
import { useEffect, useState } from 'react'
import { Icon } from './icons.tsx'

const pauseMs = 250

/** The field; `onSettle` gets the text once typing pauses. */
export function SearchField(props: {
  readonly label: string
  readonly text: string
  readonly onSettle: (text: string) => void
}) {
  const { text, onSettle } = props
  const [typed, setTyped] = useState(text)
  useEffect(() => setTyped(text), [text])
  useEffect(() => {
    if (typed === text) return
    const timer = setTimeout(() => onSettle(typed), pauseMs)
    return () => clearTimeout(timer)
  }, [typed, text, onSettle])
  return (
    <TextInput
      className="gh-search"
      aria-label={props.label}
      placeholder={props.label}
      type="search"
      maxLength={80}
      leftSection={<Icon name="search" />}
      value={typed}
      onChange={(event) => setTyped(event.currentTarget.value)}
    />
  )
}
