/**
 * Answers of "stay late".
 *
 * The rules are `admin/extensions.ts`'s. Invariant: whoever is refused hears why and what else to do.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import {
  type Extension,
  type ExtensionOutcome,
  giveExtension,
  listExtensions,
  withdrawExtension,
} from '../extensions.ts'
import type { AdminEnv } from './admin-env.ts'
import { type ApiPlane, deedOf } from './api-plane.ts'
import { extensionsRoutes } from './contract/extensions.ts'
import { refusal } from './refusals.ts'

const extensionAnswer = ({ id, user, name, startsAt, endsAt, givenBy }: Extension) => ({
  ...{ id, user: { id: user, name }, startsAt, endsAt, givenBy },
})

function doneAnswer(outcome: ExtensionOutcome, unknown: string) {
  switch (outcome.outcome) {
    case 'done':
      return { extension: extensionAnswer(outcome.extension), sequence: outcome.announced }
    case 'unknown':
      throw refusal('not-found', unknown)
    case 'own':
      throw refusal('not-permitted', 'This is for yourself. Somebody else must give it.')
    case 'too-many':
      throw refusal('too-many', 'This person has ten extensions at once. Take one back first.')
  }
}

/** Adds the answers. */
export function answerExtensions(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(extensionsRoutes.list, async (c) => {
    const { practice } = c.req.valid('param')
    const found = await plane.store.read((rows) => listExtensions(rows, practice, plane.now()))
    return c.json({ extensions: found.map(extensionAnswer) }, 200)
  })
  app.openapi(extensionsRoutes.give, async (c) => {
    const { length, reason } = c.req.valid('json')
    const giverLogin = c.get('admin').account.login
    const wish = { ...c.req.valid('param'), length, giverLogin, deed: deedOf(c, plane, reason) }
    return c.json(
      doneAnswer(await giveExtension(plane.store, wish), 'There is no such active member in this practice.'),
      201,
    )
  })
  app.openapi(extensionsRoutes.withdraw, async (c) => {
    const deed = deedOf(c, plane, c.req.valid('json').reason)
    const outcome = await withdrawExtension(plane.store, { ...c.req.valid('param'), deed })
    return c.json(doneAnswer(outcome, 'There is no such extension in force.'), 200)
  })
}
