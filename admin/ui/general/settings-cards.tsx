/**
 * The settings beside the controls: ways to sign in, sessions, access requests, emergency access.
 *
 * Their frame is `settings-card.tsx`. Invariant: every setting of the API's is here, none is hidden behind another.
 */
import { Checkbox, NativeSelect, TextInput } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { DurationField } from '../parts/duration-field.tsx'
import { Icon } from '../parts/icons.tsx'
import { usePractice } from '../practice.ts'
import type { General } from '../queries.ts'
import { Weakening } from './factor-rules.tsx'
import { useEdit } from './section-saving.tsx'
import { SettingsCard } from './settings-card.tsx'

type CardProps = { readonly general: General }

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const idles = [15 * minute, 30 * minute, hour, 2 * hour, 4 * hour, 8 * hour, 12 * hour]
const absolutes = [8 * hour, 12 * hour, day, 7 * day, 30 * day]
const standards = [12 * hour, day, 7 * day, 30 * day, 90 * day]
const emergencies = [15 * minute, 30 * minute, hour, 2 * hour, 4 * hour]
const counts = [1, 2, 3, 5, 10]

/** By which ways people sign in at Gatehouse. */
export function SignInCard({ general }: CardProps) {
  const edit = useEdit('signIn', general)
  const { mine, set } = edit
  const isNone = !mine.password && !mine.passkey && !mine.provider
  return (
    <SettingsCard
      id="sign-in"
      name="signIn"
      intro="For applications whose people sign in at Gatehouse; it holds from the next sign-in. Applications with a sign-in of their own keep it."
      general={general}
      edit={edit}
    >
      <Checkbox
        label="Password"
        description="With the second factor that the practice asks for."
        checked={mine.password}
        onChange={(event) => set({ ...mine, password: event.currentTarget.checked })}
      />
      <Checkbox
        label="Passkey"
        description="Counts as password and second factor together."
        checked={mine.passkey}
        onChange={(event) => set({ ...mine, passkey: event.currentTarget.checked })}
      />
      <Checkbox
        label="Google or another provider"
        description="Any OpenID provider that the operator has configured."
        checked={mine.provider}
        onChange={(event) => set({ ...mine, provider: event.currentTarget.checked })}
      />
      {isNone && (
        <p className="gh-answer gh-tone-bad" role="alert">
          <Icon name="warning" />
          <span>Leave one way on: else nobody could sign in.</span>
        </p>
      )}
      <p className="gh-faint">
        Text messages as a second factor are switched with the <a href="#twoFactor">rules of two-factor</a>.
      </p>
    </SettingsCard>
  )
}

/** When sessions end. */
export function SessionsCard({ general }: CardProps) {
  const edit = useEdit('sessions', general)
  const { mine, set } = edit
  const usual = mine.concurrentMax === null || counts.includes(mine.concurrentMax) ? [] : [mine.concurrentMax]
  return (
    <SettingsCard
      id="sessions"
      name="sessions"
      intro="When people have to sign in again. Roles can have shorter times of their own."
      general={general}
      edit={edit}
    >
      <div className="gh-pair">
        <DurationField
          label="End without traffic after"
          description="Background polling does not count."
          usual={idles}
          ms={mine.idleMs}
          set={(idleMs) => set({ ...mine, idleMs })}
        />
        <DurationField
          label="End in any case after"
          description="Counted from the sign-in."
          usual={absolutes}
          ms={mine.absoluteMs}
          set={(absoluteMs) => set({ ...mine, absoluteMs })}
        />
        <NativeSelect
          label="Sessions at once"
          description="One more ends the person’s oldest."
          value={mine.concurrentMax === null ? 'any' : String(mine.concurrentMax)}
          onChange={({ currentTarget: { value } }) =>
            set({ ...mine, concurrentMax: value === 'any' ? null : Number(value) })
          }
        >
          <option value="any">As many as they like</option>
          {[...counts, ...usual].map((count) => (
            <option key={count} value={String(count)}>
              {count} a person
            </option>
          ))}
        </NativeSelect>
      </div>
      <Checkbox
        label="Bound to the network they began on"
        description="From another network one signs in again. People who change between Wi-Fi and mobile will notice."
        checked={mine.bindToNetwork}
        onChange={(event) => set({ ...mine, bindToNetwork: event.currentTarget.checked })}
      />
    </SettingsCard>
  )
}

/** Whether people may ask for access. */
export function RequestsCard({ general }: CardProps) {
  const edit = useEdit('requests', general)
  const { mine, set } = edit
  return (
    <SettingsCard
      id="requests"
      name="requests"
      intro="Whether people who are stopped may ask to be let in, and what one click gives them."
      general={general}
      edit={edit}
    >
      <Checkbox
        label="From networks that are not listed"
        checked={mine.ip}
        onChange={(event) => set({ ...mine, ip: event.currentTarget.checked })}
      />
      <Checkbox
        label="Outside their hours"
        checked={mine.time}
        onChange={(event) => set({ ...mine, time: event.currentTarget.checked })}
      />
      <div className="gh-pair">
        <DurationField
          label="An approval lasts"
          description="What the button of a request says."
          usual={standards}
          ms={mine.standardMs}
          set={(standardMs) => set({ ...mine, standardMs })}
        />
        <TextInput
          label="Whom to ask instead"
          description="Shown to people where requests are not taken."
          placeholder="Front desk, 555 0100"
          maxLength={200}
          value={mine.contact}
          onChange={(event) => set({ ...mine, contact: event.currentTarget.value })}
        />
      </div>
    </SettingsCard>
  )
}

/** Whether people may let themselves in. */
export function EmergencyCard({ general }: CardProps) {
  const practice = usePractice()
  const edit = useEdit('emergency', general)
  const { mine, set } = edit
  return (
    <SettingsCard
      id="emergency"
      name="emergency"
      intro="Lifts addresses and hours for one person who gives a reason and shows a second factor. Every admin is told, and each use is to be reviewed."
      general={general}
      edit={edit}
    >
      <Checkbox
        label={
          mine.allowed ? <Weakening>People may let themselves in</Weakening> : 'People may let themselves in'
        }
        description="Never past a revocation, two-factor or a missing permission."
        checked={mine.allowed}
        onChange={(event) => set({ ...mine, allowed: event.currentTarget.checked })}
      />
      <div className="gh-pair">
        <DurationField
          label="It lasts"
          description="Then the person is stopped again."
          usual={emergencies}
          ms={mine.lastsMs}
          set={(lastsMs) => set({ ...mine, lastsMs })}
        />
      </div>
      <p className="gh-faint">
        Who used it, and whose use waits for a review:{' '}
        <Link to="/practices/$practice/emergency" params={{ practice: practice.id }}>
          Emergency access
        </Link>
      </p>
    </SettingsCard>
  )
}
