/**
 * What was decided, in a header of the answer, for whoever supports the gateway: off unless configured.
 *
 * It decides nothing and reads nothing that the judge did not. Invariant: only a request that comes from a listed address
 * and shows the configured secret is answered with it; everybody else's answer is the same as without; such an answer is
 * kept by no cache, and an application cannot write the header itself. The secret never goes on (`headers.ts` drops every
 * `X-Gatehouse-…`). Telling every client was refused: which rule stopped a thief is what a thief wants to know.
 */
import { type Range, rangeContains } from '../policies/address.ts'
import type { Decision } from '../policies/decision.ts'
import { never } from '../policies/instant.ts'
import { sameText } from '../runtime/fleet-seal.ts'
import type { Exchange, Judge, Judgement, RawHeaders } from './exchange.ts'
import type { RouteDuties } from './route-duties.ts'

/** What asks for it, and what answers. */
const askHeader = 'x-gatehouse-explain'
const answerHeader = 'X-Gatehouse-Decision'

/** What it needs. `from`: whose addresses count; `duties`: routes by upstream id. */
export type SupportParts = {
  readonly gateway: string
  readonly secret: string
  readonly from: readonly Range[]
  readonly duties: ReadonlyMap<string, RouteDuties>
}

/** Whether the request asks with the secret, once, from a listed address. */
function isVouchedFor({ secret, from }: SupportParts, { headers, client }: Exchange): boolean {
  const said = headers.filter((_, i) => i % 2 === 1 && headers[i - 1]?.toLowerCase() === askHeader)
  const [text, ...more] = said
  return (
    text !== undefined &&
    more.length === 0 &&
    from.some((range) => rangeContains(range, client)) &&
    sameText(text, secret)
  )
}

/** A string of structured fields (RFC 8941 §3.3.3); what it cannot hold becomes `?`. */
const quoted = (text: string): string =>
  `"${text.replaceAll(/[^\x20-\x7e]/g, '?').replaceAll(/["\\]/g, (mark) => `\\${mark}`)}"`

/** A decision as a dictionary of structured fields; `null`: nothing was decided (public routes, pages of our own). */
function textOf({ gateway, duties }: SupportParts, exchange: Exchange, decision: Decision | null): string {
  const routes = (duties.get(exchange.upstream.id)?.find(exchange).judged ?? []).map(({ id }) => quoted(id))
  const decided =
    decision === null
      ? ['verdict=none']
      : [
          `verdict=${decision.verdict}`,
          `reason=${decision.reason}`,
          ...(decision.control === null ? [] : [`control=${decision.control}`]),
          `revision=${decision.revision}`,
          ...(decision.validUntil === never ? [] : [`until=${Math.floor(decision.validUntil / 1_000)}`]),
          ...(decision.wouldRefuse.length === 0 ? [] : [`monitored=(${decision.wouldRefuse.join(' ')})`]),
        ]
  const where = [`routes=(${routes.join(' ')})`, `gateway=${quoted(gateway)}`, `trace=${quoted(exchange.id)}`]
  return [...decided, ...where].join(', ')
}

const isCacheHeader = (name: string): boolean => /^(?:cache-control|expires)$/i.test(name)

/** Headers with this one in place of any before, and kept by nobody. */
const withHeader = (headers: RawHeaders, text: string): RawHeaders => {
  const kept: string[] = []
  for (let i = 0; i + 1 < headers.length; i += 2)
    if (!isCacheHeader(headers[i] ?? '')) kept.push(headers[i] ?? '', headers[i + 1] ?? '')
  return [...kept, 'Cache-Control', 'no-store', answerHeader, text]
}

function explained(parts: SupportParts, exchange: Exchange, judgement: Judgement): Judgement {
  if (judgement.act === 'answer') {
    const { response, decision } = judgement
    const text = textOf(parts, exchange, decision)
    return { ...judgement, response: { ...response, headers: withHeader(response.headers, text) } }
  }
  const { changes, held, standing } = judgement
  const text = textOf(parts, exchange, standing?.decision ?? null)
  if (held === null)
    return {
      ...judgement,
      changes: { ...changes, setResponse: ['Cache-Control', 'no-store', answerHeader, text] },
    }
  const settle: typeof held.settle = async (response) => {
    const settled = await held.settle(response)
    return { ...settled, headers: withHeader(settled.headers, text) }
  }
  return { ...judgement, held: { ...held, settle } }
}

/** The judge with this header on what it says to whoever is vouched for. */
export const createSupportJudge =
  (judge: Judge, parts: SupportParts): Judge =>
  (exchange) => {
    const judgement = judge(exchange)
    if (!isVouchedFor(parts, exchange)) return judgement
    return judgement instanceof Promise
      ? judgement.then((one) => explained(parts, exchange, one))
      : explained(parts, exchange, judgement)
  }
