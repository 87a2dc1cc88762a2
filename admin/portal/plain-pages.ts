/**
 * The portal's pages without anybody: a ticket that is no good, a visit that is over, a form of somebody else's, a
 * database that is away.
 *
 * Which page it is, with the catalogue's words; HTML out. Invariant: none leads on by itself to a place that would lead
 * back here: somebody must never go in circles.
 */
import { plainPage } from '../../runtime/pages/plain-page.ts'
import { labels } from '../../runtime/pages/texts-labels.ts'
import { portalPageTexts, tooManyPeopleTexts } from '../../runtime/pages/texts-sign-in.ts'

const pageOf = (which: keyof typeof portalPageTexts): string => {
  const { title, sentences } = portalPageTexts[which]
  return plainPage(title, sentences)
}

/** A ticket that is unknown, used or has run out; which of them is not told. */
export const ticketPage = (): string => pageOf('ticket')

/** No visit, or one that is over. */
export const overPage = (): string => pageOf('over')

/** The tries of a visit are gone. */
export const noTriesPage = (): string => pageOf('noTries')

/** A form that one of our own pages did not send. */
export const notOursPage = (): string => pageOf('notOurs')

/** What was proved does not suffice, and nothing here would. */
export const tooWeakPage = (): string => pageOf('tooWeak')

/** Everything of theirs has ended. */
export const signedOutPage = (): string => pageOf('signedOut')

/** Too many came from one network. `afterS`: when to come again, in seconds. */
export const tooOftenPage = (afterS: number): string =>
  plainPage(labels.justAMoment, tooManyPeopleTexts(afterS))

/** The database is away; sent with `Refresh`. */
export const awayPage = (): string => pageOf('away')

/** A mistake of ours. */
export const mistakePage = (): string => pageOf('mistake')

/** No such page. */
export const nowherePage = (): string => pageOf('nowhere')
