/**
 * Answers of a practice's people as a file: export, the plan of an import, and the import.
 *
 * The plan and the save are `directory-import.ts`. Invariant: what is answered names nobody but members of this practice.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import { eventOf } from '../deed.ts'
import { importPeople, type PeopleImport, planPeople, writePeople } from '../directory/directory-import.ts'
import type { Administrator } from '../sign-in/admin-sessions.ts'
import { appendEvent } from '../store/events.ts'
import { listMembers } from '../store/members.ts'
import { lastAnnounced } from '../store/publish-state.ts'
import { holds } from './access.ts'
import type { AdminEnv } from './admin-env.ts'
import { type ApiPlane, deedOf } from './api-plane.ts'
import { peopleImportRoutes } from './contract/people-import.ts'
import { lockoutRefusal } from './edits.ts'
import { lineProblems } from './ip-import.ts'
import { assertMayGiveRoles } from './own-keys.ts'
import { etagOf, revisionIn } from './paging.ts'
import { invalid, refusal } from './refusals.ts'

const shownMax = 200

const countsOf = (plan: PeopleImport) => ({
  adds: plan.adds.length,
  changes: plan.changes.length,
  leavers: plan.leavers.length,
  unchanged: plan.unchanged,
  problems: plan.problems.length,
})

async function membersOf(plane: ApiPlane, practice: string) {
  const listed = await plane.store.read((rows) => listMembers(rows, practice))
  if (listed === null) throw refusal('not-found', 'There is no such practice.')
  return listed
}

async function preview(plane: ApiPlane, practice: string, csv: string) {
  const { document } = await plane.views.read(practice)
  const { version, members } = await membersOf(plane, practice)
  const plan = planPeople(csv, { document, members, upstreams: plane.upstreams })
  const lines = (some: PeopleImport['adds']) =>
    some.slice(0, shownMax).map(({ line, login, name, roles, changes }) => ({
      ...{ line, login, name, roles: [...roles], changes: [...changes] },
    }))
  return {
    version,
    counts: countsOf(plan),
    problems: plan.problems.slice(0, shownMax),
    adds: lines(plan.adds),
    changes: lines(plan.changes),
    leavers: plan.leavers.slice(0, shownMax),
  }
}

/** Nobody gives by a file what they could not give by hand. What `If-Match` names is what the plan was made from. */
async function assertMayImport(plane: ApiPlane, account: Administrator, practice: string, csv: string) {
  const { document } = await plane.views.read(practice)
  const { members } = await membersOf(plane, practice)
  const { adds, changes } = planPeople(csv, { document, members, upstreams: plane.upstreams })
  const had = new Map(members.map(({ user, roles }) => [user, roles]))
  for (const { user, roles } of [...adds, ...changes])
    assertMayGiveRoles(account, document, (user === null ? undefined : had.get(user)) ?? [], roles)
}

/** Adds the answers. */
export function answerPeopleImport(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(peopleImportRoutes.download, async (c) => {
    const { practice } = c.req.valid('param')
    const { version, members } = await membersOf(plane, practice)
    const { document } = await plane.views.read(practice)
    await plane.store.transaction((tx) =>
      appendEvent(tx, {
        ...eventOf(deedOf(c, plane, undefined)),
        practice,
        action: 'users.exported',
        target: { kind: 'practice', id: practice, name: document.practice.name },
        before: null,
        after: { members: members.length },
      }),
    )
    return c.body(writePeople(members), 200, {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="${practice}-people.csv"`,
      etag: etagOf(version),
    })
  })
  app.openapi(peopleImportRoutes.preview, async (c) =>
    c.json(await preview(plane, c.req.valid('param').practice, c.req.valid('json').csv), 200),
  )
  app.openapi(peopleImportRoutes.upload, async (c) => {
    const { practice } = c.req.valid('param')
    const { csv, leavers, confirmPracticeName: typedName = null, reason } = c.req.valid('json')
    const { account } = c.get('admin')
    await assertMayImport(plane, account, practice, csv)
    const done = await importPeople(plane.store, {
      ...{ practice, csv, leavers, typedName, upstreams: plane.upstreams },
      ifVersion: revisionIn(c.req.valid('header')['if-match']),
      reach: (one) => holds(account, one, 'gw.users.edit'),
      deed: { ...deedOf(c, plane, reason), origin: 'import' },
    })
    switch (done.outcome) {
      case 'saved':
        return c.json({ version: done.version, sequence: done.announced, counts: countsOf(done.plan) }, 200)
      case 'unchanged': {
        const last = await plane.store.read((rows) => lastAnnounced(rows, practice))
        return c.json({ version: done.version, sequence: last ?? 0, counts: countsOf(done.plan) }, 200)
      }
      case 'unknown-practice':
        throw refusal('not-found', 'There is no such practice.')
      case 'conflict':
        throw refusal('revision-conflict', 'Members were changed in between. Look at the file again.', {
          current: done.version,
        })
      case 'problems':
        throw invalid(lineProblems(done.problems))
      case 'lockout-risk':
        throw lockoutRefusal(done.lockedOut)
      case 'last-security-admin':
        throw refusal('last-security-admin', 'Nobody would be left who may change security settings.')
    }
  })
}
