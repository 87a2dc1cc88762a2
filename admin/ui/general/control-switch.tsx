/**
 * The switch of a control: its mode, whom it concerns, and the way to its review.
 *
 * What a change would mean is `control-review.tsx`. Invariant: nothing is applied without a review; choosing a mode
 * opens one, and so does changing the scope; which is open, the address says.
 */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { lazy, type ReactNode, Suspense } from 'react'
import { ModeChoice } from '../parts/mode-choice.tsx'
import { useOpened } from '../parts/opened.ts'
import { Failed, Loading } from '../parts/states.tsx'
import { usePractice } from '../practice.ts'
import { generalQuery, type Mode } from '../queries.ts'
import { type Control, ControlSummary, controlNames, meanings } from './control-summary.tsx'

const ControlReview = lazy(async () => ({ default: (await import('./control-review.tsx')).ControlReview }))

const modes: readonly Mode[] = ['off', 'monitor', 'enforce']

/** The switch; `children` stand below it. */
export function ControlSwitch(props: { readonly control: Control; readonly children?: ReactNode }) {
  const { control } = props
  const practice = usePractice()
  const general = useQuery(generalQuery(practice.id))
  const { name: opened, id, open, close } = useOpened()
  const [of, to] = opened === 'control' ? id.split('.') : []
  const wanted = of === control ? modes.find((mode) => mode === to) : undefined
  const ask = (mode: Mode) => open('control', `${control}.${mode}`)
  const name = controlNames[control]
  if (general.isPending) return <Loading rows={2} label={`Loading the ${name}`} />
  if (general.isError) return <Failed error={general.error} again={general.refetch} />
  const mayEdit = practice.may('gw.security.settings.edit')
  const { mode } = general.data.controls[control]
  return (
    <section className="gh-card" id={control} aria-labelledby={`${control}-title`}>
      <div className="gh-card-head">
        <h2 id={`${control}-title`}>{name}</h2>
        <ControlSummary general={general.data} control={control} />
        {control !== 'permission' && (
          <Button size="xs" variant="default" disabled={!mayEdit} onClick={() => ask(mode)}>
            {control === 'twoFactor' ? 'Requirement' : 'Scope'}
            <span className="gh-unseen"> of {name}</span>
          </Button>
        )}
      </div>
      <ModeChoice
        label={`${name} mode`}
        mode={mode}
        meanings={meanings[control]}
        isDisabled={!mayEdit}
        onChoose={ask}
      />
      {props.children}
      {!mayEdit && (
        <p className="gh-faint gh-card-foot">Changing this needs the permission gw.security.settings.edit.</p>
      )}
      {wanted !== undefined && (
        <Suspense fallback={null}>
          <ControlReview
            key={`${control} ${wanted}`}
            control={control}
            general={general.data}
            to={wanted}
            onClose={close}
          />
        </Suspense>
      )}
    </section>
  )
}
