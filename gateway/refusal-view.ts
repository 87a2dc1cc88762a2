/**
 * What a person is shown when a decision refuses them: the facts for the page, from what the gateway knows.
 *
 * Words are the catalogue's (`runtime/pages`), the shape for other clients is `refusal.ts`'s. Invariant: it shows only
 * the visitor's own address, practices and permissions, and asks nothing of anybody: it must render while everything
 * else is down.
 */
import type { Decision } from '../policies/decision.ts'
import type { Instant } from '../policies/instant.ts'
import { permissionName } from '../policies/permissions.ts'
import type { RefusalView } from '../runtime/pages/refusal-page.ts'
import { signInOf } from './engine-node.ts'
import type { Exchange, WholeResponse } from './exchange.ts'
import { answer, type Directory, type Question, scopeOf } from './questions.ts'
import { type RefusalExtra, refuse } from './refusal.ts'

/** What goes into a refusal besides the decision. `question: null`: nobody, or nobody of the directory. */
export type Refusing = {
  readonly exchange: Exchange
  readonly question: Question | null
  readonly decision: Decision
  /** The reference code; `null`: none was made. */
  readonly code: string | null
  readonly setCookies: readonly string[]
  readonly at: Instant
}

const readable = (at: Instant, zone: string): string =>
  new Intl.DateTimeFormat('en-US', { dateStyle: 'full', timeStyle: 'short', timeZone: zone }).format(at)

const missingPermissions = ({ question, decision }: Refusing): readonly string[] => {
  if (question === null || decision.reason !== 'permission-missing') return []
  const ids = question.requirements.flatMap(({ permissions }) => {
    if (permissions === null) return []
    return 'any' in permissions ? permissions.any : permissions.all
  })
  return [...new Set(ids)]
}

const missingSentence = (permissions: readonly string[]): string => {
  const names = permissions.map((id) => `“${permissionName(id)}”`).join(', ')
  return `This needs ${permissions.length === 1 ? 'the permission' : 'one of the permissions'} ${names}, which your role does not have.`
}

const practiceLines = (directory: Directory, question: Question, at: Instant): RefusalView['practices'] =>
  directory.practicesOf(question.session.record.user).map((practice) => ({
    name: directory.practice(practice, at)?.snapshot.practice.name ?? practice,
    allowed:
      answer(directory, { ...question, sources: { placed: [practice], carried: null, doubtful: false } }, at)
        .verdict === 'permit',
    href: null,
  }))

function viewOf(directory: Directory, refusing: Refusing): NonNullable<RefusalExtra['view']> {
  const { exchange, question, decision, at } = refusing
  const [first = null] = question === null ? [] : scopeOf(directory, question).practices
  const snapshot = first === null ? null : (directory.practice(first, at)?.snapshot ?? null)
  const zone = snapshot?.practice.zone ?? 'UTC'
  return {
    practice: snapshot?.practice.name ?? null,
    permissions: missingPermissions(refusing).map(permissionName),
    address: decision.control === 'ip' ? exchange.client.text : null,
    now: snapshot === null ? null : readable(at, zone),
    opens: decision.opensAt === null ? null : readable(decision.opensAt, zone),
    contact: snapshot?.document.requests.contact || null,
    practices: question === null ? [] : practiceLines(directory, question, at),
  }
}

/** The refusal in the form its client understands. A person without a session is sent to sign in instead. */
export function refuseWithPage(directory: Directory, refusing: Refusing): WholeResponse {
  const { exchange, decision, code, setCookies } = refusing
  const permissions = missingPermissions(refusing)
  const extra: RefusalExtra = {
    ...(exchange.kind === 'navigation' ? { view: viewOf(directory, refusing) } : {}),
    ...(code === null ? {} : { code }),
    ...(permissions.length === 0 ? {} : { permissions, sentence: missingSentence(permissions) }),
    ...(setCookies.length === 0 ? {} : { setCookies }),
  }
  const facts = { ...exchange, target: exchange.target.raw, signIn: signInOf(exchange.upstream) }
  return refuse(facts, decision, extra)
}
