/**
 * Forms that the admin origin's own pages send, read strictly, and the answers around them.
 *
 * It decides nothing. Invariant: a field that is there twice makes the whole form nobody's: a second value would be read
 * differently by whoever looks next; every redirect and page carries the origin's headers.
 */
import type { Context } from 'hono'
import type { DurationMs } from '../../policies/instant.ts'
import type { AdminEnv } from '../api/admin-env.ts'
import { secureHeaders } from '../response-headers.ts'
import { isFromUs } from './own-origin.ts'

/** The largest form read here. */
export const formBytesMax = 16_384

/** What is said when a form came from elsewhere. */
export const elsewhere = 'That form was not sent by this page. Try again here.'

/** The fields of a form of ours by name, absent ones empty; `null`: another content type, a field twice, or not from us. */
export async function readFields<Name extends string>(
  c: Context<AdminEnv>,
  origin: string,
  names: readonly Name[],
): Promise<Readonly<Record<Name, string>> | null> {
  if (!isFromUs(origin, c.req.header('origin'), c.req.header('sec-fetch-site'))) return null
  if (!/^application\/x-www-form-urlencoded(?:;|$)/.test(c.req.header('content-type') ?? '')) return null
  const form = new URLSearchParams(await c.req.text())
  if (names.some((name) => form.getAll(name).length > 1)) return null
  return Object.fromEntries(names.map((name) => [name, form.get(name) ?? ''])) as Record<Name, string>
}

/** 303 to a path of ours, with these cookies. */
export function seeOtherHere(location: string, cookies: readonly string[]): Response {
  const headers = new Headers({ ...secureHeaders(null), location, 'cache-control': 'no-store' })
  for (const one of cookies) headers.append('set-cookie', one)
  return new Response(null, { status: 303, headers })
}

/** "a minute", "5 minutes": how long to wait, for people. */
export const minutesText = (ms: DurationMs): string => {
  const whole = Math.max(1, Math.ceil(ms / 60_000))
  return whole === 1 ? 'a minute' : `${whole} minutes`
}

/** The User-Agent, cut; shown to admins, never trusted. */
export const deviceOf = (c: Context<AdminEnv>): string => (c.req.header('user-agent') ?? '').slice(0, 300)
