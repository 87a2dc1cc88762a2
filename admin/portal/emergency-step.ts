/**
 * Emergency access at the portal: a second factor first, then the reason, then it is on.
 *
 * What it lifts and whom it tells is `admin/emergency-access.ts`. Invariant: nothing is taken in a visit that did not come
 * for it or in which no second factor was proved; nobody sets their first factor up on this way, since whoever has only
 * a password would else let themselves in from anywhere.
 */

import { momentText } from '../../policies/timetable-zone.ts'
import { emergencyTexts } from '../../runtime/pages/texts-account.ts'
import { labels } from '../../runtime/pages/texts-labels.ts'
import { type EmergencyPlace, emergencyPlaces, takeEmergency } from '../emergency-access.ts'
import { readPolicy } from '../store/practices.ts'
import { standingOf } from '../two-factor/enrolment.ts'
import { type EmergencyChoice, emergencyOnPage, emergencyPage, noEmergencyPage } from './emergency-page.ts'
import type { PortalForm } from './forms.ts'
import { frameOf, type Visitor } from './visitor.ts'

const pageOf = ({ portal, visit }: Visitor, status: number, html: string): Response =>
  portal.answers.page(status, html, { elsewhere: visit.origin })

const lastsText = (ms: number): string => {
  const minutes = Math.round(ms / 60_000)
  return minutes % 60 === 0 ? `${minutes / 60} ${minutes === 60 ? 'hour' : 'hours'}` : `${minutes} minutes`
}

async function choicesOf(
  { portal }: Visitor,
  places: readonly EmergencyPlace[],
): Promise<readonly EmergencyChoice[]> {
  const choices: EmergencyChoice[] = []
  for (const { practice, name, lastsMs, until } of places) {
    const policy = await portal.parts.store.read((rows) => readPolicy(rows, practice))
    const zone = policy?.document.practice.zone ?? 'UTC'
    choices.push({
      ...{ practice, name, lasts: lastsText(lastsMs) },
      until: until === null ? null : momentText(zone, until),
    })
  }
  return choices
}

const placesOf = ({ portal, visit, at }: Visitor): Promise<readonly EmergencyPlace[]> =>
  portal.parts.store.read((rows) =>
    emergencyPlaces(
      rows,
      visit.user,
      visit.practices.map(({ id }) => id),
      at,
    ),
  )

async function show(visitor: Visitor, problem: string | null): Promise<Response> {
  const { portal, visit, address, at } = visitor
  const standing = await standingOf(portal.parts.store, visit, address, at)
  if (standing.methods.length === 0)
    return pageOf(visitor, 403, noEmergencyPage(frameOf(visitor), emergencyTexts.noFactor))
  const places = await placesOf(visitor)
  if (places.length === 0)
    return pageOf(visitor, 403, noEmergencyPage(frameOf(visitor), emergencyTexts.notOpen))
  if (visit.proved === null) return portal.answers.seeOther('/verify')
  const choices = await choicesOf(visitor, places)
  const on = choices.filter(({ until }) => until !== null)
  if (on.length > 0 && problem === null) return pageOf(visitor, 200, emergencyOnPage(frameOf(visitor), on))
  const shown = choices.filter(({ until }) => until === null)
  return pageOf(visitor, problem === null ? 200 : 422, emergencyPage(frameOf(visitor), shown, problem))
}

/** Where a visit for emergency access begins, and where it comes back to after the second factor. */
export const showEmergency = (visitor: Visitor): Promise<Response> => show(visitor, null)

/** Takes it for the reason given. */
export async function takeEmergencyForm(visitor: Visitor, form: PortalForm): Promise<Response> {
  const { portal, visit, address, at } = visitor
  if (visit.reason !== 'emergency' || visit.proved === null) return portal.answers.seeOther('/')
  const reason = form.get('reason').trim()
  if (reason.length < 5) return show(visitor, emergencyTexts.noReason)
  const { user, name, proved } = visit
  const practices = visit.practices.map(({ id }) => id).filter((id) => id === form.get('practice'))
  const [taken] = await takeEmergency(
    portal.parts.store,
    { user, name, address, method: proved.method, practices, reason },
    at,
  )
  if (taken === undefined) return show(visitor, labels.chooseWhere)
  if (taken.outcome === 'refused')
    return pageOf(visitor, 403, noEmergencyPage(frameOf(visitor), taken.sentence))
  portal.parts.changed()
  return portal.answers.seeOther('/emergency')
}
