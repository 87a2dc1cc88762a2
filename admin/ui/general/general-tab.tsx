/**
 * General settings: everything of a practice's policy that is no list, section by section.
 *
 * Entries, windows, roles and people have tabs of their own. Invariant: each section is read, reviewed and saved by itself
 * and has an anchor, so that a link to a colleague shows the setting that is meant.
 */
import { useQuery } from '@tanstack/react-query'
import { Failed, Loading } from '../parts/states.tsx'
import { usePractice } from '../practice.ts'
import { type General, generalQuery } from '../queries.ts'
import { ControlSwitch } from './control-switch.tsx'
import { Overview } from './overview.tsx'
import { PresetsCard } from './presets-card.tsx'
import { ScheduleCard } from './schedule-card.tsx'
import { SectionNav, useAnchor } from './section-nav.tsx'
import { sections } from './sections.ts'
import { EmergencyCard, RequestsCard, SessionsCard, SignInCard } from './settings-cards.tsx'

function FactorFacts({ general }: { readonly general: General }) {
  const facts = sections.twoFactor.facts(sections.twoFactor.read(general), { roles: [], people: [] })
  return (
    <dl className="gh-facts">
      {facts.slice(2).map(({ name, text }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  )
}

function Sections({ general }: { readonly general: General }) {
  useAnchor()
  return (
    <div className="gh-sections">
      <SectionNav general={general} />
      <div className="gh-sections-body">
        <Overview general={general} />
        <PresetsCard />
        <ControlSwitch control="ip" />
        <ControlSwitch control="time" />
        <ControlSwitch control="twoFactor">
          <FactorFacts general={general} />
        </ControlSwitch>
        <ControlSwitch control="permission" />
        <ScheduleCard general={general} />
        <SignInCard general={general} />
        <SessionsCard general={general} />
        <RequestsCard general={general} />
        <EmergencyCard general={general} />
      </div>
    </div>
  )
}

/** The tab. */
export function GeneralTab() {
  const practice = usePractice()
  const general = useQuery(generalQuery(practice.id))
  return (
    <>
      <div className="gh-page-head">
        <h1>General settings</h1>
        <p>What is judged in this practice, whom it concerns, and the rules around it.</p>
      </div>
      {general.isPending ? (
        <Loading rows={6} label="Loading the settings" />
      ) : general.isError ? (
        <Failed error={general.error} again={general.refetch} />
      ) : (
        <Sections general={general.data} />
      )}
    </>
  )
}
