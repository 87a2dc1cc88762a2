/**
 * The kinds of problem documents (RFC 9457) that gateways send, each with what happened, why, and what to do.
 *
 * Kinds of the admin API are its own (`admin/api/problem-texts.ts`). Invariant: a `type` is stable and says the same wherever
 * Gatehouse runs, so it is a name (URN) and not an address of one installation; where it is explained goes along in `Link`.
 * Failures that are no kind of their own are `about:blank`: their status says all there is to say.
 */
import { type Reason, reasons } from '../policies/decision.ts'
import { reasonTexts } from './pages/texts.ts'

/** A kind: `type` is the URI, `name` its last part, and the place on the page that explains it. */
export type ProblemKind = {
  readonly type: string
  readonly name: string
  readonly title: string
  readonly why: string
  readonly next: string
}

/** Where a gateway explains its kinds, on every application's own origin, to anybody. */
export const gatewayProblemsPath = '/.gatehouse/problems'

/** The URI of a gateway's kind. */
export const gatewayProblemType = (name: string): string => `urn:gatehouse:${name}`

const ofMachines = {
  'token-not-accepted': {
    title: 'The service token is not accepted',
    why: 'It is unknown, revoked or expired.',
    next: 'Ask its owner for a new one.',
  },
  'too-many-tokens': {
    title: 'Too many tokens that are not accepted',
    why: 'Too many of them came from one address within a short time.',
    next: 'Wait as long as `Retry-After` says, and look whether the token is the right one. Tokens that are known go on passing.',
  },
} as const

/** The kinds that no decision stands behind. */
export type MachineProblem = keyof typeof ofMachines

const kindOf = (name: string, of: Omit<ProblemKind, 'type' | 'name'>): ProblemKind => ({
  ...{ type: gatewayProblemType(name), name },
  ...{ title: of.title, why: of.why, next: of.next },
})

/** Every kind that a gateway sends: one for each reason to refuse, then those of machines. */
export const gatewayProblems: readonly ProblemKind[] = [
  ...(Object.keys(reasons) as Reason[])
    .filter((reason) => reason !== 'ok')
    .map((reason) => kindOf(reason, reasonTexts[reason])),
  ...(Object.keys(ofMachines) as MachineProblem[]).map((name) => kindOf(name, ofMachines[name])),
]

/** The words of a kind that no decision stands behind. */
export const machineProblem = (name: MachineProblem): ProblemKind => kindOf(name, ofMachines[name])

/** The `Link` that leads from a problem document to what explains it (RFC 8288). */
export const problemLink = (path: string, name: string): string => `<${path}#${name}>; rel="help"`
