/**
 * For how long an approval holds: the practice's standard time, another length, until an hour of today, or without end.
 *
 * It decides nothing. Invariant: the value is one plain text, so that a form can keep it; the standard time is offered
 * first and named as such.
 */
import { NativeSelect, TextInput } from '@mantine/core'
import { usePractice } from '../practice.ts'
import { lengthText } from '../times.ts'
import type { Length } from './decisions.ts'

const dayMs = 86_400_000
const offeredMs: readonly number[] = [dayMs / 2, dayMs, 7 * dayMs, 30 * dayMs, 90 * dayMs]

/** What is chosen: `standard`, `never`, `until`, or milliseconds. */
export type ChosenLength = { readonly kind: string; readonly until: string }

/** The standard time. */
export const standardLength: ChosenLength = { kind: 'standard', until: '18:00' }

/** As the API takes it. */
export const lengthOf = ({ kind, until }: ChosenLength): Length => {
  if (kind === 'standard') return 'standard'
  if (kind === 'never') return null
  return kind === 'until' ? { until } : Number(kind)
}

/** The fields. */
export function LengthField(props: {
  readonly chosen: ChosenLength
  readonly standardMs: number
  readonly set: (chosen: ChosenLength) => void
}) {
  const { chosen, standardMs, set } = props
  const { zone } = usePractice()
  return (
    <div className="gh-pair">
      <NativeSelect
        label="For how long"
        value={chosen.kind}
        onChange={(event) => set({ ...chosen, kind: event.currentTarget.value })}
      >
        <option value="standard">{lengthText(standardMs)} (standard)</option>
        <option value="until">Until a time of day</option>
        {offeredMs
          .filter((ms) => ms !== standardMs)
          .map((ms) => (
            <option key={ms} value={ms}>
              {lengthText(ms)}
            </option>
          ))}
        <option value="never">Without end</option>
      </NativeSelect>
      {chosen.kind === 'until' && (
        <TextInput
          label="Until"
          description={`The next time it is that late in ${zone}.`}
          type="time"
          required
          value={chosen.until}
          onChange={(event) => set({ ...chosen, until: event.currentTarget.value })}
        />
      )}
    </div>
  )
}
