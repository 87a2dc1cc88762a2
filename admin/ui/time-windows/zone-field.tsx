/**
 * Chooses a time zone by name, with what its wall shows now.
 *
 * It saves nothing. Invariant: only zones that the browser knows are offered, and the chosen one whatever it is, so that
 * an edit of something else never changes it.
 */
import { Select } from '@mantine/core'
import { useMemo } from 'react'
import { usePractice } from '../practice.ts'
import { useNow } from '../times.ts'

const ofPractice = 'practice'
const shownMax = 40

const wallOf = (zone: string, now: number): string => {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit' }).format(
      now,
    )
  } catch {
    return ''
  }
}

/** The field; `null`: the practice's own zone. */
export function ZoneField(props: {
  readonly label?: string
  readonly description?: string
  readonly zone: string | null
  readonly error?: string | null
  readonly isDisabled?: boolean
  readonly onChange: (zone: string | null) => void
}) {
  const { zone } = props
  const practice = usePractice()
  const now = useNow()
  const zones = useMemo(() => {
    const known = Intl.supportedValuesOf('timeZone')
    const all = zone === null || known.includes(zone) ? known : [zone, ...known]
    return [
      { value: ofPractice, label: `The practice’s, ${practice.zone}` },
      ...all.map((name) => ({ value: name, label: name.replaceAll('_', ' ') })),
    ]
  }, [zone, practice.zone])
  return (
    <Select
      label={props.label ?? 'Time zone'}
      description={props.description}
      error={props.error ?? null}
      disabled={props.isDisabled ?? false}
      searchable
      allowDeselect={false}
      limit={shownMax}
      maxDropdownHeight={260}
      nothingFoundMessage="No such zone"
      data={zones}
      value={zone ?? ofPractice}
      onChange={(value) => props.onChange(value === null || value === ofPractice ? null : value)}
      renderOption={({ option }) => (
        <span className="gh-option">
          <span>{option.label}</span>
          <span className="gh-faint gh-numbers">
            {wallOf(option.value === ofPractice ? practice.zone : option.value, now)}
          </span>
        </span>
      )}
    />
  )
}
