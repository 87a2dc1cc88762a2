/**
 * Who comes to the portal: the browser's cookie, the visit behind it, and where they may be sent back to.
 *
 * It opens no visit and proves nothing. Invariant: without a visit there is no visitor, so nothing that takes one can run
 * for a stranger; and the only places outside are paths of the visit's own application.
 */
import type { Context } from 'hono'
import type { Instant } from '../../policies/instant.ts'
import { momentText } from '../../policies/timetable-zone.ts'
import type { ClientHop } from '../../runtime/forwarded.ts'
import type { Log } from '../../runtime/log.ts'
import type { Logo } from '../../runtime/logos.ts'
import { ownPath } from '../../runtime/own-path.ts'
import type { Brand } from '../../runtime/pages/page.ts'
import type { TextSender } from '../notify/text-messages.ts'
import type { QueueMail } from '../own-sign-in/password-mails.ts'
import type { FactorParts } from '../two-factor/verification.ts'
import { findVisit, type PortalVisit } from '../two-factor/visits.ts'
import type { RelyingParty } from '../webauthn.ts'
import type { Answers } from './answers.ts'
import { readPortalCookie } from './cookie.ts'
import { formToken } from './forms.ts'
import type { Knocks } from './knocks.ts'
import type { PortalFrame } from './page-parts.ts'
import type { PageScript } from './scripts.ts'

/** Bindings come from the listener; variables are set on the way in. */
export type PortalEnv = {
  /** `peer`: the TCP peer's address as text; absent once its socket has closed. */
  Bindings: { readonly peer?: string | undefined }
  Variables: { hop: ClientHop; requestId: string }
}

/** What the portal's steps stand on. `origin`: the portal's, as browsers write it. */
export type Portal = {
  readonly parts: FactorParts
  readonly origin: string
  readonly secure: boolean
  /** For whom passkeys are made here; `null`: browsers make none at this origin. */
  readonly party: RelyingParty | null
  readonly answers: Answers
  readonly knocks: Knocks
  /** `null`: no mail can be sent. */
  readonly mail: QueueMail | null
  /** `null`: no text messages can be sent. */
  readonly texts: TextSender | null
  /** Logos of practices, by id. */
  readonly logos: ReadonlyMap<string, Logo>
  readonly now: () => Instant
  readonly log: Log
}

/** Somebody with a visit. */
export type Visitor = {
  readonly portal: Portal
  readonly c: Context<PortalEnv>
  /** The bearer text of their cookie. */
  readonly token: string
  readonly visit: PortalVisit
  readonly address: string
  readonly at: Instant
}

/** Whether an origin may stand in a header of ours: as URLs write it, and nothing else. */
export const isPlainOrigin = (text: string): boolean =>
  /^https?:\/\/[a-z0-9.:[\]-]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text

/** The visitor of a request; `null`: no cookie of ours, or its visit is over. */
export async function findVisitor(portal: Portal, c: Context<PortalEnv>): Promise<Visitor | null> {
  const token = readPortalCookie(c.req.header('cookie'), portal.secure)
  if (token === null) return null
  const at = portal.now()
  const visit = await findVisit(portal.parts.store, token, at)
  if (visit === null || !isPlainOrigin(visit.origin)) return null
  return { portal, c, token, visit, address: c.get('hop').client.text, at }
}

const brandOf = ({ logos }: Portal, { practices }: PortalVisit): Brand | null => {
  const [only] = practices
  if (only === undefined || practices.length > 1) return null
  return { name: only.name, logo: logos.has(only.id) ? `/logo/${only.id}` : null }
}

/** What every page for them shows and carries. */
export const frameOf = ({ portal, visit, token, at }: Visitor): PortalFrame => ({
  name: visit.name,
  login: visit.login,
  practices: visit.practices.map(({ name }) => name),
  brand: brandOf(portal, visit),
  emergencyUntil: visit.emergency === null ? null : momentText(visit.emergency.zone, visit.emergency.until),
  // Whoever is on the way to the admin origin is in, and so is who is asked for a newer factor or looks after their own.
  signedIn: visit.adminEntry !== null || visit.reason === null || visit.reason === 'two-factor-too-old',
  leave: `${visit.origin}${visit.adminEntry === null ? '/.gatehouse/access?leave' : '/sign-in'}`,
  token: formToken(token),
  at,
})

/** Back to the application with a proof, or on to the admin origin. */
export const stepUrl = (visit: PortalVisit, proof: string): string => {
  if (visit.adminEntry !== null) return `${visit.origin}/hand-over?proof=${proof}`
  const to = ownPath(visit.to)
  return `${visit.origin}/.gatehouse/access?proof=${proof}${to === null ? '' : `&to=${encodeURIComponent(to)}`}`
}

/** Back to the application with nothing. */
export const returnUrl = (visit: PortalVisit): string => `${visit.origin}${ownPath(visit.to) ?? '/'}`

/** A page for a visitor, whose forms may lead on to their application. `script`: the one in it. */
export const pageOf = (visitor: Visitor, status: number, html: string, script?: PageScript): Response =>
  visitor.portal.answers.page(status, html, {
    elsewhere: visitor.visit.origin,
    ...(script === undefined ? {} : { script }),
  })
