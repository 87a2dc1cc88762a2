/**
 * The last step of a review: who could no longer administer the practice, and what going on against that takes.
 *
 * The guard is the API's, which asks again when it saves. Invariant: the practice's name is asked for only where somebody
 * would be locked out, and they are named beside the field.
 */
import { TextInput } from '@mantine/core'
import { ConfirmationAhead } from '../parts/confirmation-ahead.tsx'
import { Icon } from '../parts/icons.tsx'
import { usePractice } from '../practice.ts'
import { dateTime } from '../times.ts'
import type { Forecast } from './review-queries.ts'

/** Whether it can be saved at all, and whether only with the practice's name. */
export const demandsOf = (forecast: Forecast | undefined) => ({
  isShut: forecast !== undefined && (forecast.lastSecurityAdmin || forecast.waitsUntil !== null),
  needsName: forecast !== undefined && forecast.lockedOut.length > 0,
})

function LockedOut(props: {
  readonly people: Forecast['lockedOut']
  readonly typedName: string
  readonly onTypeName: (name: string) => void
}) {
  const { name } = usePractice()
  return (
    <>
      <div className="gh-answer gh-tone-bad">
        <Icon name="warning" />
        <div>
          <p>
            <strong>This would lock out an admin.</strong>
          </p>
          <ul className="gh-plain-list">
            {props.people.map((person) => (
              <li key={`${person.name} ${person.address ?? ''}`}>
                <strong>{person.name}</strong>
                {person.address !== null && <code>{person.address}</code>} {person.sentence}
              </li>
            ))}
          </ul>
        </div>
      </div>
      <TextInput
        label="Practice name"
        description={`To do it anyway, type “${name}”. The override is written to the security events.`}
        value={props.typedName}
        onChange={(event) => props.onTypeName(event.currentTarget.value)}
        autoComplete="off"
      />
    </>
  )
}

/** The check. */
export function LockoutCheck(props: {
  readonly forecast: Forecast
  readonly typedName: string
  readonly onTypeName: (name: string) => void
}) {
  const { zone } = usePractice()
  const { lockedOut, lastSecurityAdmin, waitsUntil, toBeConfirmed } = props.forecast
  if (waitsUntil !== null)
    return (
      <p className="gh-answer gh-tone-warn" role="alert">
        <Icon name="clock" />
        <span>
          An earlier change waits to be confirmed until {dateTime(waitsUntil, zone)}. Confirm it or take it
          back first; until then nothing else is saved.
        </span>
      </p>
    )
  if (lastSecurityAdmin)
    return (
      <p className="gh-answer gh-tone-bad" role="alert">
        <Icon name="warning" />
        <span>Nobody would be left who may change security settings. This cannot be saved.</span>
      </p>
    )
  return (
    <>
      {lockedOut.length > 0 ? (
        <LockedOut people={lockedOut} typedName={props.typedName} onTypeName={props.onTypeName} />
      ) : (
        <p className="gh-checked">
          <Icon name="check" />
          <span>
            Lockout check passed: you still get in from every address of yours, and so does a second security
            admin where there is one.
          </span>
        </p>
      )}
      {toBeConfirmed && <ConfirmationAhead />}
    </>
  )
}
