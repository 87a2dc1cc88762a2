/**
 * Answers of the General Settings tab: every control with mode and scope, who is in it, who would be refused
 * now.
 *
 * Checks of a save (empty allowlist, lockout) are the edit's. Invariant: "would be refused" is asked of the
 * gates with the live sessions' own addresses, by name.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { Member } from '../../policies/access-request.ts'
import { parseAddress } from '../../policies/address.ts'
import type { Instant } from '../../policies/instant.ts'
import type { ScopedControl } from '../../policies/snapshot.ts'
import { isOpenAt } from '../../policies/week.ts'
import { publishAnswer } from '../live.ts'
import { type ActiveUser, listActiveUsers } from '../store/active-users.ts'
import { lastAnnounced, listLiveGateways, readPublishState } from '../store/publish-state.ts'
import type { AdminEnv } from './admin-env.ts'
import type { ApiPlane } from './api-plane.ts'
import { readConfirmationAnswer } from './confirmation.ts'
import { generalRoutes } from './contract/general.ts'
import type { PublishStateAnswer } from './contract/wire.ts'
import { saveWish } from './edits.ts'
import { etagOf } from './paging.ts'
import type { People } from './people-views.ts'
import { askAddress, createConcern, type PolicyView, withoutFactor } from './policy-views.ts'
import { readScheduledAnswer } from './schedule.ts'

const peopleMax = 100
const refusedMax = 100

/** `members`: in order of their names. */
const inScopeOf = (view: PolicyView, members: readonly Member[], control: ScopedControl) => {
  const isInScope = createConcern(view.snapshot, control)
  const people = members.filter((member) => !member.suspended && isInScope(member))
  return {
    count: people.length,
    people: people.slice(0, peopleMax).map(({ user, name }) => ({ user, name })),
  }
}

/** Those with a live session who are in scope of `time` and outside their hours now. */
function wouldRefuseNow(view: PolicyView, byId: People['byId'], active: readonly ActiveUser[], at: Instant) {
  const isInScope = createConcern(view.snapshot, 'time')
  return active
    .filter(({ user }) => {
      const member = byId.get(user)
      if (member === undefined) return false
      return isInScope(member) && !isOpenAt(view.snapshot, member, at)
    })
    .map(({ user, name }) => ({ user, name }))
    .slice(0, refusedMax)
}

function wouldRefuse(view: PolicyView, byId: People['byId'], active: readonly ActiveUser[], at: Instant) {
  const refused = active.flatMap(({ user, name, sessions }) => {
    const member = byId.get(user)
    if (member === undefined) return []
    return [...new Set(sessions.map(({ address }) => address))].flatMap((text) => {
      const address = parseAddress(text)
      if (address === null || askAddress(view.snapshot, member, address, at).passes) return []
      return [{ user, name, address: address.text }]
    })
  })
  return refused.slice(0, refusedMax)
}

/** Who would be asked and has nothing to show. The gates say who is in scope. */
const notSetUpOf = (view: PolicyView, members: readonly Member[]) =>
  withoutFactor(view.snapshot, members)
    .slice(0, peopleMax)
    .map(({ user, name, enrolBy }) => ({ user, name, until: enrolBy }))

/** Whom scopes and exemptions name. */
function namedIn({ document }: PolicyView, members: readonly Member[]) {
  const { ip, time, twoFactor } = document.controls
  const named = new Set(
    [ip, time, twoFactor].flatMap(({ scope: { include, exempt } }) => [
      ...(include === 'everyone' ? [] : include.users),
      ...exempt.users,
    ]),
  )
  return members.filter(({ user }) => named.has(user)).map(({ user, name }) => ({ user, name }))
}

/** How far the newest change has come; long-settled ones are everywhere by the gateways' own word. */
export async function readPublishAnswer(plane: ApiPlane, practice: string): Promise<PublishStateAnswer> {
  const at = plane.now()
  return plane.store.read(async (rows) => {
    const announced = await lastAnnounced(rows, practice)
    const state = announced === null ? null : await readPublishState(rows, announced, at)
    if (state !== null) return publishAnswer(state)
    const gateways = (await listLiveGateways(rows, at)).length
    return {
      sequence: announced ?? 0,
      state: gateways > 0 ? ('everywhere' as const) : ('published' as const),
      active: gateways,
      gateways,
      savedAt: null,
      everywhereAfterMs: null,
    }
  })
}

async function readGeneral(c: Context<AdminEnv>, plane: ApiPlane, practice: string) {
  const view = await plane.views.read(practice)
  const at = plane.now()
  const [{ members, byId }, active, publish, confirmation, scheduled] = await Promise.all([
    plane.views.people(practice),
    plane.store.read((rows) => listActiveUsers(rows, practice, at, view)),
    readPublishAnswer(plane, practice),
    readConfirmationAnswer(c, plane, practice),
    readScheduledAnswer(plane, practice, 'waiting'),
  ])
  const { practice: head, controls, ipEntries, timeWindows, sessions, emergency, requests } = view.document
  return {
    practice: head,
    revision: view.revision,
    publish,
    confirmation,
    named: namedIn(view, members),
    controls: {
      ip: {
        ...controls.ip,
        inScope: inScopeOf(view, members, 'ip'),
        entries: ipEntries.length,
        wouldRefuse: wouldRefuse(view, byId, active, at),
      },
      time: {
        mode: controls.time.mode,
        scope: controls.time.scope,
        inScope: inScopeOf(view, members, 'time'),
        windows: timeWindows.length,
        wouldRefuse: wouldRefuseNow(view, byId, active, at),
      },
      twoFactor: {
        mode: controls.twoFactor.mode,
        scope: controls.twoFactor.scope,
        graceMs: controls.twoFactor.graceMs,
        maxAgeMs: controls.twoFactor.maxAgeMs,
        notFromListedNetworks: controls.twoFactor.notFromListedNetworks,
        trust: controls.twoFactor.trust,
        sms: controls.twoFactor.sms ?? false,
        inScope: inScopeOf(view, members, 'two-factor'),
        notSetUp: notSetUpOf(view, members),
      },
      permission: controls.permission,
    },
    ...{ sessions, emergency, requests, scheduled, signIn: view.document.signIn },
  }
}

