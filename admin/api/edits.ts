/**
 * Policy edits from the tabs: one way from a wish to `policy-edit.ts`, and from its outcome to an answer or a
 * no.
 *
 * It checks nothing itself. Invariant: what is refused says why in the admin's words and changes nothing;
 * what is saved answers the revision and the number by which its spread can be followed.
 */
import type { Context } from 'hono'
import type { PolicyDocument } from '../../policies/document.ts'
import type { Problem } from '../../policies/problem.ts'
import { momentText } from '../../policies/timetable-zone.ts'
import { codesFirstSentence } from '../codes-first.ts'
import type { LockedOut } from '../lockout.ts'
import { type EditOutcome, editPolicy, type PolicyEdit } from '../policy-edit.ts'
import { isFresh } from '../sign-in/freshness.ts'
import type { Unconfirmed } from '../store/confirmations.ts'
import type { Origin, Target } from '../store/events.ts'
import { lastAnnounced } from '../store/publish-state.ts'
import type { AdminEnv } from './admin-env.ts'
import { type ApiPlane, deedOf } from './api-plane.ts'
import { assertMayEditRoles } from './own-keys.ts'
import { etagOf, revisionIn } from './paging.ts'
import { invalid, refusal, stepUpRequired } from './refusals.ts'

/**
 * A wish of a tab. `ifMatch`: as sent, absent where an edit only adds; `target`: absent for the practice
 * itself.
 */
export type Wish = {
  readonly practice: string
  readonly ifMatch: string | undefined
  readonly action: string
  readonly target?: Target
  /** By which way; default: by hand. */
  readonly origin?: Origin
  readonly confirmPracticeName?: string | undefined
  readonly reason?: string | undefined
  readonly change: (document: PolicyDocument) => PolicyDocument | { readonly problems: readonly Problem[] }
} & Pick<PolicyEdit, 'roles' | 'alongside' | 'isWanted' | 'notes'>

/** What was saved. */
export type Saved = {
  readonly revision: number
  readonly sequence: number
  readonly document: PolicyDocument
}

const lockedOutSentence = (names: readonly string[]): string =>
  `${names.join(', ')} could no longer get in. Add their network first, or type the practice's name to go on.`

/** Who would be locked out, as a no that typing the practice's name overrides. */
export const lockoutRefusal = (lockedOut: readonly LockedOut[]) =>
  refusal('lockout-risk', lockedOutSentence([...new Set(lockedOut.map(({ name }) => name))]), {
    lockedOut: lockedOut.map(({ name, address, sentence }) => ({ name, address, sentence })),
  })

/** Why nothing else is edited now, who can end that, and when it ends by itself. */
async function pending(plane: ApiPlane, practice: string, { confirmBy, authorName }: Unconfirmed) {
  const { document } = await plane.views.read(practice)
  const until = momentText(document.practice.zone, confirmBy).slice(-5)
  return refusal(
    'confirmation-pending',
    `What ${authorName} saved waits to be confirmed until ${until}. Confirm it or take it back first.`,
    { retryAfterMs: Math.max(0, confirmBy - plane.now()) },
  )
}

/** What an edit saved; throws the refusal of one that was not. Sets no header. */
export async function savedOf(plane: ApiPlane, practice: string, outcome: EditOutcome): Promise<Saved> {
  switch (outcome.outcome) {
    case 'saved':
      return { revision: outcome.revision, sequence: outcome.announced, document: outcome.document }
    case 'unchanged': {
      const last = await plane.store.read((rows) => lastAnnounced(rows, practice))
      return { revision: outcome.revision, sequence: last ?? 0, document: outcome.document }
    }
    case 'unknown-practice':
      throw refusal('not-found', 'There is no such practice.')
    case 'conflict':
      throw refusal('revision-conflict', 'The policy was changed in between. Load it again.', {
        current: outcome.revision,
      })
    case 'confirmation-pending':
      throw await pending(plane, practice, outcome.waiting)
    case 'problems':
      throw invalid(outcome.problems)
    case 'lockout-risk':
      throw lockoutRefusal(outcome.lockedOut)
    case 'sealed-codes-first':
      throw refusal('sealed-codes-first', codesFirstSentence)
    case 'weakens':
      throw stepUpRequired()
    case 'last-security-admin':
      throw refusal(
        'last-security-admin',
        'Nobody would be left who may change security settings. Give the permission to somebody else first.',
      )
  }
}

/** Tries the wish; answers what was saved and sets the ETag, or throws the refusal. */
export async function saveWish(c: Context<AdminEnv>, plane: ApiPlane, wish: Wish): Promise<Saved> {
  const { ifMatch, confirmPracticeName, reason, origin, change, ...edit } = wish
  const { account } = c.get('admin')
  const outcome = await editPolicy(plane.store, {
    ...edit,
    change: (current) => {
      const made = change(current)
      if (!('problems' in made)) assertMayEditRoles(account, wish.practice, current.roles, made.roles)
      return made
    },
    ifRevision: ifMatch === undefined ? null : revisionIn(ifMatch),
    deed: { ...deedOf(c, plane, reason), ...(origin === undefined ? {} : { origin }) },
    mayWeaken: isFresh(c.get('admin'), plane.now()),
    typedName: confirmPracticeName ?? null,
  })
  const saved = await savedOf(plane, wish.practice, outcome)
  c.header('etag', etagOf(saved.revision))
  return saved
}
