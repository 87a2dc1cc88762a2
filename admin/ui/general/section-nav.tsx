/**
 * The sections of the page with the state of each, as anchors.
 *
 * Not the tabs of the practice (`shell/practice-shell.tsx`). Invariant: every anchor names a section of the page, and an
 * address with an anchor comes to it even though the sections are drawn only once their settings are known.
 */
import { useEffect } from 'react'
import { modeNames } from '../parts/tag.tsx'
import type { General } from '../queries.ts'
import { lengthText } from '../times.ts'

/** Brings the section that the address names into view, once it is drawn. */
export function useAnchor(): void {
  useEffect(() => {
    const id = decodeURIComponent(location.hash.slice(1))
    if (id !== '') document.getElementById(id)?.scrollIntoView()
  }, [])
}

const asked = ({ ip, time }: General['requests']): string =>
  ip && time ? 'On' : ip ? 'Networks' : time ? 'Hours' : 'Off'

const waysOf = ({ password, passkey, provider }: General['signIn']): string =>
  `${[password, passkey, provider].filter((isOn) => isOn).length} of 3`

/** The anchors. */
export function SectionNav({ general }: { readonly general: General }) {
  const { controls, sessions, requests, emergency, scheduled, signIn } = general
  const places: readonly (readonly [id: string, name: string, state: string])[] = [
    ['overview', 'Who is in scope', ''],
    ['presets', 'Presets', ''],
    ['ip', 'IP allowlist', modeNames[controls.ip.mode]],
    ['time', 'Time windows', modeNames[controls.time.mode]],
    ['twoFactor', 'Two-factor', modeNames[controls.twoFactor.mode]],
    ['permission', 'Permissions', modeNames[controls.permission.mode]],
    ['scheduled', 'Planned starts', scheduled.length === 0 ? '' : String(scheduled.length)],
    ['sign-in', 'Ways to sign in', waysOf(signIn)],
    ['sessions', 'Sessions', lengthText(sessions.idleMs)],
    ['requests', 'Access requests', asked(requests)],
    ['emergency', 'Emergency access', emergency.allowed ? 'On' : 'Off'],
  ]
  return (
    <nav className="gh-section-nav" aria-label="Sections">
      {places.map(([id, name, state]) => (
        <a key={id} href={`#${id}`}>
          <span>{name}</span>
          <span className="gh-section-state">{state}</span>
        </a>
      ))}
    </nav>
  )
}