/** Rules that are no control of their own. */
function answerRules(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(generalRoutes.saveSessions, async (c) => {
    const { confirmPracticeName, reason, ...sessions } = c.req.valid('json')
    const { revision, sequence } = await saveWish(c, plane, {
      practice: c.req.valid('param').practice,
      ifMatch: c.req.valid('header')['if-match'],
      action: 'control.sessions.changed',
      confirmPracticeName,
      reason,
      change: (document) => ({ ...document, sessions }),
    })
    return c.json({ revision, sequence }, 200)
  })
  app.openapi(generalRoutes.saveEmergency, async (c) => {
    const { confirmPracticeName, reason, ...emergency } = c.req.valid('json')
    const { revision, sequence } = await saveWish(c, plane, {
      practice: c.req.valid('param').practice,
      ifMatch: c.req.valid('header')['if-match'],
      action: 'control.emergency.changed',
      confirmPracticeName,
      reason,
      change: (document) => ({ ...document, emergency }),
    })
    return c.json({ revision, sequence }, 200)
  })
}

function answerTime(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(generalRoutes.saveTime, async (c) => {
    const { confirmPracticeName, reason, ...time } = c.req.valid('json')
    const { revision, sequence } = await saveWish(c, plane, {
      practice: c.req.valid('param').practice,
      ifMatch: c.req.valid('header')['if-match'],
      action: 'control.time.changed',
      confirmPracticeName,
      reason,
      change: (document) => {
        const { controls } = document
        return { ...document, controls: { ...controls, time: { ...controls.time, ...time } } }
      },
    })
    return c.json({ revision, sequence }, 200)
  })
}

function answerSignIn(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(generalRoutes.saveSignIn, async (c) => {
    const { confirmPracticeName, reason, signIn } = c.req.valid('json')
    const { revision, sequence } = await saveWish(c, plane, {
      practice: c.req.valid('param').practice,
      ifMatch: c.req.valid('header')['if-match'],
      action: 'control.sign-in.changed',
      confirmPracticeName,
      reason,
      change: (document) => ({ ...document, signIn }),
    })
    return c.json({ revision, sequence }, 200)
  })
}

function answerTwoFactorControl(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(generalRoutes.saveTwoFactor, async (c) => {
    const { confirmPracticeName, reason, ...wish } = c.req.valid('json')
    const { revision, sequence } = await saveWish(c, plane, {
      practice: c.req.valid('param').practice,
      ifMatch: c.req.valid('header')['if-match'],
      action: 'control.two-factor.changed',
      confirmPracticeName,
      reason,
      change: (document) => {
        const { controls } = document
        const now = controls.twoFactor
        const twoFactor = {
          ...now,
          mode: wish.mode,
          scope: wish.scope,
          graceMs: wish.graceMs ?? now.graceMs,
          // `null` is a value here: for the whole session.
          maxAgeMs: wish.maxAgeMs === undefined ? now.maxAgeMs : wish.maxAgeMs,
          notFromListedNetworks: wish.notFromListedNetworks ?? now.notFromListedNetworks,
          trust: wish.trust ?? now.trust,
          ...(wish.sms === undefined ? {} : { sms: wish.sms }),
        }
        return { ...document, controls: { ...controls, twoFactor } }
      },
    })
    return c.json({ revision, sequence }, 200)
  })
}

/** Adds the answers. */
export function answerGeneral(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(generalRoutes.read, async (c) => {
    const general = await readGeneral(c, plane, c.req.valid('param').practice)
    c.header('etag', etagOf(general.revision))
    return c.json(general, 200)
  })
  app.openapi(generalRoutes.saveIp, async (c) => {
    const { confirmPracticeName, reason, ...ip } = c.req.valid('json')
    const { revision, sequence } = await saveWish(c, plane, {
      practice: c.req.valid('param').practice,
      ifMatch: c.req.valid('header')['if-match'],
      action: 'control.ip.changed',
      confirmPracticeName,
      reason,
      change: (document) => ({ ...document, controls: { ...document.controls, ip } }),
    })
    return c.json({ revision, sequence }, 200)
  })
  app.openapi(generalRoutes.savePermission, async (c) => {
    const { confirmPracticeName, reason, ...permission } = c.req.valid('json')
    const { revision, sequence } = await saveWish(c, plane, {
      practice: c.req.valid('param').practice,
      ifMatch: c.req.valid('header')['if-match'],
      action: 'control.permission.changed',
      confirmPracticeName,
      reason,
      change: (document) => ({ ...document, controls: { ...document.controls, permission } }),
    })
    return c.json({ revision, sequence }, 200)
  })
  answerSignIn(app, plane)
  answerTime(app, plane)
  answerRules(app, plane)
  answerTwoFactorControl(app, plane)
}
