/**
 * Decisions for tests that need one and do not care how it was made.
 *
 * Not an oracle: verdict and control come from the product's own catalogue of reasons.
 */
import { type Decision, type Reason, reasons } from '../../policies/decision.ts'
import { never } from '../../policies/instant.ts'

/** A decision of that reason, in force for ever unless told otherwise. */
export const decisionOf = (reason: Reason, change: Partial<Decision> = {}): Decision => ({
  verdict: reasons[reason].verdict,
  reason,
  control: reasons[reason].control,
  revision: 1,
  validUntil: never,
  opensAt: null,
  wouldRefuse: [],
  ...change,
})
