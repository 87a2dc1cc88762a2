/**
 * Saved policies in compiled form, each compiled once: by whoever saved it, shows it or publishes it first.
 *
 * It saves and signs nothing. Invariant: what is answered was compiled from the document that lies in the database under
 * that revision (a revision is never changed; the time it was saved at is compared too, since a restored database counts
 * the same numbers again). Keeping a draft before its commit was refused: one taken back would stand in for its successor.
 */
import { type CompiledPolicy, compile } from '../policies/compile.ts'
import type { DurationMs, Instant } from '../policies/instant.ts'
import type { Checked } from '../policies/problem.ts'
import { createKept } from './kept.ts'
import type { Rows, Store } from './store/database.ts'
import { findPolicyHead, type PolicyHead, readStoredPolicy } from './store/practices.ts'

/** A saved policy, compiled, with the row it was read from. */
export type CompiledRevision = PolicyHead & { readonly compiled: CompiledPolicy }

/** Reads saved policies and keeps what it compiled: 1,000 practices and 300,000 entries at most. */
export type CompiledPolicies = {
  /** The newest revision, or that one, compiled at most an hour before `at`; `null`: there is none such. */
  readonly read: (
    rows: Rows,
    practice: string,
    at: Instant,
    revision?: number,
  ) => Promise<Checked<CompiledRevision> | null>
  /** What was compiled for a save that is committed now. */
  readonly keep: (
    saved: Pick<PolicyHead, 'practice' | 'revision' | 'savedAt'>,
    compiled: CompiledPolicy,
  ) => void
}

type Held = {
  readonly revision: number
  readonly savedAt: Instant
  readonly compiled: CompiledPolicy
}

/** Timetables reach years ahead; what is published anew each day must reach a day further than before. */
const freshMs: DurationMs = 3_600_000

const isFresh = ({ compiled }: Held, at: Instant): boolean => {
  const age = at - compiled.compiledAt
  return age >= 0 && age < freshMs
}

function createCompiledPolicies(): CompiledPolicies {
  const kept = createKept<Held>({
    ...{ countMax: 1_000, weightMax: 300_000 },
    weightOf: ({ compiled }) => compiled.document.ipEntries.length,
  })
  return {
    async read(rows, practice, at, revision) {
      const head = await findPolicyHead(rows, practice, revision)
      if (head === null) return null
      const known = kept.find(practice)
      if (known?.revision === head.revision && known.savedAt === head.savedAt && isFresh(known, at))
        return { ok: true, value: { ...head, compiled: known.compiled } }
      // Not parsed on reading: a document that this build refuses must hold up nobody else's.
      const saved = await readStoredPolicy(rows, practice, head.revision)
      if (saved === null) return null
      const compiled = compile(saved.document, at, process.versions.tz)
      if (!compiled.ok) return compiled
      if (known === null || known.revision <= head.revision)
        kept.keep(practice, { ...head, compiled: compiled.value })
      return { ok: true, value: { ...head, compiled: compiled.value } }
    },
    keep({ practice, revision, savedAt }, compiled) {
      kept.keep(practice, { revision, savedAt, compiled })
    },
  }
}

const ofStores = new WeakMap<Store, CompiledPolicies>()

/** Those of a database: all that work on one store share them. */
export function compiledPoliciesOf(store: Store): CompiledPolicies {
  const known = ofStores.get(store) ?? createCompiledPolicies()
  ofStores.set(store, known)
  return known
}
