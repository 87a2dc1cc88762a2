/**
 * Chooses a time zone by its name in the zone database, typed or picked from what the browser knows.
 *
 * It checks nothing: the API knows which zones there are. Invariant: a zone that this browser does not know can be typed.
 */
import { TextInput } from '@mantine/core'
import { useId } from 'react'

const zones = Intl.supportedValuesOf('timeZone')

/** The field. */
export function ZoneField(props: {
  readonly value: string
  readonly error: string | null
  readonly onChange: (zone: string) => void
}) {
  const id = useId()
  return (
    <>
      <TextInput
        label="Time zone"
        description="The clock on the wall of the practice; windows and days go by it."
        value={props.value}
        error={props.error}
        required
        list={id}
        spellCheck={false}
        onChange={(event) => props.onChange(event.currentTarget.value)}
      />
      <datalist id={id}>
        {zones.map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
    </>
  )
}
