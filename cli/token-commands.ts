/**
 * `gatehouse token create|list|revoke`: service tokens at the command line, by the same functions as the API's.
 *
 * It judges no token. Invariant: a new token is printed once, on standard output, after everything that could fail; it
 * is in no error and in no list.
 */

import { makeToken, revokeToken, type TokenWish } from '../admin/service-tokens.ts'
import type { Store } from '../admin/store/database.ts'
import { type ListedToken, listTokens } from '../admin/store/service-tokens.ts'
import type { Instant } from '../policies/instant.ts'
import { requirementsOf } from '../runtime/upstream-routes.ts'
import { type CommandLine, listIn } from './command-line.ts'
import { exitCodes, stopWith } from './exit-codes.ts'
import { oneLine, problemsStop } from './policy-file.ts'
import { operatorDeed } from './policy-operator.ts'
import { withDatabase } from './reached-database.ts'
import { readSettings } from './settings.ts'
import { tellChange } from './told-change.ts'
import { findMemberByLogin } from './user-commands.ts'

const dayMs = 86_400_000

const needed = (line: CommandLine, option: string): string => {
  const typed = line.given[option]
  if (typeof typed === 'string' && typed.trim() !== '') return typed
  throw stopWith(exitCodes.usage, `gatehouse ${line.command}: say --${option}.`)
}

/** A list, or the one word that means all of it; never nothing. */
const scopeIn = <A extends string>(line: CommandLine, option: string, all: A): readonly string[] | A => {
  const typed = listIn(line, option)
  if (typed.length === 0)
    throw stopWith(exitCodes.usage, `gatehouse ${line.command}: say --${option}, or --${option} ${all}.`)
  return typed.length === 1 && typed[0] === all ? all : typed
}

const daysIn = (line: CommandLine): number => {
  const typed = needed(line, 'days')
  if (!/^\d{1,3}$/.test(typed) || Number(typed) < 1)
    throw stopWith(exitCodes.usage, `gatehouse ${line.command}: --days takes 1 to 366, not "${typed}".`)
  return Number(typed)
}

/** Exit 0: made and active everywhere; 75: made, not active everywhere yet; 78: the wish has Problems. */
export const createToken = async (line: CommandLine, now: () => Instant): Promise<number> => {
  const practice = line.practice ?? ''
  const at = now()
  const wish = {
    name: needed(line, 'name'),
    routes: scopeIn(line, 'route', 'anything'),
    methods: scopeIn(line, 'method', 'anything'),
    ranges: scopeIn(line, 'from', 'anywhere'),
    permissions: listIn(line, 'permission'),
    expiresAt: at + daysIn(line) * dayMs,
  } satisfies Omit<TokenWish, 'owner'>
  const login = needed(line, 'owner')
  const config = await readSettings(line)
  return withDatabase(config, async (store) => {
    const owner = await findMemberByLogin(store, practice, login)
    const deed = operatorDeed(at, line.reason)
    const routes = new Set(requirementsOf(config.upstreams).keys())
    const made = await makeToken(store, { practice, deed, routes }, { ...wish, owner: owner.user })
    if (made.outcome === 'unknown-practice')
      throw stopWith(exitCodes.failed, `gatehouse: there is no practice "${practice}".`)
    if (made.outcome === 'problems') throw problemsStop('token', made.problems, line.json)
    const { token, listed, announced } = made
    const ended = new Date(listed.expiresAt).toISOString()
    return tellChange(
      store,
      line,
      {
        sentence: `${token}\nKeep it now: it is shown once. ${listed.name} (${listed.id}) until ${ended}.`,
        told: { token, id: listed.id, name: listed.name, expiresAt: listed.expiresAt },
        announced,
      },
      now,
    )
  })
}

const stateText = ({ revokedAt, expiresAt }: ListedToken, at: Instant): string =>
  revokedAt !== null ? 'revoked' : expiresAt <= at ? 'expired' : 'active'

const lineOf = (token: ListedToken, at: Instant): string => {
  const used =
    token.lastUsedAt === null
      ? 'never used'
      : `last used ${new Date(token.lastUsedAt).toISOString()} from ${token.lastAddress}`
  const scope = [
    token.methods?.join(',') ?? 'any method',
    token.routes?.join('; ') ?? 'any route',
    `from ${token.ranges?.join(', ') ?? 'anywhere'}`,
  ].join(', ')
  const until = new Date(token.expiresAt).toISOString().slice(0, 10)
  return `${token.id}  ${token.prefix}…  ${stateText(token, at).padEnd(7)}  until ${until}  ${token.name} (${token.owner.name}): ${scope}; ${used}`
}

/** Exit 0 with the tokens of a practice, newest first; 69 without a database. */
export const showTokens = async (line: CommandLine, now: () => Instant): Promise<number> => {
  const config = await readSettings(line)
  const list = (store: Store) => store.read((rows) => listTokens(rows, line.practice ?? ''))
  const tokens = await withDatabase(config, list)
  const at = now()
  if (line.json)
    process.stdout.write(
      `${JSON.stringify({ ok: true, tokens: tokens.map((token) => ({ ...token, state: stateText(token, at) })) })}\n`,
    )
  else for (const token of tokens) process.stdout.write(`${oneLine(lineOf(token, at))}\n`)
  return exitCodes.ok
}

/** Exit 0: revoked and active everywhere, or revoked before; 75: not everywhere yet; 1: there is no such token. */
export const endToken = async (line: CommandLine, now: () => Instant): Promise<number> => {
  const practice = line.practice ?? ''
  const id = line.subject ?? ''
  const config = await readSettings(line)
  return withDatabase(config, async (store) => {
    const revoked = await revokeToken(store, { practice, id, deed: operatorDeed(now(), line.reason) })
    if (revoked.outcome === 'unknown')
      throw stopWith(exitCodes.failed, `gatehouse: ${practice} has no token "${id}".`)
    const { outcome, listed, announced } = revoked
    const sentence =
      outcome === 'revoked' ? `Revoked: ${listed.name}.` : `Nothing to do: ${listed.name} was revoked before.`
    return tellChange(store, line, { sentence, told: { outcome, id }, announced }, now)
  })
}
