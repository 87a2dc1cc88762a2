/**
 * Answers about the second factors of one's own account: the authenticator app, passkeys and recovery codes.
 *
 * The rules are `sign-in/own-factors.ts` and `own-passkeys.ts`. Invariant: whatever sets one up, renames or removes one has
 * shown a present one in the last minutes (the access table asks), a code or a passkey is counted before it is looked at,
 * and each change is an event and ends the account's other sessions.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import { noteFactor, noteNewCodes, noteRenamed } from '../sign-in/own-accounts.ts'
import {
  beginOwnTotp,
  confirmOwnTotp,
  issueFirstOwnCodes,
  readOwnFactor,
  removeOwnApp,
  removeOwnFactor,
  renewOwnCodes,
  settleOwnCodes,
} from '../sign-in/own-factors.ts'
import {
  beginOwnPasskey,
  keepOwnPasskey,
  removeOwnPasskey,
  renameOwnPasskey,
} from '../sign-in/own-passkeys.ts'
import type { Try } from '../sign-in/try-limits.ts'
import type { RelyingParty } from '../webauthn.ts'
import type { AdminEnv } from './admin-env.ts'
import { type ApiPlane, deedOf } from './api-plane.ts'
import { ownAccountsRoutes } from './contract/own-accounts.ts'
import { invalid, refusal } from './refusals.ts'

const done = { done: true as const }

/** A counted try that may go on; else refuses until it may. */
export const assertAllowed = (counted: Try): Extract<Try, { readonly allowed: true }> => {
  if (counted.allowed) return counted
  throw refusal('too-many', 'Too many tries. Wait and try again.', { retryAfterMs: counted.retryAfterMs })
}

const wrongCode = (): Error =>
  invalid([{ path: 'code', sentence: 'That code is not right. Look at your app again.' }])

function answerApp(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  const { store, keyring } = plane
  app.openapi(ownAccountsRoutes.beginTotp, async (c) =>
    c.json(await beginOwnTotp({ store, keyring }, c.get('admin').account, plane.now()), 200),
  )
  app.openapi(ownAccountsRoutes.confirmTotp, async (c) => {
    const { account, session } = c.get('admin')
    const counted = assertAllowed(await plane.limits.beginCode(account.id))
    const deed = deedOf(c, plane, undefined)
    const { code } = c.req.valid('json')
    const codes = await store.transaction(async (tx) => {
      const made = await confirmOwnTotp(tx, keyring, account.id, code, deed.at)
      if (made !== null) await noteFactor(tx, { account, session, did: 'enrolled', method: 'totp', deed })
      return made
    })
    if (codes === null) throw wrongCode()
    await counted.succeeded()
    return c.json({ recoveryCodes: [...codes] }, 200)
  })
  app.openapi(ownAccountsRoutes.removeTotp, async (c) => {
    const { account, session } = c.get('admin')
    const deed = deedOf(c, plane, undefined)
    const removed = await store.transaction(async (tx) => {
      if (!(await removeOwnApp(tx, account.id))) return false
      const left = await settleOwnCodes(tx, account.id)
      await noteFactor(tx, { account, session, did: 'removed', method: 'totp', left, deed })
      return true
    })
    if (!removed) throw refusal('not-found', 'No authenticator app is set up.')
    return c.json(done, 200)
  })
}

const partyOf = ({ party }: ApiPlane): RelyingParty => {
  if (party !== null) return party
  throw invalid([
    {
      path: '',
      sentence: 'Browsers make passkeys only over https, at a host that has a name. Use an app here.',
    },
  ])
}

