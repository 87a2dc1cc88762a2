/**
 * The span of time that a chart is asked for, and the steps it is counted in.
 *
 * What is counted is the store's. Invariant: at most 31 days and 62 steps, so that a chart is one walk over one index range.
 */
import type { DurationMs, Instant } from '../../policies/instant.ts'
import { stepOf } from '../store/decision-counts.ts'
import { invalid } from './refusals.ts'

const countedMaxMs: DurationMs = 31 * 86_400_000

/** A span as it was asked, with its step; throws `invalid` where it is none, or too long. */
export function chartSpan(query: { readonly from: Instant; readonly to: Instant }) {
  const { from, to } = query
  const spanMs = to - from
  if (spanMs <= 0 || spanMs > countedMaxMs)
    throw invalid([{ path: 'to', sentence: 'Ask for a span of at most 31 days that ends after it begins.' }])
  return { from, to, stepMs: stepOf(spanMs) }
}
