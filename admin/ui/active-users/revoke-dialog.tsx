/**
 * Reviews a revocation and does it: one session, a user, several users, or everyone but the admin.
 *
 * It judges nothing. Invariant: it says before the act whom it meets and what brings them back; afterwards the message
 * follows the sequence until every gateway refuses them, and only then says what was closed.
 */
import { Checkbox } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { followSave } from '../parts/follow-save.tsx'
import type { Extra } from '../parts/saving.ts'
import { usePractice } from '../practice.ts'
import { type ActiveUser, type Session, topicKey } from '../queries.ts'
import { streamsOf } from './active-table.tsx'

/** What is to be revoked. `block`: the box for it is ticked to begin with. */
export type Revocation =
  | { readonly of: 'all-but-mine' }
  | { readonly of: 'user'; readonly user: ActiveUser; readonly block?: true }
  | { readonly of: 'users'; readonly users: readonly ActiveUser[] }
  | { readonly of: 'session'; readonly user: ActiveUser; readonly session: Session }

/** Asks for the review of a revocation. */
export type OnRevoke = (revocation: Revocation) => void

/** The revocation that an address names, of those who are known; `undefined`: none, or of somebody who is not. */
export function revocationIn(
  name: string | null,
  id: string,
  known: readonly ActiveUser[],
  chosen: ReadonlySet<string>,
): Revocation | undefined {
  const user = known.find((one) => one.user === id)
  switch (name) {
    case 'all-but-mine':
      return { of: 'all-but-mine' }
    case 'chosen': {
      const users = known.filter((one) => chosen.has(one.user))
      return users.length === 0 ? undefined : { of: 'users', users }
    }
    case 'person':
      return user && { of: 'user', user }
    case 'block':
      return user && { of: 'user', user, block: true }
    case 'session':
      for (const one of known) {
        const session = one.sessions.find((of) => of.id === id)
        if (session !== undefined) return { of: 'session', user: one, session }
      }
      return undefined
    default:
      return undefined
  }
}

type Choices = { readonly block: boolean; readonly everywhere: boolean }

const routes = api.practices[':practice']
const mine = 'Your own session is among them: you will have to sign in again.'

function titleOf(revocation: Revocation): string {
  switch (revocation.of) {
    case 'all-but-mine':
      return 'Revoke everyone but you?'
    case 'user':
      return `Revoke ${revocation.user.name}?`
    case 'users':
      return `Revoke ${revocation.users.length} people?`
    case 'session':
      return `Revoke a session of ${revocation.user.name}?`
  }
}

function explain(revocation: Revocation, practice: string): string {
  switch (revocation.of) {
    case 'all-but-mine':
      return `Everyone but you loses access to ${practice} at once, open streams included, until they sign in again.`
    case 'session':
      return `Their session on ${revocation.session.device} from ${revocation.session.address} ends at once, its streams included. Other sessions go on.`
    case 'users':
      return `Every session of theirs loses access to ${practice} at once, open streams included, until they sign in again.`
    case 'user': {
      const elsewhere =
        revocation.user.otherPractices > 0 ? ' Their access to other practices is untouched.' : ''
      return `Every session of theirs loses access to ${practice} at once, open streams included, until they sign in again.${elsewhere}`
    }
  }
}

const sessionsOf = (revocation: Revocation): readonly Session[] => {
  switch (revocation.of) {
    case 'all-but-mine':
      return []
    case 'session':
      return [revocation.session]
    case 'user':
      return revocation.user.sessions
    case 'users':
      return revocation.users.flatMap(({ sessions }) => sessions)
  }
}

type Body = { readonly reason?: string }
type Revoked = { readonly sequence: number; readonly sessions: number }

const revokeOne = (
  practice: string,
  user: string,
  body: Body,
  { block, everywhere }: Choices,
): Promise<Revoked> => {
  const wish = { param: { practice, user }, json: { ...body, block } }
  const route = routes.users[':user']
  return parseResponse(everywhere ? route['revoke-everywhere'].$post(wish) : route.revoke.$post(wish))
}

