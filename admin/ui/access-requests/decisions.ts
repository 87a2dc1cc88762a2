/**
 * Deciding on requests and undoing it: one or several, approve or deny, take back, open again.
 *
 * The ways to ask for more are `decision-dialog.tsx`. Invariant: every decision is followed by a message with its undo, as
 * far as the API has one: an approval is taken back, a denial is opened again; what could not be decided is named.
 */
import { useQueryClient } from '@tanstack/react-query'
import { type InferRequestType, parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { followSave, tell } from '../parts/follow-save.tsx'
import { usePractice } from '../practice.ts'
import { type AccessRequest, topicKey } from '../queries.ts'

const requests = api.practices[':practice']['access-requests']
const route = requests[':id']

/** What an approval gives. */
export type Approval = InferRequestType<typeof route.approve.$post>['json']
/** How long an approval lasts. */
export type Length = Approval['durationMs']
/** What is decided for several. */
export type Several = {
  readonly decision: 'approve' | 'reject'
  readonly durationMs?: Length
  readonly note?: string
}
/** One that could not be decided, and why. */
export type Undecided = { readonly id: string; readonly sentence: string }

const countText = (count: number): string => (count === 1 ? '1 request' : `${count} requests`)

/** The decisions; each rejects with the API's problem and renews the lists. */
export function useDecisions() {
  const practice = usePractice()
  const client = useQueryClient()
  const renew = () => client.invalidateQueries({ queryKey: topicKey(practice.id) })
  const paramOf = (id: string) => ({ practice: practice.id, id })

  const takeBack = async (id: string, name: string, reason?: string) => {
    const json = reason === undefined ? {} : { reason }
    const { sequence } = await parseResponse(route.withdraw.$post({ param: paramOf(id), json }))
    if (sequence !== null) followSave(`The approval of ${name} is taken back`, sequence)
    await renew()
  }
  const openAgain = async (id: string, name: string) => {
    await parseResponse(route.reopen.$post({ param: paramOf(id), json: {} }))
    tell(`The request of ${name} waits again`, 'As if nobody had decided.')
    await renew()
  }
  const approve = async ({ id, user }: AccessRequest, approval: Approval) => {
    const { sequence } = await parseResponse(route.approve.$post({ param: paramOf(id), json: approval }))
    if (sequence !== null) followSave(`${user.name} may come in`, sequence, () => takeBack(id, user.name))
    await renew()
  }
  const deny = async ({ id, user }: AccessRequest, note = '') => {
    await parseResponse(route.reject.$post({ param: paramOf(id), json: { note } }))
    tell(`The request of ${user.name} is denied`, 'They see it, with your note.', () =>
      openAgain(id, user.name),
    )
    await renew()
  }
  const undoSeveral = async (decided: readonly AccessRequest[], decision: Several['decision']) => {
    let sequence: number | null = null
    for (const { id } of decided) {
      const param = paramOf(id)
      const undone = await parseResponse(
        decision === 'approve'
          ? route.withdraw.$post({ param, json: {} })
          : route.reopen.$post({ param, json: {} }),
      )
      sequence = undone.sequence ?? sequence
    }
    if (sequence === null) tell(`${countText(decided.length)} wait again`, 'As if nobody had decided.')
    else followSave(`${countText(decided.length)}: taken back`, sequence)
    await renew()
  }
  const decide = async (ids: readonly string[], wish: Several): Promise<readonly Undecided[]> => {
    const { decided, undecided, sequence } = await parseResponse(
      requests.decide.$post({ param: { practice: practice.id }, json: { ids: [...ids], ...wish } }),
    )
    const undo = () => undoSeveral(decided, wish.decision)
    if (decided.length > 0 && sequence !== null)
      followSave(`${countText(decided.length)} approved`, sequence, undo)
    else if (decided.length > 0)
      tell(`${countText(decided.length)} denied`, 'They see it, with your note.', undo)
    await renew()
    return undecided
  }
  return { approve, deny, takeBack, openAgain, decide, renew }
}
