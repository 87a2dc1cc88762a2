/**
 * A text that comes from a file or is pasted.
 *
 * It reads and checks nothing but the size. Invariant: the file is read here in the browser and shown before anything is
 * sent; one that is too large is refused with a sentence.
 */
import { Textarea } from '@mantine/core'
import { type ChangeEvent, useId, useState } from 'react'

/** The field; `onText` gets the text and, from a file, its name. */
export function FileField(props: {
  readonly label: string
  readonly description: string
  readonly accept: string
  readonly text: string
  readonly charactersMax: number
  readonly placeholder: string
  readonly onText: (text: string, name: string | null) => void
}) {
  const id = useId()
  const [problem, setProblem] = useState<string | null>(null)
  const chose = async (event: ChangeEvent<HTMLInputElement>): Promise<void> => {
    const [file] = event.currentTarget.files ?? []
    event.currentTarget.value = ''
    if (file === undefined) return
    if (file.size > props.charactersMax) {
      setProblem(`${file.name} is too large: ${props.charactersMax.toLocaleString('en')} characters at most.`)
      return
    }
    setProblem(null)
    props.onText(await file.text(), file.name)
  }
  return (
    <div className="gh-file">
      <label htmlFor={id} className="gh-file-choose">
        <span>Choose a file</span>
        <input id={id} type="file" accept={props.accept} onChange={(event) => void chose(event)} />
      </label>
      <Textarea
        label={props.label}
        description={props.description}
        placeholder={props.placeholder}
        autosize
        minRows={5}
        maxRows={12}
        spellCheck={false}
        maxLength={props.charactersMax}
        value={props.text}
        error={problem}
        onChange={(event) => props.onText(event.currentTarget.value, null)}
      />
    </div>
  )
}
