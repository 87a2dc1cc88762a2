/**
 * The explanation: asks every gate and tells what each found, what is failing, and what would help.
 *
 * It is not on the request path; the gateway asks it for refusals to record, admins for "why". Invariant L5: it walks
 * the list that `decide` walks, so its first enforced refusal is `decide`'s answer. A second rule book for
 * explanations was refused: it would drift.
 */
import type { AccessRequest } from './access-request.ts'
import { decide, gatesFor, isUnguarded, viewOf } from './decide.ts'
import type { Control, ControlMode, Decision, Reason } from './decision.ts'
import { gateSentence } from './gate-sentences.ts'
import type { GateName } from './gates.ts'
import { type Instant, never } from './instant.ts'
import { type Remedy, remedyFor } from './remedies.ts'
import type { PolicySnapshot } from './snapshot.ts'

/** What one gate found. */
export type GateReport = {
  readonly gate: GateName
  readonly control: Control
  /** As it acts here; a gate of an `off` control is asked all the same, for the admin who wonders. */
  readonly mode: ControlMode
  /** `ok`: it lets pass. */
  readonly reason: Reason
  readonly until: Instant
  readonly opensAt: Instant | null
  readonly sentence: string
}

/** Why a decision is as it is. */
export type Explanation = {
  readonly decision: Decision
  /** Every gate in order; empty on routes that no staff control guards. */
  readonly gates: readonly GateReport[]
  /** The first refusal of each *enforced* control, in gate order; the first one is the decision's reason. */
  readonly failing: readonly Reason[]
  /** The smallest change that would allow: all of these together. Empty where nothing fails. */
  readonly remedies: readonly Remedy[]
}

/** The whole story of one decision. About 20 µs, more with many entries. */
export const explain = (snapshot: PolicySnapshot, request: AccessRequest, at: Instant): Explanation => {
  const decision = decide(snapshot, request, at)
  const view = viewOf(snapshot, request, at)
  if (view.route !== null && isUnguarded(view.route.class)) {
    return { decision, gates: [], failing: [], remedies: [] }
  }
  const gates: GateReport[] = []
  const remedies: Remedy[] = []
  const failed = new Set<Control>()
  for (const gate of gatesFor(view)) {
    const mode = gate.always ? 'enforce' : snapshot.modes[gate.control]
    const answer = gate.ask(view)
    const { name, control } = gate
    gates.push({ gate: name, control, mode, ...answer, sentence: gateSentence(name, view, answer) })
    if (answer.reason === 'ok' || mode !== 'enforce' || failed.has(control)) continue
    failed.add(control)
    remedies.push(remedyFor(view, answer))
  }
  return { decision, gates, failing: remedies.map(({ reason }) => reason), remedies }
}

/**
 * The reasons of `Explanation.failing` alone, without sentences: what a gateway records with a refusal. Costs about two
 * decisions, whatever the number of entries.
 */
export const failingReasons = (
  snapshot: PolicySnapshot,
  request: AccessRequest,
  at: Instant,
): readonly Reason[] => {
  const view = viewOf(snapshot, request, at)
  if (view.route !== null && isUnguarded(view.route.class)) return []
  const failing: Reason[] = []
  const failed = new Set<Control>()
  for (const gate of gatesFor(view)) {
    if (failed.has(gate.control) || (!gate.always && snapshot.modes[gate.control] !== 'enforce')) continue
    const { reason } = gate.ask(view)
    if (reason === 'ok') continue
    failed.add(gate.control)
    failing.push(reason)
  }
  return failing
}

/** The decision now and after each of its changes by time alone; at most `max`, ending where nothing changes. */
export const decisionTimeline = (
  snapshot: PolicySnapshot,
  request: AccessRequest,
  at: Instant,
  max: number,
): readonly { readonly at: Instant; readonly decision: Decision }[] => {
  const steps: { readonly at: Instant; readonly decision: Decision }[] = []
  for (let when = at; steps.length < max && when !== never; ) {
    const decision = decide(snapshot, request, when)
    steps.push({ at: when, decision })
    when = decision.validUntil
  }
  return steps
}
