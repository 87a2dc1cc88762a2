/**
 * Answers of commit-confirm: what waits or was taken back, confirming, taking back, turning on again.
 *
 * The rules are `commit-confirm.ts`. Invariant: whoever saved something may settle it, and so may every security admin
 * of the practice; turning on again is an edit like any other, guarded and to be confirmed once more.
 */
import type { OpenAPIHono, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import {
  type Confirmation,
  confirmPolicy,
  readConfirmation,
  revertPolicy,
  type Settled,
} from '../commit-confirm.ts'
import { readDeadline } from '../store/confirmations.ts'
import { holds } from './access.ts'
import type { AdminEnv } from './admin-env.ts'
import { type ApiPlane, deedOf } from './api-plane.ts'
import { confirmationRoutes, type confirmationSchema } from './contract/confirmation.ts'
import { saveWish } from './edits.ts'
import { etagOf, revisionIn } from './paging.ts'
import { refusal } from './refusals.ts'

const securityEdit = 'gw.security.settings.edit'

const maySettle = (c: Context<AdminEnv>, practice: string, authorId: string): boolean => {
  const { account } = c.get('admin')
  return account.id === authorId || holds(account, practice, securityEdit)
}

const shown = (
  c: Context<AdminEnv>,
  practice: string,
  confirmation: Confirmation | null,
): z.infer<typeof confirmationSchema> => {
  if (confirmation === null) return null
  const changes = [...confirmation.changes]
  if (confirmation.state === 'reverted') {
    const { state, revision, name, sentence, at } = confirmation
    return { state, revision, name, sentence, changes, at }
  }
  const { state, unconfirmed, name, sentence, leftMs, refused } = confirmation
  const { revision, authorId, authorName: by, confirmBy } = unconfirmed
  const mine = maySettle(c, practice, authorId)
  return { state, revision, name, by, sentence, changes, confirmBy, leftMs, mine, refused }
}

/** What waits or was just taken back in a practice, as the account sees it from its address. */
export async function readConfirmationAnswer(c: Context<AdminEnv>, plane: ApiPlane, practice: string) {
  const deed = deedOf(c, plane, undefined)
  const found = await plane.store.read((rows) => readConfirmation(rows, practice, deed))
  return shown(c, practice, found)
}

const savedOf = (settled: Settled): { readonly revision: number; readonly sequence: number } => {
  switch (settled.outcome) {
    case 'settled':
      return { revision: settled.revision, sequence: settled.announced }
    case 'unknown-practice':
      throw refusal('not-found', 'There is no such practice.')
    case 'nothing-waits':
      throw refusal('already-decided', 'Nothing waits to be confirmed any more. Load the page again.', {
        current: settled.revision,
      })
    case 'overdue':
      throw refusal('already-decided', 'It is too late: the change is being taken back. Turn it on again.')
    case 'refused':
      throw refusal(
        'confirm-elsewhere',
        `The new policy would refuse you here: ${settled.sentence}. Confirm from where it lets you in.`,
      )
  }
}

/** One of two ways to settle, checked, done and answered. */
async function settle(
  c: Context<AdminEnv>,
  plane: ApiPlane,
  wish: { readonly practice: string; readonly ifMatch: string; readonly reason: string | undefined },
  way: typeof confirmPolicy,
) {
  const { practice } = wish
  const revision = revisionIn(wish.ifMatch)
  const waiting = await plane.store.read((rows) => readDeadline(rows, practice, revision))
  const { account } = c.get('admin')
  if (waiting?.authorId !== account.id && !holds(account, practice, securityEdit))
    throw refusal('not-permitted', 'Only whoever saved it, or a security admin, can settle it.')
  const settled = savedOf(await way(plane.store, { practice, revision, deed: deedOf(c, plane, wish.reason) }))
  c.header('etag', etagOf(settled.revision))
  return settled
}

function answerAgain(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(confirmationRoutes.again, async (c) => {
    const { practice } = c.req.valid('param')
    const found = await plane.store.read((rows) =>
      readConfirmation(rows, practice, deedOf(c, plane, undefined)),
    )
    if (found?.state !== 'reverted')
      throw refusal('already-decided', 'There is nothing to turn on again. Load the page again.')
    const { again, event } = found
    const { revision, sequence } = await saveWish(c, plane, {
      practice,
      ifMatch: c.req.valid('header')['if-match'],
      action: event?.action ?? 'policy.edited',
      ...(event?.target == null ? {} : { target: event.target }),
      ...c.req.valid('json'),
      change: () => again.document,
    })
    return c.json({ revision, sequence }, 200)
  })
}

/** Adds the answers. */
export function answerConfirmation(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(confirmationRoutes.confirm, async (c) => {
    const wish = { ifMatch: c.req.valid('header')['if-match'], reason: c.req.valid('json').reason }
    const { practice } = c.req.valid('param')
    return c.json(await settle(c, plane, { practice, ...wish }, confirmPolicy), 200)
  })
  app.openapi(confirmationRoutes.revert, async (c) => {
    const wish = { ifMatch: c.req.valid('header')['if-match'], reason: c.req.valid('json').reason }
    const { practice } = c.req.valid('param')
    return c.json(await settle(c, plane, { practice, ...wish }, revertPolicy), 200)
  })
  answerAgain(app, plane)
}