/** One after the other, so that the first refusal stops the rest; `told` hears how many are done. */
async function revokeSeveral(
  practice: string,
  users: readonly ActiveUser[],
  body: Body,
  choices: Choices,
  told: (done: number) => void,
): Promise<Revoked> {
  let last: Revoked = { sequence: 0, sessions: 0 }
  for (const [done, { user }] of users.entries()) {
    told(done)
    const { sequence, sessions } = await revokeOne(practice, user, body, choices)
    last = { sequence, sessions: last.sessions + sessions }
  }
  return last
}

function useSend(revocation: Revocation, choices: Choices, told: (done: number) => void) {
  const { id: practice } = usePractice()
  return async ({ reason }: Extra): Promise<Revoked> => {
    const json = reason === undefined ? {} : { reason }
    switch (revocation.of) {
      case 'all-but-mine':
        return parseResponse(
          routes['active-users']['revoke-all-but-mine'].$post({ param: { practice }, json }),
        )
      case 'session':
        return parseResponse(
          routes.sessions[':id'].revoke.$post({ param: { practice, id: revocation.session.id }, json }),
        )
      case 'user':
        return revokeOne(practice, revocation.user.user, json, choices)
      case 'users':
        return revokeSeveral(practice, revocation.users, json, choices, told)
    }
  }
}

function ChoiceFields(props: {
  readonly revocation: Revocation
  readonly choices: Choices
  readonly onChange: (choices: Choices) => void
}) {
  const { revocation, choices, onChange } = props
  if (revocation.of !== 'user' && revocation.of !== 'users') return null
  const hasOthers = revocation.of === 'user' && revocation.user.otherPractices > 0
  return (
    <>
      <Checkbox
        label="Block them as well"
        description="They are suspended in this practice: signing in again does not help until an admin lets them rejoin."
        checked={choices.block}
        onChange={(event) => onChange({ ...choices, block: event.currentTarget.checked })}
      />
      {hasOthers && (
        <Checkbox
          label="In every practice of theirs"
          description="Needs the permission to revoke in each of them; otherwise nothing is done."
          checked={choices.everywhere}
          onChange={(event) => onChange({ ...choices, everywhere: event.currentTarget.checked })}
        />
      )}
    </>
  )
}

const titleOfDone = (revocation: Revocation, sessions: number): string => {
  const ended = sessions === 1 ? '1 session ended' : `${sessions} sessions ended`
  if (revocation.of === 'all-but-mine') return ended
  return revocation.of === 'users'
    ? `${revocation.users.length} people: ${ended}`
    : `${revocation.user.name}: ${ended}`
}

/** The dialog; draw it while it is open. `onDone`: everybody in it is revoked. */
export function RevokeDialog(props: {
  readonly revocation: Revocation
  readonly onClose: () => void
  readonly onDone?: () => void
}) {
  const { revocation, onClose, onDone } = props
  const practice = usePractice()
  const client = useQueryClient()
  const startsBlocked = revocation.of === 'user' && revocation.block === true
  const [choices, setChoices] = useState<Choices>({ block: startsBlocked, everywhere: false })
  const [done, setDone] = useState<number | null>(null)
  const send = useSend(revocation, choices, setDone)
  const reload = () => client.invalidateQueries({ queryKey: topicKey(practice.id) })
  const sessions = sessionsOf(revocation)
  const save = async (extra: Extra) => {
    try {
      const { sequence, sessions: ended } = await send(extra)
      followSave(titleOfDone(revocation, ended), sequence, undefined, streamsOf(sessions))
      onDone?.()
    } finally {
      await reload()
    }
  }
  return (
    <ConfirmDialog
      title={titleOf(revocation)}
      act="Revoke"
      danger
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <p>{explain(revocation, practice.name)}</p>
      {revocation.of === 'users' && (
        <p className="gh-faint">{revocation.users.map(({ name }) => name).join(', ')}</p>
      )}
      {sessions.some((session) => session.mine) && <p className="gh-warn-text">{mine}</p>}
      <ChoiceFields revocation={revocation} choices={choices} onChange={setChoices} />
      {done !== null && revocation.of === 'users' && (
        <div className="gh-progress" role="status">
          <span className="gh-numbers">
            {done} of {revocation.users.length} revoked
          </span>
          <progress aria-label="Revoked" max={revocation.users.length} value={done} />
        </div>
      )}
    </ConfirmDialog>
  )
}
