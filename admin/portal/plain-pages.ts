/**
 * The portal's pages without anybody: a ticket that is no good, a visit that is over, a form of somebody else's, a
 * database that is away.
 *
 * Data in, HTML out. Invariant: each says what happened, why, and what to do next, and none leads on by itself to a
 * place that would lead back here: somebody must never go in circles.
 */
import { plainPage } from '../../runtime/pages/plain-page.ts'
import { awayTitle, worksOn } from '../../runtime/pages/texts.ts'

const goBack = 'Go back to your practice application and try again: it will bring you here once more.'

/** A ticket that is unknown, used or has run out; which of them is not told. */
export const ticketPage = (): string =>
  plainPage('This link no longer works', [
    'A link to this page works once, and only for half a minute. This one was used already, or it is too old.',
    goBack,
    'If somebody sent you this link, do not use it.',
  ])

/** No visit, or one that is over. */
export const overPage = (): string =>
  plainPage('This step is over', [
    'It was finished already, or more than ten minutes have passed since you came here.',
    goBack,
  ])

/** The tries of a visit are gone. */
export const noTriesPage = (): string =>
  plainPage('Too many wrong codes', [
    'None of the codes was right, so this step has ended. Nothing was changed.',
    `${goBack} If you do not have your phone at hand, use a recovery code then.`,
  ])

/** A form that one of our own pages did not send. */
export const notOursPage = (): string =>
  plainPage('Nothing was done', [
    'That form was not sent by this page, or the page had become too old.',
    goBack,
  ])

/** What was proved does not suffice, and nothing here would. */
export const tooWeakPage = (): string =>
  plainPage('A stronger second factor is needed', [
    'The part you opened asks for a passkey. A code from an authenticator app does not suffice there.',
    'Go back to your practice application. If you need this for your work, ask the person who manages access at your practice.',
  ])

/** Everything of theirs has ended. */
export const signedOutPage = (): string =>
  plainPage('You are signed out everywhere', [
    'Every session of yours has ended, on every device, in every practice of yours.',
    'Open your practice application and sign in again. If somebody else may know your password, change it first.',
  ])

/** Too many came from one network. `afterS`: when to come again, in seconds. */
export const tooOftenPage = (afterS: number): string =>
  plainPage('Just a moment', [
    'Too many people came here from your network at once.',
    `Wait ${afterS === 1 ? 'a second' : `${afterS} seconds`}, then go back to your practice application and try again.`,
  ])

/** The database is away; sent with `Refresh`. */
export const awayPage = (): string =>
  plainPage(awayTitle, [
    `This cannot be done at the moment, and nothing was changed. ${worksOn}`,
    'This is usually over in a few seconds. The page tries again by itself.',
  ])

/** A mistake of ours. */
export const mistakePage = (): string =>
  plainPage('Something went wrong', ['That was a mistake of ours, and it has been logged.', goBack])

/** No such page. */
export const nowherePage = (): string =>
  plainPage('There is no such page', ['This address leads nowhere.', goBack])
