/**
 * The way to Security Management, for whoever looks after the security of a practice; and from there back to one's own pages.
 *
 * Data in, HTML out; whom it is shown to was decided elsewhere, and the admin origin asks again. Nobody else is told that
 * there is such a place.
 */

import { html } from 'hono/html'
import { managementTexts } from './texts-gateway.ts'

/** Where people who look after the security of a practice are handed over to the admin origin, on the application's own. */
export const securityManagementPath = '/.gatehouse/security-management'

/** Where everybody is handed over to their own sessions and factors, on the application's own too. */
export const accountPath = '/.gatehouse/account'

/** The link; nothing where `href` is `null`. */
export const managementLine = (href: string | null) =>
  href === null ? '' : html`<p class="aside">${managementTexts.way(href)}</p>`
