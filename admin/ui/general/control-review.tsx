/**
 * The review of a control before it is saved: from which mode to which, whom it concerns, its rules, and what they mean.
 *
 * The switch itself is `control-switch.tsx`; what is asked and saved `section-saving.tsx`. Invariant: the control is saved
 * whole, mode, scope and rules, from the revision shown here; what is not touched stays as it is.
 */
import { Checkbox } from '@mantine/core'
import { Icon } from '../parts/icons.tsx'
import { ScopeField } from '../parts/scope-field.tsx'
import { modeNames, modeTones, Tag } from '../parts/tag.tsx'
import { usePractice } from '../practice.ts'
import type { General, Mode } from '../queries.ts'
import { type Control, meanings, NotSetUp } from './control-summary.tsx'
import { FactorRulesFields, Weakening } from './factor-rules.tsx'
import { SectionReview, useEdit } from './section-saving.tsx'
import { sections } from './sections.ts'

type ReviewProps = {
  readonly general: General
  readonly to: Mode
  readonly onClose: () => void
}

function FromTo({ control, general, to }: ReviewProps & { readonly control: Control }) {
  const practice = usePractice()
  const from = general.controls[control].mode
  return (
    <>
      <p className="gh-from-to">
        {from !== to && (
          <>
            <Tag tone={modeTones[from]}>{modeNames[from]}</Tag>
            <span aria-hidden="true">→</span>
            <span className="gh-unseen">becomes</span>
          </>
        )}
        <Tag tone={modeTones[to]}>{modeNames[to]}</Tag>
        <span>for {practice.name}</span>
      </p>
      <p>{meanings[control][to]}</p>
    </>
  )
}

const scoped = { label: 'Scope', description: 'Whom the control concerns.' }

function IpReview(props: ReviewProps) {
  const { general, to } = props
  const { address } = usePractice()
  const edit = useEdit('ip', general, { mode: to })
  const { mine, set } = edit
  return (
    <SectionReview name="ip" edit={edit} {...props}>
      <FromTo control="ip" {...props} />
      <ScopeField
        {...scoped}
        scope={mine.scope}
        named={general.named}
        set={(scope) => set({ ...mine, scope })}
      />
      <Checkbox
        label="Sign-in only from listed networks"
        description="Elsewhere the application’s own sign-in is refused as well, and nobody can ask for access from there."
        checked={mine.signInOnlyFromListed}
        onChange={(event) => set({ ...mine, signInOnlyFromListed: event.currentTarget.checked })}
      />
      {to !== 'off' && !address.listed && (
        <p className="gh-answer gh-tone-warn">
          <Icon name="warning" />
          <span>Your own address is not listed for the whole practice.</span>
        </p>
      )}
    </SectionReview>
  )
}

function TimeReview(props: ReviewProps) {
  const { general, to } = props
  const edit = useEdit('time', general, { mode: to })
  const { mine, set } = edit
  return (
    <SectionReview name="time" edit={edit} {...props}>
      <FromTo control="time" {...props} />
      <ScopeField
        {...scoped}
        scope={mine.scope}
        named={general.named}
        set={(scope) => set({ ...mine, scope })}
      />
    </SectionReview>
  )
}

function TwoFactorReview(props: ReviewProps) {
  const { general, to } = props
  const edit = useEdit('twoFactor', general, { mode: to })
  const { mine, set } = edit
  const saved = sections.twoFactor.read(general)
  const isSameScope = JSON.stringify(mine.scope) === JSON.stringify(saved.scope)
  return (
    <SectionReview
      name="twoFactor"
      edit={edit}
      {...props}
      below={
        to !== 'off' &&
        isSameScope && (
          <NotSetUp people={general.controls.twoFactor.notSetUp} graceMs={mine.graceMs} mode={to} />
        )
      }
    >
      <FromTo control="twoFactor" {...props} />
      <ScopeField
        label="Required for"
        description="Whom the control concerns."
        scope={mine.scope}
        named={general.named}
        set={(scope) => set({ ...mine, scope })}
      />
      <FactorRulesFields rules={mine} set={(rules) => set({ ...mine, ...rules })} />
    </SectionReview>
  )
}

function PermissionReview(props: ReviewProps) {
  const { general, to } = props
  const edit = useEdit('permission', general, { mode: to })
  const { mine, set } = edit
  return (
    <SectionReview name="permission" edit={edit} {...props}>
      <FromTo control="permission" {...props} />
      <Checkbox
        label="Patient windows stay shut without the patient search"
        description={
          <>
            A role without “Use patient search” opens no patient window either.{' '}
            {!mine.hiddenBlockers && <Weakening>Off</Weakening>}
          </>
        }
        checked={mine.hiddenBlockers}
        onChange={(event) => set({ ...mine, hiddenBlockers: event.currentTarget.checked })}
      />
    </SectionReview>
  )
}

const reviews = {
  ip: IpReview,
  time: TimeReview,
  twoFactor: TwoFactorReview,
  permission: PermissionReview,
} as const

/** The review of `control`, from its mode to `to`; draw it while it is open, with a key for what it is about. */
export function ControlReview({ control, ...props }: ReviewProps & { readonly control: Control }) {
  const Review = reviews[control]
  return <Review {...props} />
}
