/**
 * The rules of two-factor beyond mode and scope: time to set one up, how long one counts, what stands in for one.
 *
 * It saves nothing (`control-review.tsx` does). Invariant: what weakens the control says so beside its box; a length
 * that is set but not among the usual ones stays choosable, so that looking changes nothing.
 */
import { Checkbox, NativeSelect } from '@mantine/core'
import { Tag } from '../parts/tag.tsx'
import type { General } from '../queries.ts'
import { lengthText } from '../times.ts'

/** The rules. */
export type FactorRules = Pick<
  General['controls']['twoFactor'],
  'graceMs' | 'maxAgeMs' | 'notFromListedNetworks' | 'trust'
>

/** The rules as they are saved. */
export const rulesOf = ({ twoFactor }: General['controls']): FactorRules => ({
  graceMs: twoFactor.graceMs,
  maxAgeMs: twoFactor.maxAgeMs,
  notFromListedNetworks: twoFactor.notFromListedNetworks,
  trust: twoFactor.trust,
})

const hour = 3_600_000
const day = 24 * hour
const graces = [0, day, 3 * day, 7 * day, 14 * day, 30 * day]
const ages = [hour, 4 * hour, 12 * hour, day, 7 * day, 30 * day]

/** The usual lengths with the one that is set. */
const withSet = (usual: readonly number[], set: number | null): readonly number[] =>
  set === null || usual.includes(set) ? usual : [...usual, set].sort((one, other) => one - other)

function Weakening({ children }: { readonly children: string }) {
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
        <NativeSelect
          label="Time to set one up"
          description="How long people without one still get in."
          value={String(rules.graceMs)}
          onChange={(event) => set({ ...rules, graceMs: Number(event.currentTarget.value) })}
        >
          {withSet(graces, rules.graceMs).map((ms) => (
            <option key={ms} value={String(ms)}>
              {ms === 0 ? 'None: at the next sign-in' : lengthText(ms)}
            </option>
          ))}
        </NativeSelect>
        <NativeSelect
          label="Ask again after"
          description="How long a second factor counts."
          value={rules.maxAgeMs === null ? 'session' : String(rules.maxAgeMs)}
          onChange={(event) => {
            const { value } = event.currentTarget
            set({ ...rules, maxAgeMs: value === 'session' ? null : Number(value) })
          }}
        >
          <option value="session">Only at the next sign-in</option>
          {withSet(ages, rules.maxAgeMs).map((ms) => (
            <option key={ms} value={String(ms)}>
              {lengthText(ms)}
            </option>
          ))}
        </NativeSelect>
      </div>
      <Checkbox
        label={<Weakening>No second factor from listed networks</Weakening>}
        description="Whoever is on a network of the IP allowlist needs a password only."
        checked={rules.notFromListedNetworks}
        onChange={(event) => set({ ...rules, notFromListedNetworks: event.currentTarget.checked })}
      />
      <Checkbox
        label={<Weakening>Accept the application's own second factor</Weakening>}
        description="Only as good as what the application says at sign-in. No sign-in reports one yet: today this changes nothing."
        checked={rules.trust.app}
        onChange={(event) => set({ ...rules, trust: { ...rules.trust, app: event.currentTarget.checked } })}
      />
      <Checkbox
        label={<Weakening>Accept Google's second factor</Weakening>}
        description="For people who sign in with Google. No sign-in reports one yet: today this changes nothing."
        checked={rules.trust.google}
        onChange={(event) =>
          set({ ...rules, trust: { ...rules.trust, google: event.currentTarget.checked } })
        }
      />
    </>
  )
}
