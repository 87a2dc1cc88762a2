/**
 * The time windows of a practice: their switch, weekly hours, closures, extensions, the days to come, sign-ins by hour.
 *
 * Who is in scope is chosen in the review of the switch. Invariant: every edit names the revision that this page shows,
 * and the address says all that is on it.
 */
import { ControlSwitch } from '../general/control-switch.tsx'
import { ClosuresCard } from './closures-card.tsx'
import { ExtensionsCard } from './extensions-card.tsx'
import { HoursPreview } from './hours-preview.tsx'
import { SignInsCard } from './sign-ins-card.tsx'
import { WeeksCard } from './weeks-card.tsx'
import { WhoIsIn } from './who-is-in.tsx'

/** The tab. */
export function TimeWindowsTab() {
  return (
    <>
      <div className="gh-page-head">
        <h1>Time windows</h1>
        <p>When people of this practice may work.</p>
      </div>
      <ControlSwitch control="time" />
      <WeeksCard />
      <SignInsCard />
      <ClosuresCard />
      <ExtensionsCard />
      <HoursPreview />
      <WhoIsIn />
    </>
  )
}
