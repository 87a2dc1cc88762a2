/**
 * The paths under `/.gatehouse/` on the application's origin: answered by the gateway, never forwarded.
 *
 * Only what is harmless there: the keys that assertions are verified with, the visitor's own status, the step of a held
 * sign-in, requests for access, and the ways to the portal, on whose own origin people sign in and factors live (SPEC §7), and to the admin
 * origin (SPEC §12). Invariant: whatever some back end would read as such a path is answered here, so that an application cannot pose as the gateway.
 */
import type { Clock } from '../runtime/clock.ts'
import { accountPath, securityManagementPath } from '../runtime/pages/management-line.ts'
import { problemsPage } from '../runtime/pages/problems-page.ts'
import { failureTexts } from '../runtime/pages/texts-failures.ts'
import { gatewayProblems, gatewayProblemsPath } from '../runtime/problem-kinds.ts'
import { requestsPath } from './asking.ts'
import type { Asserter } from './assertion.ts'
import { logoAnswer, logoPath } from './brand.ts'
import type { Exchange, Judgement, WholeResponse } from './exchange.ts'
import { practicesPath } from './practices-step.ts'
import type { Directory } from './questions.ts'
import { answerFailure } from './refusal.ts'
import { secondFactorPath, stepPath } from './refusals.ts'
import type { Site } from './site.ts'
import { statusAnswer } from './status-answer.ts'
import { stepPage } from './step-visit.ts'

const folder = '/.gatehouse'

/** Pages of the step besides its own: the ways to the portal and to the admin origin, and one's practices. */
const pagePaths: ReadonlySet<string> = new Set([
  secondFactorPath,
  accountPath,
  securityManagementPath,
  practicesPath,
])

const isOwn = (path: string): boolean => {
  // Nearly all paths: a dot cannot be written in capitals.
  if (path.charCodeAt(1) !== 46) return false
  const lower = path.toLowerCase()
  return lower === folder || lower.startsWith(`${folder}/`)
}

/** Whether some reading of the path lies under `/.gatehouse`. */
export const isOwnPath = ({ target }: Pick<Exchange, 'target'>): boolean => target.readings.some(isOwn)

const json = (body: string, cache: string): WholeResponse => ({
  status: 200,
  headers: ['Content-Type', 'application/json', 'Cache-Control', cache, 'X-Content-Type-Options', 'nosniff'],
  body,
})

/** What the kinds of problem documents mean: the same for everybody. */
const explained: WholeResponse = stepPage(200, problemsPage(gatewayProblems), 'same-origin', [])

const logoOf = ({ logos }: Site, { target }: Exchange) => logos.get(target.path.slice(logoPath.length))

const answerWhole = (response: WholeResponse): Judgement => ({ act: 'answer', response, decision: null })

/** Answers one of these paths; 404 for any other. */
export function answerOwnPath(
  known: { readonly asserter: Asserter; readonly directory: Directory; readonly clock: Clock },
  site: Site,
  exchange: Exchange,
): Judgement | Promise<Judgement> {
  const reading = exchange.method === 'GET' || exchange.method === 'HEAD'
  const stepping = exchange.method === 'GET' || exchange.method === 'POST'
  const own = site.identity?.own ?? null
  if (
    own !== null &&
    exchange.method === 'GET' &&
    exchange.target.path === site.upstream.identity?.signInPage
  )
    return own.begin(exchange)
  if (own !== null && exchange.method === 'GET' && exchange.target.path === stepPath && own.isBack(exchange))
    return own.finish(exchange)
  const isStep = exchange.target.path === stepPath || exchange.target.path === requestsPath
  if (stepping && isStep && site.identity !== null) return site.identity.access.answer(exchange)
  if (exchange.method === 'GET' && pagePaths.has(exchange.target.path) && site.identity !== null)
    return site.identity.access.answer(exchange)
  if (reading && exchange.target.path === `${folder}/jwks.json`)
    return answerWhole(json(known.asserter.jwks, 'public, max-age=300'))
  const logo = reading && exchange.target.path.startsWith(logoPath) ? logoOf(site, exchange) : undefined
  if (logo !== undefined) return answerWhole(logoAnswer(logo))
  if (reading && exchange.target.path === gatewayProblemsPath) return answerWhole(explained)
  if (reading && exchange.target.path === `${folder}/status`)
    return answerWhole(statusAnswer(known, site, exchange))
  return answerWhole(
    answerFailure(exchange, {
      status: 404,
      ...failureTexts.nothingHere,
    }),
  )
}
