/**
 * `gatehouse policy apply`: saves a policy file as the API would, then waits until every gateway acts by it.
 *
 * There is no second way to save: `admin/policy-edit.ts` checks, guards, writes the event. Invariant: what it answers
 * was saved is saved, and "active everywhere" is said only when every live gateway has acknowledged it. Applying the
 * same file twice changes nothing. Overwriting a newer revision was refused: somebody's change would be lost unread.
 */
import { differenceOf } from '../admin/policy-diff.ts'
import { type EditOutcome, editPolicy } from '../admin/policy-edit.ts'
import { readDeadline } from '../admin/store/confirmations.ts'
import type { Store } from '../admin/store/database.ts'
import { readPolicy } from '../admin/store/practices.ts'
import type { Instant } from '../policies/instant.ts'
import { isFault } from '../runtime/fault.ts'
import type { CommandLine } from './command-line.ts'
import { exitCodes, stopWith } from './exit-codes.ts'
import { oneLine, type PolicyFile, problemsStop, readPolicyFile } from './policy-file.ts'
import { operatorDeed } from './policy-operator.ts'
import { withDatabase } from './reached-database.ts'
import { readSettings } from './settings.ts'
import { awaitEverywhere, spreadText, type Tell } from './spread.ts'

type Saved = Extract<EditOutcome, { readonly outcome: 'saved' }>
type Refused = Exclude<EditOutcome, { readonly outcome: 'saved' | 'unchanged' }>

const isSame = async (store: Store, { document }: PolicyFile): Promise<number | null> => {
  const current = await store.read((rows) => readPolicy(rows, document.practice.id))
  return current !== null && differenceOf(current.document, document) === null ? current.revision : null
}

/** How to keep what was saved; empty: it holds for good. */
const confirmLines = (confirmBy: Instant | null): readonly string[] =>
  confirmBy === null
    ? []
    : [
        `To be confirmed: it is taken back at ${new Date(confirmBy).toISOString()} unless a security admin confirms it in`,
        'Security Management, from where the new policy lets them in.',
      ]

/** Tries to save. A database that goes away in the middle leaves unknown whether it was: that is said, not hidden. */
const save = async (
  store: Store,
  line: CommandLine,
  file: PolicyFile,
  now: () => Instant,
): Promise<EditOutcome> => {
  const same = await isSame(store, file)
  if (same !== null) return { outcome: 'unchanged', revision: same, document: file.document }
  const seen = line.revision ?? file.revision
  if (seen === null)
    throw stopWith(
      exitCodes.usage,
      'gatehouse policy apply: the file does not say which revision it was made from.',
      'Look at what `gatehouse policy plan` says, then give the revision it names with --revision N.',
    )
  try {
    return await editPolicy(store, {
      practice: file.document.practice.id,
      ifRevision: seen,
      deed: operatorDeed(now(), line.reason),
      change: () => file.document,
      typedName: line.override,
    })
  } catch (error) {
    if (!isFault(error)) throw error
    throw stopWith(
      exitCodes.unavailable,
      `gatehouse: the database went away while saving (${error.message}).`,
      'Whether the policy was saved is not known: `gatehouse policy plan` tells, once the database is back.',
    )
  }
}

const conflictLines = (newest: number, seen: number, name: string): readonly string[] =>
  seen > newest
    ? [
        `gatehouse: not applied: revision ${newest} of ${name} is the newest, and this file was made from revision ${seen}.`,
        'Is this the right database?',
      ]
    : [
        `gatehouse: not applied: revision ${newest} of ${name} has been saved since revision ${seen}, which this file was made from.`,
        `Export it, take its changes over, and apply again; or, having seen them: --revision ${newest}.`,
      ]

