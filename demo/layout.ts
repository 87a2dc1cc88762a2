// The frame around every page: head, brand, navigation, and the two small pages that are nothing but frame.
//
// Not a template engine: Hono's `html` escapes every value; nothing here marks foreign text as raw.
// Invariant: no inline script or style and no address of another site, so a strict policy fits.
// Refused: JSX; plain Node runs these files without a build step.

import { html } from 'hono/html'
import type { Account } from './accounts.ts'
import type { StaffVisitor } from './desk.ts'
import { findPractice, roleNames } from './people.ts'

/** A piece of escaped HTML. */
export type Markup = ReturnType<typeof html>

/** A page for anyone: `message` is shown as a paragraph under the title, `body` below it. */
export type PlainPage = {
  readonly title: string
  readonly message?: string
  readonly body?: Markup
  readonly narrow?: boolean
}

/** A page for staff; `current` is the path of the navigation entry it belongs to. */
export type StaffPage = {
  readonly title: string
  readonly subtitle?: string
  readonly staff: StaffVisitor
  readonly current: string
  readonly actions?: Markup
  readonly body: Markup
}

const navigation: readonly (readonly [string, string])[] = [
  ['/schedule', 'Schedule'],
  ['/patients', 'Patients'],
  ['/payments', 'Payments'],
  ['/forms', 'Forms'],
  ['/huddle', 'Huddle'],
  ['/settings', 'Settings'],
]

const mark = html`<svg class="mark" viewBox="0 0 24 24" width="26" height="26" aria-hidden="true">
  <path fill="currentColor" d="M7.4 2C4.3 2 2.5 4.5 2.5 7.6c0 2.3.9 3.7 1.5 6C4.7 16.3 4.9 22 7.4 22c2.5 0 1.9-6.5 4.6-6.5S14.1 22 16.6 22c2.5 0 2.7-5.7 3.4-8.4.6-2.3 1.5-3.7 1.5-6C21.5 4.5 19.7 2 16.6 2 14.6 2 13.6 3.1 12 3.1S9.4 2 7.4 2Z"/>
</svg>`

function htmlDocument(title: string, content: Markup): Markup {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="/assets/mark.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/app.css">
<script src="/assets/app.js" type="module"></script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
${content}
</body>
</html>`
}

/** A page without staff navigation: sign-in, booking, portal, errors. */
export function page({ title, message, body, narrow = true }: PlainPage): Markup {
  return htmlDocument(
    title,
    html`<header class="bar bar-plain"><a class="brand" href="/">${mark}<span>Practice Desk</span></a>
<nav aria-label="Public"><a href="/book">Book a visit</a><a href="/portal">Patient portal</a><a href="/sign-in">Staff</a></nav></header>
<main id="main" class="${narrow ? 'narrow' : 'wide'}">
<h1>${title}</h1>
${message ? html`<p>${message}</p>` : ''}
${body ?? ''}
</main>`,
  )
}

function roleLine({ account, practice }: StaffVisitor): string {
  const roles = account.memberships.find((membership) => membership.practice === practice.id)?.roles ?? []
  return roles.map((role) => roleNames[role]).join(', ')
}

function staffBar(staff: StaffVisitor, current: string): Markup {
  const entries = navigation.map(
    ([path, name]) =>
      html`<a href="${path}"${path === current ? html` aria-current="page"` : ''}>${name}</a>`,
  )
  const others = staff.account.memberships.length > 1
  return html`<header class="bar">
<a class="brand" href="/schedule">${mark}<span>${staff.practice.name}</span></a>
<nav aria-label="Main">${entries}</nav>
<div class="who">
<p><strong id="who-name">${staff.account.name}</strong><span>${roleLine(staff)}</span></p>
${others ? html`<a class="button quiet" href="/practices">Switch practice</a>` : ''}
<form method="post" action="/sign-out"><input type="hidden" name="csrf" value="${staff.session.csrf}">
<button class="quiet">Sign out</button></form>
</div>
</header>`
}

/** A page for staff, with navigation, who is signed in, and a place for live messages. */
export function staffPage({ title, subtitle, staff, current, actions, body }: StaffPage): Markup {
  return htmlDocument(
    `${title} · ${staff.practice.name}`,
    html`${staffBar(staff, current)}
<main id="main" class="wide" data-page="${current.slice(1)}">
<div class="heading"><div><h1>${title}</h1>${subtitle ? html`<p class="sub">${subtitle}</p>` : ''}</div>
<div class="actions">${actions ?? ''}</div></div>
${body}
</main>
<div id="page-message" class="toast" role="status" aria-live="polite" hidden></div>`,
  )
}

/** The page on which someone with several practices chooses one; `warning` says why it is shown again. */
export function pickerPage(account: Account, next: string, warning?: string): Markup {
  const choices = account.memberships.map((membership) => {
    const practice = findPractice(membership.practice)
    const roles = membership.roles.map((role) => roleNames[role]).join(', ')
    return html`<li><button class="choice" name="practice" value="${membership.practice}">
<strong>${practice?.name ?? membership.practice}</strong><span>${practice?.city ?? ''} · ${roles}</span></button></li>`
  })
  return page({
    title: 'Choose a practice',
    body: html`${warning ? html`<p class="notice bad" role="alert">${warning}</p>` : ''}
<p>Signed in as <strong>${account.name}</strong>. Where are you working today?</p>
<form method="post" action="/practices/choose"><input type="hidden" name="next" value="${next}">
<ul class="choices">${choices}</ul></form>`,
  })
}
