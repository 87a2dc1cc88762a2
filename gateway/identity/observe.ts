/**
 * What can be told of a sign-in that goes past: whether the request is one, and whether the answer is a success.
 *
 * It names nobody: who signed in is asked of the application, with the cookie that the answer sets. Invariant: a body
 * that is too long, of another type than configured, or no valid UTF-8 is not forwarded, and a name that is given
 * twice is no name. Trusting the typed name was refused (SPEC §2): it is a hint for logs.
 */
import { type FailureText, failureTexts } from '../../runtime/pages/texts-failures.ts'
import { readSetCookie, setCookieLines } from '../cookies.ts'
import type { RawHeaders, WholeResponse } from '../exchange.ts'
import type { Failure } from '../refusal.ts'
import type { LoginRule } from '../route-duties.ts'
import { fieldAt, parseStrictJson } from './json-claims.ts'

/** A sign-in that may be forwarded, with the typed name where it is unmistakable; or why not. */
export type SignInBody =
  | { readonly ok: true; readonly hint: string | null }
  | { readonly ok: false; readonly failure: Failure }

const types = {
  form: /^application\/x-www-form-urlencoded\s*(;|$)/i,
  json: /^application\/json\s*(;|$)/i,
} as const

const headerOf = (headers: RawHeaders, wanted: string): string | null => {
  for (let i = 0; i + 1 < headers.length; i += 2)
    if (headers[i]?.toLowerCase() === wanted) return headers[i + 1] ?? ''
  return null
}

const unreadable = (words: FailureText): SignInBody => ({
  ok: false,
  failure: { status: 400, ...words },
})

/** The text of valid UTF-8, else `null`. */
const utf8 = (bytes: Uint8Array): string | null => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}

function formHint(text: string, field: string): string | null {
  const values = new URLSearchParams(text).getAll(field)
  return values.length === 1 ? (values[0] ?? null) : null
}

function jsonHint(bytes: Uint8Array, field: string): string | null {
  const body = parseStrictJson(bytes)
  const value = body === undefined ? undefined : fieldAt(body, field)
  return typeof value === 'string' ? value : null
}

/** Whether a sign-in's body may go on. `bytes: null`: longer than the limit. */
export function readSignInBody(rule: LoginRule, headers: RawHeaders, bytes: Uint8Array | null): SignInBody {
  if (bytes === null)
    return {
      ok: false,
      failure: {
        status: 413,
        ...failureTexts.signInTooLong,
      },
    }
  if (rule.body === 'none' || bytes.byteLength === 0) return { ok: true, hint: null }
  if (!types[rule.body].test(headerOf(headers, 'content-type') ?? ''))
    return unreadable(failureTexts.signInOddForm)
  const text = utf8(bytes)
  if (text === null) return unreadable(failureTexts.signInNotUtf8)
  if (rule.userField === null) return { ok: true, hint: null }
  return {
    ok: true,
    hint: rule.body === 'form' ? formHint(text, rule.userField) : jsonHint(bytes, rule.userField),
  }
}

const bytesOf = (body: WholeResponse['body']): Uint8Array =>
  typeof body === 'string' ? Buffer.from(body) : body

/** Whether the application's answer is a success by every configured condition. */
export function isSuccess(rule: LoginRule, response: WholeResponse, at: number): boolean {
  const { status, setCookie, locationNot, jsonField } = rule.success
  if (!status.includes(response.status)) return false
  if (setCookie !== null) {
    const set = setCookieLines(response.headers).some((line) => {
      const change = readSetCookie(line, at)
      return change !== null && change.name === setCookie && !change.cleared
    })
    if (!set) return false
  }
  const location = headerOf(response.headers, 'location') ?? ''
  if (locationNot.some((start) => location.startsWith(start))) return false
  if (jsonField === null) return true
  const body = parseStrictJson(bytesOf(response.body))
  const value = body === undefined ? undefined : fieldAt(body, jsonField)
  return value === true || (typeof value === 'string' && value !== '')
}
