/**
 * Answers of the allowlist as a file: export, the plan of an import, and the import.
 *
 * The plan is `ip-list/entry-import.ts`, the save `policy-edit.ts`: guard, confirmation and event as of any edit.
 * Invariant: the plan is made again from the very policy that is saved over, never from the one that was looked at.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { compile } from '../../policies/compile.ts'
import { newToken } from '../../runtime/token.ts'
import type { LineProblem } from '../csv.ts'
import type { Deed } from '../deed.ts'
import { eventOf } from '../deed.ts'
import { writeEntries } from '../ip-list/entry-csv.ts'
import { type EntryImport, type ImportDeed, planImport } from '../ip-list/entry-import.ts'
import { forecastPolicy } from '../policy-forecast.ts'
import { appendEvent } from '../store/events.ts'
import type { AdminEnv } from './admin-env.ts'
import { type ApiPlane, deedOf } from './api-plane.ts'
import { ipImportRoutes } from './contract/ip-import.ts'
import { saveWish } from './edits.ts'
import { etagOf } from './paging.ts'
import { invalid } from './refusals.ts'

const shownMax = 200

/** Problems of lines as an API tells of problems; the first two hundred. */
export const lineProblems = (problems: readonly LineProblem[]) =>
  problems.slice(0, shownMax).map(({ line, column, sentence }) => ({
    path: column === null ? `csv[${line}]` : `csv[${line}].${column}`,
    sentence: `Line ${line}${column === null ? '' : `, ${column}`}: ${sentence}`,
  }))

const countsOf = (plan: EntryImport) => ({
  adds: plan.adds.length,
  changes: plan.changes.length,
  duplicates: plan.duplicates.length,
  overlaps: plan.overlaps.length,
  unchanged: plan.unchanged,
  problems: plan.problems.length,
})

/** Ids of one request: the same for a line however often the plan is made. */
function importDeed({ at, actor }: Deed): ImportDeed {
  const stem = newToken().slice(0, 12)
  return { at, by: actor.name, newId: (line) => `ipe_${stem}${line}` }
}

const membersOf = async (plane: ApiPlane, practice: string) => (await plane.views.people(practice)).members

/** What saving the planned document would do to people. */
async function consequences(plane: ApiPlane, plan: EntryImport, deed: Deed) {
  const compiled = compile(plan.document, deed.at)
  if (!compiled.ok) throw invalid(compiled.problems.slice(0, shownMax))
  const draft = { document: compiled.value.document, deed, routes: new Map() }
  const forecast = await plane.store.snapshot((rows) => forecastPolicy(rows, draft))
  return {
    lockedOut: (forecast?.lockedOut ?? []).map(({ name, address, sentence }) => ({
      name,
      address,
      sentence,
    })),
    toBeConfirmed: forecast?.toBeConfirmed ?? false,
    wouldRefuse: (forecast?.live?.refused ?? []).slice(0, shownMax).map(({ name, networks }) => ({
      name,
      networks: networks.map(({ range }) => range),
    })),
  }
}

async function preview(
  c: Context<AdminEnv>,
  plane: ApiPlane,
  practice: string,
  csv: string,
  confirmWide: boolean,
) {
  const { document, revision } = await plane.views.read(practice)
  const deed = deedOf(c, plane, undefined)
  const reading = { document, members: await membersOf(plane, practice), confirmWide }
  const plan = planImport(csv, reading, importDeed(deed))
  const first = <T>(items: readonly T[]): T[] => items.slice(0, shownMax)
  const lines = (some: EntryImport['adds']) => first(some).map((one) => ({ ...one, notes: [...one.notes] }))
  return {
    revision,
    counts: countsOf(plan),
    problems: first(plan.problems),
    adds: lines(plan.adds),
    changes: lines(plan.changes),
    duplicates: first(plan.duplicates),
    overlaps: first(plan.overlaps),
    ...(await consequences(plane, plan, deed)),
  }
}

/** Adds the answers. */
export function answerIpImport(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(ipImportRoutes.download, async (c) => {
    const { practice } = c.req.valid('param')
    const { document, revision } = await plane.views.read(practice)
    await plane.store.transaction((tx) =>
      appendEvent(tx, {
        ...eventOf(deedOf(c, plane, undefined)),
        practice,
        action: 'ip-entries.exported',
        target: { kind: 'practice', id: practice, name: document.practice.name },
        before: null,
        after: { entries: document.ipEntries.length },
        policyVersion: revision,
      }),
    )
    return c.body(writeEntries(document.ipEntries), 200, {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="${practice}-ip-allowlist.csv"`,
      etag: etagOf(revision),
    })
  })
  app.openapi(ipImportRoutes.preview, async (c) => {
    const { csv, confirmWide } = c.req.valid('json')
    return c.json(await preview(c, plane, c.req.valid('param').practice, csv, confirmWide), 200)
  })
  app.openapi(ipImportRoutes.upload, async (c) => {
    const { practice } = c.req.valid('param')
    const { csv, confirmWide, confirmPracticeName, reason } = c.req.valid('json')
    const members = await membersOf(plane, practice)
    const deed = importDeed(deedOf(c, plane, reason))
    let counts = { adds: 0, changes: 0, duplicates: 0, overlaps: 0, unchanged: 0, problems: 0 }
    const { revision, sequence } = await saveWish(c, plane, {
      practice,
      ifMatch: c.req.valid('header')['if-match'],
      action: 'ip-entries.imported',
      origin: 'import',
      confirmPracticeName,
      reason,
      change: (document) => {
        const plan = planImport(csv, { document, members, confirmWide }, deed)
        counts = countsOf(plan)
        return plan.problems.length > 0 ? { problems: lineProblems(plan.problems) } : plan.document
      },
    })
    return c.json({ revision, sequence, counts }, 200)
  })
}
