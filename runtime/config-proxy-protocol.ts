/**
 * The part of the configuration that is about the PROXY protocol on the application's listener.
 *
 * It reads no header (`gateway/http1/announced-peers.ts` does). Invariant: who may announce an address is listed, and a
 * setting that would be read by nobody is a Problem. A switch that takes headers from everybody was refused: then a client
 * could choose its own address.
 */
import { z } from 'zod'
import type { Problem } from '../policies/problem.ts'
import { milliseconds } from './config-upstream.ts'
import { readTrustedProxies } from './forwarded.ts'

/** `gateway.proxyProtocol`. */
export const proxyProtocolSchema = z.strictObject({
  from: z
    .array(z.string().max(64))
    .max(1_000)
    .default([])
    .describe(
      'Addresses and ranges of the proxies whose connections begin with a header, and must; empty: nobody’s do.',
    ),
  deadlineMs: milliseconds(3_000).describe('For a header to arrive.'),
})

type Beside = {
  readonly engine: 'own' | 'node'
  readonly proxyProtocol: z.output<typeof proxyProtocolSchema>
}

/** Every Problem of `gateway.proxyProtocol`, alone and beside `gateway.engine`. */
export function proxyProtocolProblems({ engine, proxyProtocol: { from } }: Beside): readonly Problem[] {
  const ranges = readTrustedProxies(from, 'gateway.proxyProtocol.from')
  return [
    ...(ranges.ok ? [] : ranges.problems),
    ...(from.length > 0 && engine === 'node'
      ? [
          {
            path: 'gateway.proxyProtocol.from',
            sentence: 'needs gateway.engine: own: the engine "node" does not read the PROXY protocol',
          },
        ]
      : []),
  ]
}
