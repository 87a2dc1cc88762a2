/**
 * People who keep asking while something is broken, and what each of them got: right, a clean refusal, cut off, or wrong.
 *
 * It breaks nothing. Invariant: every answer is accounted for, and two kinds are never forgiven: an answer other than a refusal
 * to somebody who must not come in, and a body that ended as if it were whole and was not. Connections are new each time, so that
 * no answer can be of an earlier question.
 */
import http from 'node:http'
import { blobOf, blobPath } from './application.ts'

/** Somebody who asks. `may`: whether they are to be let in. */
export type Asker = { readonly who: string; readonly cookie: string; readonly may: boolean }

/** What one request came to. */
export type Outcome =
  /** What the application says, whole. */
  | 'right'
  /** A refusal of Gatehouse's own, whole: 503 and the like to people who may come in, any to those who may not. */
  | 'refused'
  /** Refused as somebody who may not come in, although they may. */
  | 'wrongly refused'
  /** The connection ended before the answer did, and the browser can tell. */
  | 'cut'
  /** No answer in time. */
  | 'late'
  /** Never forgiven: ended as if whole, and was not. */
  | 'truncated'
  /** Never forgiven. */
  | 'wrongly let in'

/** One request, seen from outside. Times in ms of `performance.now()`. */
export type Seen = {
  readonly who: string
  readonly may: boolean
  readonly at: number
  readonly tookMs: number
  readonly base: number
  readonly outcome: Outcome
  readonly status: number
  /** What the answer gave as its reason, where it was a refusal. */
  readonly why: string
}

type Raw = { readonly status: number; readonly body: Buffer; readonly reason: string }

/** Asks once on a connection of its own; rejects with `cut` or `late`. */
const fetchWhole = (base: string, path: string, cookie: string, withinMs: number): Promise<Raw> =>
  new Promise((resolve, reject) => {
    const request = http.get(
      new URL(path, base),
      {
        agent: false,
        headers: { cookie, accept: 'application/json', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' },
      },
      (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('error', () => reject(new Error('cut')))
        response.on('end', () => {
          if (!response.complete) return reject(new Error('cut'))
          const body = Buffer.concat(parts)
          let reason = ''
          try {
            const said = JSON.parse(body.toString('utf8')) as { reason?: unknown; code?: unknown }
            reason = String(said.reason ?? said.code ?? '')
          } catch {
            // Not ours: the status says enough.
          }
          resolve({ status: response.statusCode ?? 0, body, reason })
        })
      },
    )
    const timer = setTimeout(() => {
      reject(new Error('late'))
      request.destroy()
    }, withinMs)
    request.on('close', () => clearTimeout(timer))
    request.on('error', () => reject(new Error('cut')))
  })

const judge = (asker: Asker, answer: Raw, expected: Buffer): Outcome => {
  if (!asker.may) return answer.status < 400 ? 'wrongly let in' : 'refused'
  if (answer.status === 200) return answer.body.equals(expected) ? 'right' : 'truncated'
  if (answer.status === 401 || answer.status === 403) return 'wrongly refused'
  return 'refused'
}

const sizes = [20, 4_096, 65_537, 300_001, 16_384] as const

/** A load that goes on. */
export type Load = {
  /** Everything seen so far. */
  seen(): readonly Seen[]
  forget(): void
  /** Adds somebody, or replaces them. */
  put(asker: Asker): void
  /** They ask no more; a request under way counts for nothing. */
  drop(who: string): void
  /** Resolves once `count` answers in a row were right on every gateway to everybody who may; rejects after `ms`. */
  settled(ms: number, count?: number): Promise<void>
  stop(): Promise<void>
}

/** How long one request may take before it counts as late: less than any deadline of the gateway would be unfair. */
const lateMs = 12_000

/** Lets these people ask each of `bases` over and over, `pauseMs` after each answer. */
export const startLoad = (bases: readonly string[], askers: readonly Asker[], pauseMs = 25): Load => {
  let open = true
  let seen: Seen[] = []
  const people = new Map(askers.map((asker) => [asker.who, asker]))
  const inRow = new Map<string, number>()
  const loops: Promise<void>[] = []
  const ask = async (who: string, base: number, turn: number): Promise<void> => {
    const asker = people.get(who)
    if (asker === undefined) return
    const size = sizes[turn % sizes.length] ?? 20
    const at = performance.now()
    let outcome: Outcome
    let [status, why] = [0, '']
    try {
      const answer = await fetchWhole(bases[base] ?? '', blobPath(size), asker.cookie, lateMs)
      outcome = judge(asker, answer, blobOf(size))
      status = answer.status
      why = outcome === 'right' ? '' : answer.reason
    } catch (error) {
      outcome = error instanceof Error && error.message === 'late' ? 'late' : 'cut'
    }
    // Somebody whose standing changed while their request was under way is judged by neither.
    if (people.get(who) === asker)
      seen.push({ who, may: asker.may, at, tookMs: performance.now() - at, base, outcome, status, why })
    if (asker.may)
      inRow.set(`${who} ${base}`, outcome === 'right' ? (inRow.get(`${who} ${base}`) ?? 0) + 1 : 0)
  }
  const loop = async (who: string, base: number): Promise<void> => {
    for (let turn = 0; open; turn++) {
      await ask(who, base, turn)
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }
  const looping = new Set<string>()
  const startLoops = (who: string): void => {
    looping.add(who)
    for (const base of bases.keys()) loops.push(loop(who, base))
  }
  for (const who of people.keys()) startLoops(who)
  return {
    seen: () => seen,
    forget() {
      seen = []
    },
    put(asker) {
      people.set(asker.who, asker)
      if (!looping.has(asker.who)) startLoops(asker.who)
    },
    drop: (who) => void people.delete(who),
    async settled(ms, count = 5) {
      const deadline = performance.now() + ms
      inRow.clear()
      const wanted = [...people.values()].filter(({ may }) => may)
      const isSo = (): boolean =>
        wanted.every(({ who }) =>
          [...bases.keys()].every((base) => (inRow.get(`${who} ${base}`) ?? 0) >= count),
        )
      while (!isSo()) {
        if (performance.now() > deadline) throw new Error(`answers are not right again after ${ms} ms`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
    async stop() {
      open = false
      await Promise.all(loops)
    },
  }
}
