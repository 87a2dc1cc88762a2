/**
 * The rules of two-factor beyond mode and scope: time to set one up, how long one counts, what stands in for one.
 *
 * It saves nothing (`section-saving.tsx` does). Invariant: what weakens the control says so beside its box.
 */
import { Checkbox } from '@mantine/core'
import { DurationField } from '../parts/duration-field.tsx'
import { Tag } from '../parts/tag.tsx'
import { ageText, graceText, type Values } from './sections.ts'

/** The rules. */
export type FactorRules = Omit<Values['twoFactor'], 'mode' | 'scope'>

const hour = 3_600_000
const day = 24 * hour
const graces = [0, day, 3 * day, 7 * day, 14 * day, 30 * day]
const ages = [hour, 4 * hour, 12 * hour, day, 7 * day, 30 * day]

/** Words for what makes a control weaker. */
export function Weakening({ children }: { readonly children: string }) {
  return (
    <>
      {children} <Tag tone="warn">weakens it</Tag>
    </>
  )
}

/** The fields. */
export function FactorRulesFields(props: {
  readonly rules: FactorRules
  readonly set: (rules: FactorRules) => void
}) {
  const { rules, set } = props
  return (
    <>
      <div className="gh-pair">
        <DurationField
          label="Time to set one up"
          description="How long people without one still get in."
          usual={graces}
          ms={rules.graceMs}
          textOf={graceText}
          set={(graceMs) => set({ ...rules, graceMs })}
        />
        <DurationField
          label="Ask again after"
          description="How long a second factor counts."
          usual={ages}
          ms={rules.maxAgeMs}
          none={ageText(null)}
          set={(maxAgeMs) => set({ ...rules, maxAgeMs })}
        />
      </div>
      <Checkbox
        label={<Weakening>Codes by text message</Weakening>}
        description="Beside authenticator apps and passkeys, where the operator has named a sender. A number can be taken over."
        checked={rules.sms}
        onChange={(event) => set({ ...rules, sms: event.currentTarget.checked })}
      />
      <Checkbox
        label={<Weakening>No second factor from listed networks</Weakening>}
        description="Whoever is on a network of the IP allowlist needs a password only."
        checked={rules.notFromListedNetworks}
        onChange={(event) => set({ ...rules, notFromListedNetworks: event.currentTarget.checked })}
      />
      <Checkbox
        label={<Weakening>Accept the application's own second factor</Weakening>}
        description="Only as good as what the application says of a sign-in, and only where Gatehouse saw that sign-in."
        checked={rules.trust.app}
        onChange={(event) => set({ ...rules, trust: { ...rules.trust, app: event.currentTarget.checked } })}
      />
      <Checkbox
        label={<Weakening>Accept the provider's second factor</Weakening>}
        description="For people who sign in with a provider that says so. Google itself does not."
        checked={rules.trust.google}
        onChange={(event) =>
          set({ ...rules, trust: { ...rules.trust, google: event.currentTarget.checked } })
        }
      />
    </>
  )
}
