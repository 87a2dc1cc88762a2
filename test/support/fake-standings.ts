/**
 * Requests for access as the fake control plane keeps them: asked by whoever has signed in, standing where a test put them.
 *
 * It grants nothing: a test gives the grant and the decision itself. Invariant: an adopted session does not ask, and only where
 * the practice takes requests, as with the real one.
 */
import type { Member } from '../../policies/access-request.ts'
import type { PolicyDocument } from '../../policies/document.ts'
import type { AccessStanding, AccessStandings, AskAccess, WithdrawAccess } from '../../runtime/internal.ts'
import type { SessionRecord } from '../../runtime/records.ts'

/** What is known of people and their requests. */
type Requests = {
  readonly sessions: ReadonlyMap<string, { readonly record: SessionRecord }>
  readonly documents: ReadonlyMap<string, { readonly document: PolicyDocument }>
  readonly members: ReadonlyMap<string, { readonly list: readonly Member[] }>
  readonly standings: Map<string, Pick<AccessStanding, 'status' | 'note' | 'askAgainAt'>>
}

/** What the standing of somebody's request is kept under. */
export const standingKey = (user: string, practice: string, kind: AskAccess['kind']): string =>
  `${user} ${practice} ${kind}`

/** Where the requests of a live session's user stand; `null`: there is no such session. */
export const standingsOf = (
  state: Requests,
  tokenHash: string,
  kind: AskAccess['kind'],
  refused: string | null,
): AccessStandings | null => {
  const session = state.sessions.get(tokenHash)?.record
  if (session === undefined || session.ended !== null) return null
  const unasked = { status: 'not-requested' as const, note: '', askAgainAt: null }
  const standings = [...state.documents]
    .filter(([practice]) => state.members.get(practice)!.list.some(({ user }) => user === session.user))
    .map(([practice, { document }]) => ({
      practice,
      name: document.practice.name,
      ...(state.standings.get(standingKey(session.user, practice, kind)) ?? unasked),
      takes: document.requests[kind],
      contact: document.requests.contact,
    }))
  return { standings, refused }
}

/** Asks only for a session whose sign-in was seen, and where the practice takes requests, as the control plane does. */
export const askAccess = (state: Requests, request: AskAccess): AccessStandings => {
  const { tokenHash, kind } = request
  const session = state.sessions.get(tokenHash)?.record
  const known = standingsOf(state, tokenHash, kind, null)
  if (session === undefined || known === null || !(session.held || session.method !== 'adopted'))
    return { standings: [...(known?.standings ?? [])], refused: 'Sign in again to ask for access.' }
  const open = known.standings.filter(({ practice, takes }) => request.practices.includes(practice) && takes)
  if (open.length === 0) return { ...known, refused: 'This practice takes no requests.' }
  for (const { practice, status } of open)
    if (status === 'not-requested')
      state.standings.set(standingKey(session.user, practice, kind), {
        status: 'pending',
        note: '',
        askAgainAt: null,
      })
  return standingsOf(state, tokenHash, kind, null)!
}

/** Takes somebody's requests back in these practices. */
export const withdraw = (
  state: Requests,
  { tokenHash, kind, practices }: WithdrawAccess,
): AccessStandings => {
  const user = state.sessions.get(tokenHash)?.record.user ?? ''
  for (const practice of practices) state.standings.delete(standingKey(user, practice, kind))
  return standingsOf(state, tokenHash, kind, null) ?? { standings: [], refused: 'Sign in again first.' }
}