function answerPasskeys(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  const { store, keyring } = plane
  app.openapi(ownAccountsRoutes.beginPasskey, async (c) => {
    const { account, session } = c.get('admin')
    const { id, login, name } = account
    const holder = { account: id, browser: session, login, name }
    const options = await beginOwnPasskey(store, partyOf(plane), holder, plane.now())
    if (options === null)
      throw invalid([{ path: '', sentence: 'You have ten passkeys already. Remove one first.' }])
    return c.json({ publicKey: JSON.parse(options) as Record<string, unknown> }, 200)
  })
  app.openapi(ownAccountsRoutes.confirmPasskey, async (c) => {
    const { account, session } = c.get('admin')
    const party = partyOf(plane)
    const counted = assertAllowed(await plane.limits.beginCode(account.id))
    const deed = deedOf(c, plane, undefined)
    const { name, credential } = c.req.valid('json')
    const wish = { account: account.id, browser: session, name, answer: JSON.stringify(credential) }
    const made = await store.transaction(async (tx) => {
      const passkey = await keepOwnPasskey(tx, party, wish, deed.at)
      if (passkey === null) return null
      const recoveryCodes = await issueFirstOwnCodes(tx, keyring, account.id)
      const told = { method: 'passkey' as const, name: passkey.name }
      await noteFactor(tx, { account, session, did: 'enrolled', ...told, deed })
      return { passkey, recoveryCodes: [...recoveryCodes] }
    })
    if (made === null)
      throw invalid([
        {
          path: 'credential',
          sentence: 'That passkey does not count here. Begin again and let your device make one.',
        },
      ])
    await counted.succeeded()
    return c.json(made, 200)
  })
  app.openapi(ownAccountsRoutes.renamePasskey, async (c) => {
    const { account } = c.get('admin')
    const { id } = c.req.valid('param')
    const deed = deedOf(c, plane, undefined)
    const { name } = c.req.valid('json')
    const names = await store.transaction(async (tx) => {
      const renamed = await renameOwnPasskey(tx, { account: account.id, id, name })
      if (renamed !== null) await noteRenamed(tx, account, renamed, deed)
      return renamed
    })
    if (names === null) throw refusal('not-found', 'You have no such passkey.')
    return c.json(done, 200)
  })
  app.openapi(ownAccountsRoutes.removePasskey, async (c) => {
    const { account, session } = c.get('admin')
    const { id } = c.req.valid('param')
    const deed = deedOf(c, plane, undefined)
    const removed = await store.transaction(async (tx) => {
      const name = await removeOwnPasskey(tx, account.id, id)
      if (name === null) return false
      const left = await settleOwnCodes(tx, account.id)
      await noteFactor(tx, { account, session, did: 'removed', method: 'passkey', name, left, deed })
      return true
    })
    if (!removed) throw refusal('not-found', 'You have no such passkey.')
    return c.json(done, 200)
  })
}

/** Whoever has only a recovery code left would live on it for ever: an app or a passkey makes new ones. */
const notByCode = (): Error =>
  invalid([
    {
      path: '',
      sentence:
        'Confirm with your app or a passkey first: a recovery code makes no others. Is the app lost? Set it up anew, and ten new codes come with it.',
    },
  ])

function answerCodes(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  const { store, keyring } = plane
  app.openapi(ownAccountsRoutes.renewCodes, async (c) => {
    const { account, session, factor } = c.get('admin')
    if (factor?.method === 'recovery-code') throw notByCode()
    const deed = deedOf(c, plane, undefined)
    const codes = await store.transaction(async (tx) => {
      const { recoveryCodesLeft: before } = await readOwnFactor(tx, account.id)
      const made = await renewOwnCodes(tx, keyring, account.id)
      if (made !== null) await noteNewCodes(tx, { account, session, before, deed })
      return made
    })
    if (codes === null)
      throw invalid([{ path: '', sentence: 'Set up a second factor first: ten codes come with it.' }])
    return c.json({ recoveryCodes: [...codes] }, 200)
  })
}

/** Adds the answers. */
export function answerOwnFactors(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  const { store } = plane
  app.openapi(ownAccountsRoutes.factor, async (c) => {
    const { id } = c.get('admin').account
    const state = await store.read((rows) => readOwnFactor(rows, id))
    return c.json({ ...state, passkeysWork: plane.party !== null }, 200)
  })
  answerApp(app, plane)
  answerPasskeys(app, plane)
  answerCodes(app, plane)
  app.openapi(ownAccountsRoutes.removeFactor, async (c) => {
    const { account, session } = c.get('admin')
    const deed = deedOf(c, plane, undefined)
    await store.transaction(async (tx) => {
      if (await removeOwnFactor(tx, account.id))
        await noteFactor(tx, { account, session, did: 'removed', method: 'every', left: false, deed })
    })
    return c.json(done, 200)
  })
}
