/**
 * Answers about own accounts: one's own password, all accounts, and who is in at the admin origin.
 *
 * The rules are `sign-in/own-accounts.ts`; second factors are answered by `own-factors.ts`. Invariant: a current password is
 * counted before it is looked at; whoever looks after accounts has every practice themselves (the access table asks).
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { unknownPermission } from '../../policies/permissions.ts'
import type { Problem } from '../../policies/problem.ts'
import { eventOf } from '../deed.ts'
import { passwordProblem } from '../own-sign-in/password-rules.ts'
import { verifyPassword } from '../passwords.ts'
import { makeSealedCodes, voidSealedCodes } from '../sealed-codes.ts'
import { linkIdentity, subjectOf, unlinkIdentity } from '../sign-in/linked-identities.ts'
import {
  type AccountOutcome,
  changeAccount,
  changePassword,
  createAccount,
  pathOfLink,
  type Reach,
  removeAccount,
  resetAccount,
} from '../sign-in/own-accounts.ts'
import { findAdmin, listAdmins } from '../store/admin-accounts.ts'
import { endAdminSession, listAdminSessions } from '../store/admin-sessions.ts'
import { isDuplicate } from '../store/database.ts'
import { appendEvent } from '../store/events.ts'
import { listPractices } from '../store/practices.ts'
import type { AdminEnv } from './admin-env.ts'
import { type ApiPlane, deedOf } from './api-plane.ts'
import { ownAccountsRoutes } from './contract/own-accounts.ts'
import { deviceName } from './networks.ts'
import { answerOwnFactors, assertAllowed } from './own-factors.ts'
import { invalid, refusal } from './refusals.ts'

const done = { done: true as const }

function answerPassword(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(ownAccountsRoutes.password, async (c) => {
    const { account, session } = c.get('admin')
    const { current, next } = c.req.valid('json')
    const counted = assertAllowed(
      await plane.limits.begin({ login: account.login, account: account.id, address: c.get('hop').client }),
    )
    const stored = await plane.store.read((rows) => findAdmin(rows, account.id))
    if (!(await verifyPassword(stored?.passwordHash ?? null, current)))
      throw invalid([{ path: 'current', sentence: 'That is not your password now.' }])
    await counted.succeeded()
    const problem = passwordProblem(next, [account.login, account.name])
    if (problem !== null) throw invalid([{ path: 'next', sentence: problem }])
    const deed = deedOf(c, plane, undefined)
    await changePassword(plane.store, { account, session, password: next, deed })
    return c.json(done, 200)
  })
}

function answerSealedCodes(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(ownAccountsRoutes.sealedCodes, async (c) => {
    const deed = deedOf(c, plane, c.req.valid('json').reason)
    const codes = await makeSealedCodes(plane.store, c.get('admin').account, deed)
    return c.json({ codes: [...codes] }, 200)
  })
  app.openapi(ownAccountsRoutes.voidSealedCodes, async (c) => {
    const deed = deedOf(c, plane, c.req.valid('json').reason)
    return c.json({ voided: await voidSealedCodes(plane.store, c.get('admin').account, deed) }, 200)
  })
}

/** Practices that there are, and permissions that there are. */
async function assertReach(plane: ApiPlane, practices: Reach): Promise<void> {
  if (practices === 'every') return
  const known = new Set((await plane.store.read(listPractices)).map(({ id }) => id))
  const problems: Problem[] = []
  for (const [practice, permissions] of Object.entries(practices)) {
    const path = `practices.${practice}`
    if (!known.has(practice)) problems.push({ path, sentence: 'There is no such practice.' })
    for (const permission of permissions) {
      const sentence = unknownPermission(permission)
      if (sentence !== null) problems.push({ path, sentence })
    }
  }
  if (problems.length > 0) throw invalid(problems)
}

const settled = (outcome: AccountOutcome): typeof done => {
  switch (outcome.outcome) {
    case 'done':
      return done
    case 'unknown':
      throw refusal('not-found', 'There is no such account.')
    case 'last-every':
      throw refusal(
        'last-security-admin',
        'Nobody else who has signed in may administer every practice. Make another such account first.',
      )
  }
}

const assertOther = (c: Context<AdminEnv>, id: string): void => {
  if (c.get('admin').account.id === id)
    throw refusal('not-permitted', 'Somebody else has to do this to your account.')
}

