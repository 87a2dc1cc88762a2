/**
 * A person's own second factor: what is set up, when it was last used, and what they may change.
 *
 * Data in, HTML out; the same page, shorter, says that a proof went through. Invariant: it shows facts about factors and
 * never a secret; every change leads to a page that asks for a proof in this visit first.
 */
import { html } from 'hono/html'
import { page } from '../../runtime/pages/page.ts'
import { doneForm, hiddenFields, notYouLine, type PortalFrame, whoLine } from './page-parts.ts'

/** What the page shows; moments are ready to read, `null`: never. */
export type ManageView = {
  readonly frame: PortalFrame
  readonly methods: readonly string[]
  readonly enrolledAt: string | null
  readonly lastVerifiedAt: string | null
  readonly recoveryCodesLeft: number
  readonly mayEnrol: boolean
  readonly deadline: string | null
}

const codesFewAt = 3

const codesNote = (left: number) =>
  left > codesFewAt
    ? ''
    : html`<p class="problem">${
        left === 0
          ? 'No recovery code is left.'
          : left === 1
            ? 'Only one recovery code is left.'
            : `Only ${left} recovery codes are left.`
      } Make new ones, so that you get in without your phone too.</p>`

const present = (view: ManageView) => html`<dl><dt>Method</dt><dd>${view.methods.join(', ')}</dd>
<dt>Set up</dt><dd>${view.enrolledAt ?? 'not known'}</dd>
<dt>Last used</dt><dd>${view.lastVerifiedAt ?? 'not yet'}</dd>
<dt>Recovery codes left</dt><dd>${String(view.recoveryCodesLeft)} of 10</dd></dl>
${codesNote(view.recoveryCodesLeft)}
<div class="doing"><a href="/recovery-codes">New recovery codes</a><a href="/set-up">Set up a new authenticator app</a></div>`

const absent = (
  view: ManageView,
) => html`<p>You have no second factor yet. With one, a stolen password alone no longer opens your account.${
  view.deadline === null ? '' : html` Your practice asks for one by <strong>${view.deadline}</strong>.`
}</p>
${
  view.mayEnrol
    ? html`<div class="doing"><a class="first" href="/set-up">Set up an authenticator app</a></div>`
    : html`<p>It can be set up only from a network that your practice has approved, and the one you are on is not among them.</p>`
}`

const signOutEverywhere = (frame: PortalFrame) =>
  html`<details><summary>Sign out everywhere</summary>
<p>Ends every session of yours on every device, this one too: for when a device was lost, or somebody may have used your account.</p>
<form method="post" action="/sign-out-everywhere">${hiddenFields(frame)}
<div class="doing"><button>Sign out everywhere</button></div></form></details>`

/** The page of one's own factors. */
export const managePage = (view: ManageView): string =>
  page({
    title: 'Your second factor',
    practice: null,
    body: html`${whoLine(view.frame)}
${view.methods.length === 0 ? absent(view) : present(view)}
${doneForm(view.frame, 'Done', view.methods.length > 0 || !view.mayEnrol)}
${signOutEverywhere(view.frame)}
${notYouLine(view.frame)}`,
  })

/** The page after a proof, where there is something to say before going on. */
export const confirmedPage = (frame: PortalFrame, recoveryCodesLeft: number): string =>
  page({
    title: 'Confirmed',
    practice: null,
    body: html`<p role="status">It is confirmed that it is you.</p>
${codesNote(recoveryCodesLeft)}
${doneForm(frame, 'Continue')}
${recoveryCodesLeft > codesFewAt ? '' : html`<div class="doing"><a href="/recovery-codes">New recovery codes</a></div>`}`,
  })
