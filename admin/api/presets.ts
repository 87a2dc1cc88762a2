/**
 * Answers about presets: what each would change here, applying one, taking the last one back.
 *
 * What a preset sets is `policies/presets.ts`. Invariant: taking back restores the settings that the preset changed and
 * nothing else, and refuses where somebody has changed one of them since. What was changed is read from the two
 * revisions around the event; a copy beside it was refused: two truths.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Member } from '../../policies/access-request.ts'
import { compile } from '../../policies/compile.ts'
import type { PolicyDocument } from '../../policies/document.ts'
import { describeChanges, settingChanges, undoChanges } from '../../policies/document-changes.ts'
import type { Instant } from '../../policies/instant.ts'
import { applyPreset, type Preset, presets } from '../../policies/presets.ts'
import { loadSnapshot } from '../../policies/snapshot.ts'
import type { Rows } from '../store/database.ts'
import { listEvents } from '../store/events.ts'
import { readPolicy } from '../store/practices.ts'
import type { AdminEnv } from './admin-env.ts'
import type { ApiPlane } from './api-plane.ts'
import { presetsRoutes } from './contract/presets.ts'
import { saveWish } from './edits.ts'
import { etagOf } from './paging.ts'
import { withoutFactor } from './policy-views.ts'
import { invalid, refusal } from './refusals.ts'

const namedMax = 100

function presetCalled(id: string): Preset {
  const preset = presets.find((one) => one.id === id)
  if (preset === undefined) throw refusal('not-found', 'There is no such preset.')
  return preset
}

/** Who would have to have a second factor under the document and has none; nobody where it does not enforce one. */
function notSetUp(document: PolicyDocument, members: readonly Member[], at: Instant) {
  const { controls } = document
  if (controls.twoFactor.mode !== 'enforce') return []
  // Only scopes matter here: lists of thousands of entries need not be compiled for every preset.
  const ip = { ...controls.ip, mode: 'off' as const }
  const time = { ...controls.time, mode: 'off' as const }
  const scopes = { ...document, controls: { ...controls, ip, time } }
  const compiled = compile({ ...scopes, ipEntries: [], timeWindows: [], exceptions: [] }, at)
  if (!compiled.ok) return []
  return withoutFactor(loadSnapshot(compiled.value, 0, new Map()), members)
    .slice(0, namedMax)
    .map(({ user, name }) => ({ user, name }))
}

type Known = { readonly document: PolicyDocument; readonly members: readonly Member[]; readonly at: Instant }

const shown = ({ document, members, at }: Known, { id, name, description }: Preset) => {
  const made = applyPreset(document, id)
  return {
    ...{ id, name, description },
    problems: made.ok ? [] : [...made.problems],
    changes: made.ok ? [...made.value.sentences] : [],
    notSetUp: made.ok && made.value.sentences.length > 0 ? notSetUp(made.value.document, members, at) : [],
    graceMs: document.controls.twoFactor.graceMs,
  }
}

async function readKnown(plane: ApiPlane, practice: string) {
  const { document, revision } = await plane.views.read(practice)
  const at = plane.now()
  const { members } = await plane.views.people(practice)
  return { revision, document, members, at }
}

/** The preset applied last and the documents around it; `null`: none, or it has been taken back. */
async function readLast(rows: Rows, practice: string) {
  const [event] = await listEvents(rows, { practice, type: 'preset' }, { countMax: 1, before: null })
  if (event?.action !== 'preset.applied' || event.policyVersion === null) return null
  const after = await readPolicy(rows, practice, event.policyVersion)
  const before = await readPolicy(rows, practice, event.policyVersion - 1)
  if (after === null || before === null) return null
  return {
    preset: { id: event.target?.id ?? '', name: event.target?.name ?? '' },
    by: event.actor.name,
    at: event.at,
    changes: settingChanges(before.document, after.document),
  }
}

async function listPresets(plane: ApiPlane, practice: string) {
  const known = await readKnown(plane, practice)
  const { document, revision } = known
  const last = await plane.store.read((rows) => readLast(rows, practice))
  const undone = last === null ? null : undoChanges(document, last.changes)
  return {
    revision,
    presets: presets.map((preset) => shown(known, preset)),
    last:
      last === null
        ? null
        : {
            ...last.preset,
            by: last.by,
            at: last.at,
            undo: undone === null ? [] : [...describeChanges(document, undone)],
          },
  }
}

function answerEdits(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(presetsRoutes.apply, async (c) => {
    const { practice, preset: id } = c.req.valid('param')
    const { confirmPracticeName, reason } = c.req.valid('json')
    const preset = presetCalled(id)
    const { revision, sequence } = await saveWish(c, plane, {
      practice,
      ifMatch: c.req.valid('header')['if-match'],
      action: 'preset.applied',
      target: { kind: 'preset', id: preset.id, name: preset.name },
      confirmPracticeName,
      reason,
      change: (current) => {
        const made = applyPreset(current, preset.id)
        return made.ok ? made.value.document : { problems: made.problems }
      },
    })
    return c.json({ revision, sequence }, 200)
  })
  app.openapi(presetsRoutes.undo, async (c) => {
    const { practice } = c.req.valid('param')
    const { confirmPracticeName, reason } = c.req.valid('json')
    const last = await plane.store.read((rows) => readLast(rows, practice))
    if (last === null) throw invalid([{ path: '', sentence: 'There is no preset to take back.' }])
    const changed = `Settings of “${last.preset.name}” were changed since; set them by hand.`
    const { revision, sequence } = await saveWish(c, plane, {
      practice,
      ifMatch: c.req.valid('header')['if-match'],
      action: 'preset.undone',
      target: { kind: 'preset', ...last.preset },
      confirmPracticeName,
      reason,
      change: (current) =>
        undoChanges(current, last.changes) ?? { problems: [{ path: '', sentence: changed }] },
    })
    return c.json({ revision, sequence }, 200)
  })
}

/** Adds the answers. */
export function answerPresets(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(presetsRoutes.list, async (c) => {
    const list = await listPresets(plane, c.req.valid('param').practice)
    c.header('etag', etagOf(list.revision))
    return c.json(list, 200)
  })
  app.openapi(presetsRoutes.diff, async (c) => {
    const { practice, preset } = c.req.valid('param')
    const known = await readKnown(plane, practice)
    const { revision } = known
    c.header('etag', etagOf(revision))
    return c.json({ revision, ...shown(known, presetCalled(preset)) }, 200)
  })
  answerEdits(app, plane)
}
