/**
 * What changed between two documents, flat: path → value before, path → value after, only where they differ.
 *
 * Made for security events and for "what will change" lists, not for merging. Members of lists are named by their
 * id (`ipEntries[office].label`), so that inserting at the front is not a change of all that follow.
 */

/** Changed values by path; a path missing on one side was added or removed. */
export type Difference = {
  readonly before: Readonly<Record<string, unknown>>
  readonly after: Readonly<Record<string, unknown>>
  /** How many more paths changed than are listed. */
  readonly more: number
}

const listedMax = 1_000

type Tally = {
  readonly before: Record<string, unknown>
  readonly after: Record<string, unknown>
  count: number
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

type Named = Readonly<Record<string, unknown>> & { readonly id: string }
const isNamed = (value: unknown): value is Named => isObject(value) && typeof value.id === 'string'

const isNamedList = (value: unknown): value is readonly Named[] =>
  Array.isArray(value) && value.every(isNamed)

function note(tally: Tally, path: string, before: unknown, after: unknown): void {
  tally.count += 1
  if (tally.count > listedMax) return
  if (before !== undefined) tally.before[path] = before
  if (after !== undefined) tally.after[path] = after
}

function compareLists(tally: Tally, path: string, before: readonly Named[], after: readonly Named[]): void {
  const was = new Map(before.map((one) => [one.id, one]))
  const is = new Map(after.map((one) => [one.id, one]))
  for (const [id, one] of was) compare(tally, `${path}[${id}]`, one, is.get(id))
  for (const [id, one] of is) if (!was.has(id)) note(tally, `${path}[${id}]`, undefined, one)
  const kept = before.filter((one) => is.has(one.id)).map((one) => one.id)
  const stayed = after.filter((one) => was.has(one.id)).map((one) => one.id)
  if (kept.some((id, position) => id !== stayed[position])) note(tally, `${path}.order`, kept, stayed)
}

function compare(tally: Tally, path: string, before: unknown, after: unknown): void {
  if (before === after) return
  if (isObject(before) && isObject(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
      compare(tally, path === '' ? key : `${path}.${key}`, before[key], after[key])
  } else if (isNamedList(before) && isNamedList(after)) compareLists(tally, path, before, after)
  else if (JSON.stringify(before) !== JSON.stringify(after)) note(tally, path, before, after)
}

/** The difference of two JSON values, at most 1,000 paths; `null`: they are equal. */
export function differenceOf(before: unknown, after: unknown): Difference | null {
  const tally: Tally = { before: {}, after: {}, count: 0 }
  compare(tally, '', before, after)
  if (tally.count === 0) return null
  return { before: tally.before, after: tally.after, more: Math.max(0, tally.count - listedMax) }
}
