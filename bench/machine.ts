/**
 * What is needed around a measurement: the machine's description, rounds that alternate, memory before and after.
 *
 * It measures nothing by itself and knows no room. Invariant: no host name, path or account in what it describes, so that
 * results can be published as they are. One long run per case was refused: on a shared machine the cases would
 * meet different weather; rounds that alternate share it.
 */
import { cpus as cores, totalmem } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Where figures come from. `memoryBytes`: of the whole machine. */
export type Machine = {
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly platform: string
  readonly node: string
  readonly v8: string
  readonly tzdata: string
}

/** This machine, without anything that names it. */
export const describeMachine = (): Machine => ({
  cpu: cores()[0]?.model ?? 'unknown',
  cores: cores().length,
  memoryBytes: totalmem(),
  platform: `${process.platform} ${process.arch}`,
  node: process.version,
  v8: process.versions.v8,
  tzdata: process.versions['tz'] ?? 'unknown',
})

/** Of several measurements of the same thing. */
export type Spread = { readonly median: number; readonly min: number; readonly max: number }

/** Median, least and greatest; of an even number the lower middle one. NaN of none. */
export const spreadOf = (values: readonly number[]): Spread => {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (index: number): number => sorted[index] ?? Number.NaN
  return { median: at((sorted.length - 1) >>> 1), min: at(0), max: at(sorted.length - 1) }
}

/** Something to measure: `run` does it `calls` times and returns a sum of the answers, so that none can be left out. */
export type Case = {
  readonly name: string
  readonly calls: number
  readonly run: (calls: number) => number
}

/** Nanoseconds of one call: as a watch shows them, and of processor time (less what others took of the machine). */
export type Timing = {
  readonly name: string
  readonly calls: number
  readonly wall: Spread
  readonly cpu: Spread
}

/** Each case once to warm up and once in each of `rounds` rounds, the cases taking turns. */
export const timeCases = (cases: readonly Case[], rounds: number): readonly Timing[] => {
  const walls = cases.map((): number[] => [])
  const cpus = cases.map((): number[] => [])
  let sum = 0
  for (const { run, calls } of cases) sum += run(calls)
  for (let round = 0; round < rounds; round++) {
    for (const [at, { run, calls }] of cases.entries()) {
      const cpuBefore = process.cpuUsage()
      const startedAt = process.hrtime.bigint()
      sum += run(calls)
      walls[at]?.push(Number(process.hrtime.bigint() - startedAt) / calls)
      const { user, system } = process.cpuUsage(cpuBefore)
      cpus[at]?.push(((user + system) * 1_000) / calls)
    }
  }
  if (!Number.isFinite(sum)) throw new Error('invariant: answers are numbers')
  return cases.map(({ name, calls }, at) => {
    return { name, calls, wall: spreadOf(walls[at] ?? []), cpu: spreadOf(cpus[at] ?? []) }
  })
}

/** Milliseconds of `run`, over `rounds` runs after one to warm up. */
export const timeWhole = (rounds: number, run: () => unknown): Spread => {
  run()
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const startedAt = performance.now()
    run()
    times.push(performance.now() - startedAt)
  }
  return spreadOf(times)
}

const collect = (): (() => void) => {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}

/** Bytes in use, on the heap and in buffers, once everything unreachable has been collected. */
export const livingBytes = (): number => {
  const gc = collect()
  for (let time = 0; time < 4; time++) gc()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
