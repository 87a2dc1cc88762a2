/**
 * The switch of a control: Off, Monitor, Enforce, each with what it means.
 *
 * It changes nothing itself: choosing asks for a review. Invariant: the checked radio is the mode that is saved, so
 * arrows only move the focus here; Space, Enter or a click choose (a save must never follow from looking around).
 */
import { type KeyboardEvent, useId, useRef } from 'react'
import type { Mode } from '../queries.ts'
import { modeNames } from './tag.tsx'

const modes: readonly Mode[] = ['off', 'monitor', 'enforce']
const steps: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }

/** The switch; `meanings` says per mode what it does. */
export function ModeChoice(props: {
  readonly label: string
  readonly mode: Mode
  readonly meanings: Readonly<Record<Mode, string>>
  readonly isDisabled: boolean
  readonly onChoose: (mode: Mode) => void
}) {
  const id = useId()
  const group = useRef<HTMLDivElement>(null)
  const move = (event: KeyboardEvent, from: number): void => {
    const step = steps[event.key]
    if (step === undefined) return
    event.preventDefault()
    const buttons = group.current?.querySelectorAll('button') ?? []
    buttons[(from + step + modes.length) % modes.length]?.focus()
  }
  return (
    <div className="gh-modes" role="radiogroup" aria-label={props.label} ref={group}>
      {modes.map((mode, place) => (
        // biome-ignore lint/a11y/useSemanticElements: an input of type radio would change on arrow keys
        <button
          key={mode}
          type="button"
          role="radio"
          aria-checked={mode === props.mode}
          aria-labelledby={`${id}-${mode}`}
          aria-describedby={`${id}-${mode}-meaning`}
          aria-disabled={props.isDisabled}
          tabIndex={mode === props.mode ? 0 : -1}
          className={`gh-mode gh-mode-${mode}`}
          onKeyDown={(event) => move(event, place)}
          onClick={() => {
            if (!props.isDisabled && mode !== props.mode) props.onChoose(mode)
          }}
        >
          <span className="gh-mode-dot" />
          <span className="gh-mode-name" id={`${id}-${mode}`}>
            {modeNames[mode]}
          </span>
          <span className="gh-mode-meaning" id={`${id}-${mode}-meaning`}>
            {props.meanings[mode]}
          </span>
        </button>
      ))}
    </div>
  )
}