function answerAccounts(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(ownAccountsRoutes.list, async (c) => {
    const mine = c.get('admin').account.id
    const accounts = await plane.store.read(listAdmins)
    return c.json({ accounts: accounts.map((one) => ({ ...one, mine: one.id === mine })) }, 200)
  })
  app.openapi(ownAccountsRoutes.create, async (c) => {
    const { reason, ...wish } = c.req.valid('json')
    await assertReach(plane, wish.practices)
    try {
      const { id, link } = await createAccount(plane.store, { ...wish, deed: deedOf(c, plane, reason) })
      return c.json({ id, link: pathOfLink(link) }, 200)
    } catch (error) {
      if (!isDuplicate(error)) throw error
      throw invalid([{ path: 'login', sentence: 'There is an account of this name already.' }])
    }
  })
  app.openapi(ownAccountsRoutes.change, async (c) => {
    const { id } = c.req.valid('param')
    const { reason, ...wish } = c.req.valid('json')
    assertOther(c, id)
    await assertReach(plane, wish.practices)
    const deed = deedOf(c, plane, reason)
    return c.json(settled(await changeAccount(plane.store, { id, ...wish, deed })), 200)
  })
  app.openapi(ownAccountsRoutes.remove, async (c) => {
    const { id } = c.req.valid('param')
    assertOther(c, id)
    return c.json(settled(await removeAccount(plane.store, id, deedOf(c, plane, undefined))), 200)
  })
  app.openapi(ownAccountsRoutes.reset, async (c) => {
    const { id } = c.req.valid('param')
    const { factor, reason } = c.req.valid('json')
    assertOther(c, id)
    const link = await resetAccount(plane.store, { id, factor, deed: deedOf(c, plane, reason) })
    if (link === null) throw refusal('not-found', 'There is no such account.')
    return c.json({ id, link: pathOfLink(link) }, 200)
  })
}

function answerIdentities(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(ownAccountsRoutes.link, async (c) => {
    const { id } = c.req.valid('param')
    const { provider: wished, subject, reason } = c.req.valid('json')
    const provider = plane.providers.get(wished)
    if (provider === undefined) throw invalid([{ path: 'provider', sentence: 'There is no such provider.' }])
    const deed = deedOf(c, plane, reason)
    const link = { id, deed, provider: provider.id, subject: subjectOf(provider, subject) }
    const linked = await linkIdentity(plane.store, link).catch((error: unknown) => {
      if (!isDuplicate(error)) throw error
      throw invalid([{ path: 'subject', sentence: 'Another account is linked with that identity.' }])
    })
    if (!linked) throw refusal('not-found', 'There is no such account.')
    return c.json(done, 200)
  })
  app.openapi(ownAccountsRoutes.unlink, async (c) => {
    const { id } = c.req.valid('param')
    if (!(await unlinkIdentity(plane.store, { id, deed: deedOf(c, plane, undefined) })))
      throw refusal('not-found', 'There is no such account, or it is linked with nobody.')
    return c.json(done, 200)
  })
}

function answerSessions(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(ownAccountsRoutes.sessions, async (c) => {
    const mine = c.get('admin').session
    const found = await plane.store.read((rows) => listAdminSessions(rows, plane.now()))
    const sessions = found.map((one) => ({
      ...one,
      device: deviceName(one.device),
      mine: one.id === mine,
    }))
    return c.json({ sessions }, 200)
  })
  app.openapi(ownAccountsRoutes.endSession, async (c) => {
    const { id } = c.req.valid('param')
    const deed = deedOf(c, plane, c.req.valid('json').reason)
    const ended = await plane.store.transaction(async (tx) => {
      const found = (await listAdminSessions(tx, deed.at)).find((one) => one.id === id)
      if (found === undefined) return false
      await endAdminSession(tx, id, deed.at)
      const { who, address, device } = found
      await appendEvent(tx, {
        ...eventOf(deed),
        ...{ practice: null, action: 'admin.session-ended', before: null, after: { address, device } },
        target: who,
      })
      return true
    })
    if (!ended) throw refusal('not-found', 'There is no such live session.')
    return c.json(done, 200)
  })
}

/** Adds the answers. */
export function answerOwnAccounts(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  answerOwnFactors(app, plane)
  answerPassword(app, plane)
  answerSealedCodes(app, plane)
  answerAccounts(app, plane)
  answerIdentities(app, plane)
  answerSessions(app, plane)
}
