/**
 * Chooses a length of time from the usual ones.
 *
 * Not a field for typing a number with a unit. Invariant: a length that is set but not among the usual ones stays
 * choosable, so that looking changes nothing.
 */
import { NativeSelect } from '@mantine/core'
import { lengthText } from '../times.ts'

/** The usual lengths with the one that is set. */
const withSet = (usual: readonly number[], set: number | null): readonly number[] =>
  set === null || usual.includes(set) ? usual : [...usual, set].sort((one, other) => one - other)

/** The field; `textOf`: a length in words; `none`: what no length at all is called, if that can be chosen. */
export function DurationField<N extends string | undefined = undefined>(props: {
  readonly label: string
  readonly description: string
  readonly usual: readonly number[]
  readonly ms: number | (N extends string ? null : never)
  readonly none?: N
  readonly textOf?: (ms: number) => string
  readonly set: (ms: number | (N extends string ? null : never)) => void
}) {
  const { ms, none, textOf = lengthText } = props
  type Length = typeof ms
  return (
    <NativeSelect
      label={props.label}
      description={props.description}
      value={ms === null ? 'none' : String(ms)}
      onChange={({ currentTarget: { value } }) =>
        props.set((value === 'none' ? null : Number(value)) as Length)
      }
    >
      {none !== undefined && <option value="none">{none}</option>}
      {withSet(props.usual, ms).map((length) => (
        <option key={length} value={String(length)}>
          {textOf(length)}
        </option>
      ))}
    </NativeSelect>
  )
}