const refusalLines = (refused: Refused, line: CommandLine, file: PolicyFile): readonly string[] => {
  const { name, id } = file.document.practice
  switch (refused.outcome) {
    case 'unknown-practice':
      return [`gatehouse: there is no practice "${id}".`]
    case 'conflict':
      return conflictLines(refused.revision, line.revision ?? file.revision ?? 0, name)
    case 'lockout-risk':
      return [
        line.override === null
          ? 'gatehouse: not applied: these could no longer get in:'
          : `gatehouse: not applied, since ${JSON.stringify(line.override)} is not what the practice is called. These could no longer get in:`,
        ...refused.lockedOut.map(({ name: who, sentence }) => `  - ${who}: ${sentence}`),
        "Add their network first, or type the practice's name with --override to go on.",
      ]
    case 'last-security-admin':
      return [
        'gatehouse: not applied: nobody would be left who may change security settings.',
        'Give the permission to somebody else first; this cannot be overridden.',
      ]
    case 'confirmation-pending':
      return [
        `gatehouse: not applied: what ${refused.waiting.authorName} saved waits to be confirmed until ${new Date(refused.waiting.confirmBy).toISOString()}.`,
        'Confirm it or take it back in Security Management first.',
      ]
    // Asked of people in the console; an operator at the machine has proved more than that.
    case 'weakens':
      throw new Error('invariant: an operator may weaken a policy')
    case 'sealed-codes-first':
      throw new Error('invariant: an operator needs no sealed codes')
    case 'problems':
      return refused.problems.map(({ path, sentence }) => `${path}: ${sentence}`)
  }
}

const refuse = (refused: Refused, line: CommandLine, file: PolicyFile): never => {
  if (refused.outcome === 'problems') throw problemsStop(line.file ?? '', refused.problems, line.json)
  if (line.json) process.stdout.write(`${JSON.stringify({ ok: false, ...refused })}\n`)
  const code = refused.outcome === 'unknown-practice' ? exitCodes.failed : exitCodes.refused
  throw stopWith(code, ...refusalLines(refused, line, file).map(oneLine))
}

const follow = async (store: Store, line: CommandLine, saved: Saved, now: () => Instant): Promise<number> => {
  const tell: Tell = (text) => {
    if (!line.json) process.stdout.write(`${oneLine(text)}\n`)
  }
  const { revision, announced: sequence, document, confirmBy } = saved
  tell(`Saved as revision ${revision} of ${document.practice.name} (sequence ${sequence}).`)
  const state = await awaitEverywhere(store, sequence, line.waitMs, now, tell)
  for (const text of [spreadText(state), ...confirmLines(confirmBy)]) tell(text)
  if (line.json) {
    const { practice } = document
    const told = { ok: true, outcome: 'saved', practice: practice.id, revision, sequence, state, confirmBy }
    process.stdout.write(`${JSON.stringify(told)}\n`)
  }
  return state?.state === 'everywhere' && confirmBy === null ? exitCodes.ok : exitCodes.waiting
}

/** The very policy is saved already; whether for good is said all the same. */
const tellUnchanged = async (
  store: Store,
  line: CommandLine,
  { revision, document }: Extract<EditOutcome, { readonly outcome: 'unchanged' }>,
): Promise<number> => {
  const { id, name } = document.practice
  const waiting = await store.read((rows) => readDeadline(rows, id, revision))
  const confirmBy = waiting?.confirmBy ?? null
  const told = { ok: true, outcome: 'unchanged', practice: id, revision, confirmBy }
  const lines = [
    `Nothing to do: revision ${revision} of ${name} is this very policy.`,
    ...confirmLines(confirmBy),
  ]
  process.stdout.write(`${line.json ? JSON.stringify(told) : lines.map(oneLine).join('\n')}\n`)
  return confirmBy === null ? exitCodes.ok : exitCodes.waiting
}

/**
 * Exit 0: active everywhere, or there was nothing to change; 75: saved, and not active everywhere within the
 * wait, or to be confirmed; 77:
 * not saved, since there is a newer revision or somebody would be locked out; 78: the file has Problems; 1: no such
 * practice; 69: no database.
 */
export const applyPolicy = async (line: CommandLine, now: () => Instant): Promise<number> => {
  const config = await readSettings(line)
  const file = readPolicyFile(line.file ?? '', now(), line.json)
  return withDatabase(config, async (store) => {
    const outcome = await save(store, line, file, now)
    if (outcome.outcome === 'saved') return follow(store, line, outcome, now)
    if (outcome.outcome !== 'unchanged') return refuse(outcome, line, file)
    return tellUnchanged(store, line, outcome)
  })
}
