/**
 * What pages say of emergency access: where it is to be had, and that it is on.
 *
 * Data in, HTML out. Invariant: whoever is offered it reads first that everybody who manages access is told.
 */

import { html } from 'hono/html'
import { emergencyTexts } from './texts-account.ts'

/** The way to emergency access; nothing where `href` is `null`. */
export const emergencyLine = (href: string | null) =>
  href === null ? '' : html`<p class="aside">${emergencyTexts.offer(href)}</p>`

/** The banner of whoever uses it; nothing where `until` is `null`. */
export const emergencyOnLine = (until: string | null) =>
  until === null ? '' : html`<p class="banner" role="status">${emergencyTexts.on(until)}</p>`
