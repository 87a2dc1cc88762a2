/**
 * The control plane over HTTP, as a gateway of another process sees it.
 *
 * It carries and checks the form of answers; their trust is their signature, which the caller opens. Every call ends
 * within its deadline, with an answer of the right form or a fault of source `control-plane`. One repetition, and
 * only where a kept connection turned out to be closed: more would hide an outage that the lease must notice.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { z } from 'zod'
import type { DurationMs } from '../policies/instant.ts'
import { type Fault, fault, isFault } from './fault.ts'
import { internalBearer } from './fleet-seal.ts'
import type { ControlPlane } from './internal.ts'
import {
  accessStandingsSchema,
  adminEnteredSchema,
  changesSchema,
  factorProvedSchema,
  handedOverSchema,
  rolesAssertedSchema,
  sealedRecordSchema,
  sessionOpenedSchema,
  signInFinishedSchema,
} from './internal.ts'
import { internalRoutes } from './internal-routes.ts'

/** More than this is no answer of ours: 500 records of large practices stay well below. */
const answerBytesMax = 64 * 1_048_576

type Call = { readonly method: 'GET' | 'POST'; readonly path: string; readonly body?: string }

const failed = (
  kind: Fault['kind'],
  call: Call,
  what: string,
  retry: Fault['retry'],
  cause?: unknown,
): Fault =>
  fault('control-plane', kind, `${call.method} ${call.path.replace(/\?.*/, '')}: ${what}`, retry, cause)

/** A broken connection by its error code. */
function connectionFault(call: Call, error: unknown): Fault {
  if (isFault(error)) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  const isReset = code === 'ECONNRESET' || code === 'EPIPE'
  return failed(isReset ? 'reset' : 'unreachable', call, code, isReset ? 'fresh-connection' : 'yes', error)
}

/** What a status other than 200 means; `null` for 200. */
function statusFault(call: Call, status: number): Fault | null {
  if (status === 200) return null
  if (status >= 500) return failed('unreachable', call, `status ${status}`, 'yes')
  const why =
    status === 401 || status === 403 ? `status ${status}: is the cluster key the same?` : `status ${status}`
  return failed('refused', call, why, 'no')
}

async function readBody(call: Call, answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of answer as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > answerBytesMax) throw failed('garbage', call, 'an answer without end', 'no')
    parts.push(part)
  }
  if (!answer.complete) throw failed('truncated', call, 'the answer ended early', 'fresh-connection')
  return Buffer.concat(parts).toString('utf8')
}

/** Sends one request and resolves with the body of a 200. */
type Send = (call: Call) => Promise<string>

function createSend(url: string, clusterKey: string, deadlineMs: DurationMs): Send {
  const base = new URL(url)
  const isTls = base.protocol === 'https:'
  const open = isTls ? httpsRequest : httpRequest
  const agent = new (isTls ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: 32 })
  const authorization = `Bearer ${internalBearer(clusterKey)}`

  const sendOnce = (call: Call, signal: AbortSignal, onReused: () => void): Promise<string> =>
    new Promise((resolve, reject) => {
      const request = open(new URL(call.path, base), {
        method: call.method,
        agent,
        signal,
        headers: {
          authorization,
          accept: 'application/json',
          ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
      })
      request.on('error', (error) => {
        if (request.reusedSocket) onReused()
        reject(connectionFault(call, error))
      })
      request.on('response', (answer) => {
        const refused = statusFault(call, answer.statusCode ?? 0)
        if (refused !== null) answer.resume()
        if (refused === null)
          readBody(call, answer).then(resolve, (error) => reject(connectionFault(call, error)))
        else reject(refused)
      })
      request.end(call.body)
    })

  return async (call) => {
    const signal = AbortSignal.timeout(deadlineMs)
    let reused = false
    const note = (): void => {
      reused = true
    }
    try {
      try {
        return await sendOnce(call, signal, note)
      } catch (error) {
        if (!reused || signal.aborted || !isFault(error) || error.kind !== 'reset') throw error
        return await sendOnce(call, signal, () => {})
      }
    } catch (error) {
      if (signal.aborted) throw failed('timeout', call, `no answer in ${deadlineMs} ms`, 'yes', error)
      throw error
    }
  }
}

/**
 * The control plane at `url` (`http(s)://host:port`), asked with the cluster key's bearer. `deadlineMs` bounds every
 * call. Connections are kept between calls and do not keep a process alive.
 */
export function createInternalClient(options: {
  readonly url: string
  readonly clusterKey: string
  readonly deadlineMs?: DurationMs
}): ControlPlane {
  const send = createSend(options.url, options.clusterKey, options.deadlineMs ?? 3_000)

  const ask = async <T>(call: Call, schema: z.ZodType<T>): Promise<T> => {
    const text = await send(call)
    let answer: unknown
    try {
      answer = JSON.parse(text)
    } catch (error) {
      throw failed('garbage', call, 'no JSON', 'no', error)
    }
    const parsed = schema.safeParse(answer)
    if (!parsed.success) throw failed('garbage', call, 'an answer of another form', 'no', parsed.error)
    return parsed.data
  }
  const post = (route: { readonly method: 'POST'; readonly path: string }, body: object): Call => ({
    ...route,
    body: JSON.stringify(body),
  })
  const get = (
    route: { readonly method: 'GET'; readonly path: string },
    query: Record<string, string>,
  ): Call => ({
    ...route,
    path: `${route.path}?${new URLSearchParams(query)}`,
  })

  return {
    openSession: (request) => ask(post(internalRoutes.openSession, request), sessionOpenedSchema),
    assertRoles: (request) => ask(post(internalRoutes.assertRoles, request), rolesAssertedSchema),
    changeSession: (request) =>
      ask(post(internalRoutes.changeSession, request), sealedRecordSchema.nullable()),
    changes: (since, gateway) =>
      ask(get(internalRoutes.changes, { since: String(since), gateway }), changesSchema),
    record: (key) => ask(get(internalRoutes.record, { key }), sealedRecordSchema.nullable()),
    askAccess: (request) => ask(post(internalRoutes.askAccess, request), accessStandingsSchema),
    withdrawAccess: (request) => ask(post(internalRoutes.withdrawAccess, request), accessStandingsSchema),
    accessStandings: (tokenHash, kind, address) =>
      ask(
        post(internalRoutes.accessStandings, { tokenHash, kind, address }),
        accessStandingsSchema.nullable(),
      ),
    handOver: (request) => ask(post(internalRoutes.handOver, request), handedOverSchema.nullable()),
    enterAdmin: (request) => ask(post(internalRoutes.enterAdmin, request), adminEnteredSchema.nullable()),
    proveFactor: (request) => ask(post(internalRoutes.proveFactor, request), factorProvedSchema.nullable()),
    beginSignIn: (request) => ask(post(internalRoutes.beginSignIn, request), handedOverSchema.nullable()),
    finishSignIn: (request) => ask(post(internalRoutes.finishSignIn, request), signInFinishedSchema),
    publicKey: async () =>
      (await ask(internalRoutes.publicKey, z.strictObject({ publicKey: z.string() }))).publicKey,
  }
}
