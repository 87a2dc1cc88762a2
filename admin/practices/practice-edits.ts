/**
 * Practices as operators make them: created, and what they have of the controls.
 *
 * Name, zone and contact line are the policy document's and edited as such. Invariant: a practice that does not have a
 * control has it off, from the same transaction on: `policy-edit.ts` asks the same rows. Two-factor and signing in are
 * everybody's. How one leaves is `practice-retiring.ts`; its id is never given to another, whose events it would take over.
 */
import { compile } from '../../policies/compile.ts'
import type { PolicyDocument } from '../../policies/document.ts'
import type { Problem } from '../../policies/problem.ts'
import { newDocument } from '../../policies/standard-roles.ts'
import { insertPractice } from '../bootstrap.ts'
import { type Deed, eventOf } from '../deed.ts'
import { type EditOutcome, editPolicyIn } from '../policy-edit.ts'
import type { Store } from '../store/database.ts'
import { appendEvent } from '../store/events.ts'
import { type PracticeFeature, writeFeature } from '../store/practice-features.ts'
import { findRetired } from '../store/retired-practices.ts'

/** A practice to create. */
export type NewPractice = {
  readonly id: string
  readonly name: string
  readonly zone: string
  readonly contact: string
}

/** Creates a practice with the standard roles and every control off; problems instead where it cannot be. */
export function createPractice(
  store: Store,
  { contact, ...practice }: NewPractice,
  deed: Deed,
): Promise<readonly Problem[]> {
  const first = newDocument(practice, 'standard')
  const document: PolicyDocument = { ...first, requests: { ...first.requests, contact } }
  const compiled = compile(document, deed.at, process.versions.tz)
  if (!compiled.ok) return Promise.resolve(compiled.problems)
  const { id } = practice
  return store.transaction(async (tx) => {
    if (await insertPractice(tx, compiled.value.document, deed)) return []
    const isRetired = (await findRetired(tx, id)) !== null
    const sentence = isRetired
      ? `"${id}" was retired, and no id is used twice: reinstate it, or choose another one.`
      : `There is a practice "${id}" already.`
    return [{ path: 'id', sentence }]
  })
}

const names: Readonly<Record<PracticeFeature, string>> = {
  ip: 'IP allowlist',
  time: 'Time windows',
  permission: 'Permission control',
}

/** Thrown so that a transaction undoes what it did before it was found that it must not. */
const undone = (outcome: EditOutcome) => Object.assign(new Error(outcome.outcome), { undone: outcome })
const isUndone = (error: unknown): error is ReturnType<typeof undone> =>
  error instanceof Error && 'undone' in error

const modeOff = (document: PolicyDocument, feature: PracticeFeature): PolicyDocument => ({
  ...document,
  controls: { ...document.controls, [feature]: { ...document.controls[feature], mode: 'off' } },
})

/** Gives a practice a control, or takes it away and switches it off. What was set up stays and works again later. */
export function switchFeature(
  store: Store,
  wish: {
    readonly practice: string
    readonly feature: PracticeFeature
    readonly on: boolean
    readonly deed: Deed
  },
): Promise<EditOutcome> {
  const { practice, feature, on, deed } = wish
  return store
    .transaction(async (tx) => {
      const outcome = await editPolicyIn(tx, {
        ...{ practice, ifRevision: null, deed, action: 'control.switched-off' },
        change: (document) => (on ? document : modeOff(document, feature)),
      })
      if (outcome.outcome !== 'saved' && outcome.outcome !== 'unchanged') throw undone(outcome)
      const isNews = await writeFeature(tx, practice, feature, on ? null : { at: deed.at, by: deed.actor.id })
      if (!isNews) return outcome
      await appendEvent(tx, {
        ...eventOf(deed),
        practice,
        action: on ? 'feature.given' : 'feature.taken-away',
        target: { kind: 'feature', id: feature, name: names[feature] },
        before: { on: !on },
        after: { on },
        policyVersion: outcome.revision,
      })
      return outcome
    })
    .catch((error: unknown) => {
      if (isUndone(error)) return error.undone
      throw error
    })
}
