/**
 * wrk: requests that take turns, as fast as they are answered, and what came of it.
 *
 * A closed loop: every connection waits for its answer, so times say how long the queue is, not how a visitor fares.
 * Invariant: a run with a failed connection, an answer of 400 or more, or answers smaller than the page is an error, not
 * a figure. Refused: reading its table, which rounds; its own script prints the numbers.
 */
import { spawn } from 'node:child_process'
import type { Program } from './nginx.ts'

/** One request as it is sent. `headers` with `Cookie`, without `Host` and `Content-Length`. */
export type Shot = {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

/** What a run brought. Times in microseconds; `failures`: connections, reads, writes, statuses ≥ 400, timeouts. */
export type WrkRun = {
  readonly requests: number
  readonly seconds: number
  readonly bytes: number
  readonly p50Us: number
  readonly p99Us: number
  readonly failures: number
}

const mark = 'measured '

const quoted = (text: string): string =>
  `"${[...new TextEncoder().encode(text)].map((byte) => `\\${String(byte).padStart(3, '0')}`).join('')}"`

const shotLine = ({ method, path, headers, body }: Shot): string => {
  const fields = Object.entries(headers).map(([name, value]) => `[${quoted(name)}] = ${quoted(value)}`)
  const text = body === null ? 'nil' : quoted(body)
  return `  { "${method}", ${quoted(path)}, { ${fields.join(', ')} }, ${text} },`
}

/** The script that has these requests sent in turn and prints the numbers at the end. */
export const wrkScript = (shots: readonly Shot[]): string => `
local shots = {
${shots.map(shotLine).join('\n')}
}
local ready = {}
local turn = 0
function init()
  for at, shot in ipairs(shots) do ready[at] = wrk.format(shot[1], shot[2], shot[3], shot[4]) end
end
function request()
  turn = turn % #ready + 1
  return ready[turn]
end
function done(summary, latency)
  local bad = summary.errors
  io.write(string.format('${mark}{"requests":%d,"us":%d,"bytes":%.0f,"p50":%d,"p99":%d,"failures":%d}\\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99),
    bad.connect + bad.read + bad.write + bad.status + bad.timeout))
end
`

/** The numbers in what wrk said. Throws, with its words, where they are not in it. */
export const readWrk = (said: string): WrkRun => {
  const line = said.split('\n').find((one) => one.startsWith(mark))
  if (line === undefined) throw new Error(`wrk told no numbers: ${said.slice(0, 400)}`)
  const found = JSON.parse(line.slice(mark.length)) as Readonly<Record<string, unknown>>
  const number = (name: string): number => {
    const value = found[name]
    if (typeof value !== 'number' || !Number.isFinite(value)) throw new Error(`wrk told no ${name}: ${line}`)
    return value
  }
  return {
    requests: number('requests'),
    seconds: number('us') / 1e6,
    bytes: number('bytes'),
    p50Us: number('p50'),
    p99Us: number('p99'),
    failures: number('failures'),
  }
}

/** What is wrong with a run in which each answer should have a body of `bodyBytes`; `null`: nothing. */
export const faultOf = (run: WrkRun, bodyBytes: number): string | null => {
  if (run.requests === 0) return 'no request was answered'
  if (run.failures > 0) return `${run.failures} of ${run.requests} requests failed or were refused`
  const each = run.bytes / run.requests
  // A redirect counts as a success and is short.
  return each < bodyBytes ? `answers have ${Math.round(each)} bytes, less than the page` : null
}

/** Runs wrk with the script in `file`, with one thread, on the core that this process is held to. */
export const runWrk = async (
  wrk: Program,
  load: {
    readonly url: string
    readonly file: string
    readonly connections: number
    readonly seconds: number
  },
): Promise<WrkRun> => {
  const { url, file, connections, seconds } = load
  const args = ['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '-s', file, url]
  const child = spawn(wrk.command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...wrk.env },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  const { promise, resolve, reject } = Promise.withResolvers<number | null>()
  child.once('error', reject)
  child.once('close', resolve)
  if ((await promise) !== 0) throw new Error(`wrk failed: ${said.slice(0, 400)}`)
  return readWrk(said)
}
