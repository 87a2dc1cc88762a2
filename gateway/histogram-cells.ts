/**
 * A histogram and a counter of plain cells: what a request costs them is an addition to a typed array.
 *
 * They are read when somebody scrapes, as the registry reads any metric. Rows are made when they first count, by values
 * that come from configuration or from a closed set of this program, never from a request. Invariant: at most `rowsMax`
 * rows, whatever happens. prom-client's own labelled histogram was refused: 1.4 µs for each observation.
 */
import type { Metric, Registry } from 'prom-client'
import type { DurationMs } from '../policies/instant.ts'

/** What a metric is called and says. `label`: the one label of its rows; `null`: there is one row and no label. */
export type CellNames = { readonly name: string; readonly help: string; readonly label: string | null }

/** More applications than anybody configures behind one gateway; beyond it nothing more is counted. */
const rowsMax = 256

type Row = { readonly buckets: Float64Array; sum: number }

const register = (registry: Registry, { name, help }: CellNames, get: () => object): void =>
  // The registry asks a metric for its name and `get`, nothing else; its type is a union of classes.
  registry.registerMetric({ name, help, get: async () => get() } as unknown as Metric)

/** The row of this value, made at its first use; `null`: there are too many. */
const rowOf = <T>(rows: Map<string, T>, value: string, make: () => T): T | null => {
  const known = rows.get(value)
  if (known !== undefined) return known
  if (rows.size >= rowsMax) return null
  const made = make()
  rows.set(value, made)
  return made
}

/** A histogram with these upper bounds (seconds, ascending); answers how to observe. */
export function createHistogramCells(
  registry: Registry,
  names: CellNames,
  boundsSeconds: readonly number[],
): (value: string, ms: DurationMs) => void {
  const { name, help, label } = names
  const rows = new Map<string, Row>()
  const make = (): Row => ({ buckets: new Float64Array(boundsSeconds.length + 1), sum: 0 })
  if (label === null) rowOf(rows, '', make)
  const samples = ([value, { buckets, sum }]: readonly [string, Row]) => {
    const labels = label === null ? {} : { [label]: value }
    let count = 0
    const bounded = boundsSeconds.map((bound, at) => {
      count += buckets[at] ?? 0
      return { metricName: `${name}_bucket`, labels: { ...labels, le: String(bound) }, value: count }
    })
    count += buckets[boundsSeconds.length] ?? 0
    return [
      ...bounded,
      { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count },
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ]
  }
  register(registry, names, () => ({
    ...{ name, help, type: 'histogram', aggregator: 'sum' },
    values: [...rows].flatMap(samples),
  }))
  return (value, ms) => {
    const row = rowOf(rows, value, make)
    if (row === null) return
    const seconds = ms / 1_000
    let bucket = 0
    while (bucket < boundsSeconds.length && seconds > (boundsSeconds[bucket] ?? 0)) bucket += 1
    row.buckets[bucket] = (row.buckets[bucket] ?? 0) + 1
    row.sum += seconds
  }
}

/** A counter with one column of each outcome in each row; answers how to count. */
export function createCounterCells<Outcome extends string>(
  registry: Registry,
  names: CellNames & { readonly label: string },
  outcomes: readonly Outcome[],
): (value: string, outcome: Outcome) => void {
  const { name, help, label } = names
  const rows = new Map<string, Float64Array>()
  const columns = new Map<string, number>(outcomes.map((outcome, at) => [outcome, at]))
  register(registry, names, () => ({
    ...{ name, help, type: 'counter', aggregator: 'sum' },
    values: [...rows].flatMap(([value, counts]) =>
      outcomes.map((outcome, at) => ({ labels: { [label]: value, outcome }, value: counts[at] ?? 0 })),
    ),
  }))
  return (value, outcome) => {
    const row = rowOf(rows, value, () => new Float64Array(outcomes.length))
    const column = columns.get(outcome) ?? -1
    if (row !== null && column >= 0) row[column] = (row[column] ?? 0) + 1
  }
}
