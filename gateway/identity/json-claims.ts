/**
 * Reads what an application says of somebody (JSON) into an `AppIdentity`, strictly.
 *
 * It does not ask the application (that is `introspect.ts`). Invariant: what could be read two ways (a key twice in
 * one object, a field of the wrong type, an id that is no plain text) names nobody: the answer is `null`, which
 * callers treat as "could not be found out", never as "nobody". Taking JSON.parse's last duplicate was refused:
 * the application's own parser may take the first.
 */
import type { ClaimRules } from '../../runtime/config-upstream.ts'
import { type AppIdentity, appIdentitySchema } from '../../runtime/internal.ts'

/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

const printable = /^[\x20-\x7e\u00a0-\u{10ffff}]+$/u

/** The end (index after the closing quote) of the string token that opens at `at`; the text is valid JSON. */
function stringEnd(text: string, at: number): number {
  let end = at + 1
  while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1
  return end + 1
}

/** Whether some object in `text`, which is valid JSON, has a key twice (escapes resolved). Linear, no recursion. */
export function hasDuplicateKeys(text: string): boolean {
  const open: (Set<string> | null)[] = []
  let keyExpected = false
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at]
    if (letter === '"') {
      const end = stringEnd(text, at)
      const keys = open.at(-1)
      if (keyExpected && keys) {
        const key = String(JSON.parse(text.slice(at, end)))
        if (keys.has(key)) return true
        keys.add(key)
        keyExpected = false
      }
      at = end - 1
    } else if (letter === '{' || letter === '[') {
      open.push(letter === '{' ? new Set() : null)
      keyExpected = letter === '{'
    } else if (letter === '}' || letter === ']') {
      open.pop()
      keyExpected = false
    } else if (letter === ',') keyExpected = open.at(-1) !== null
  }
  return false
}

/** The value of UTF-8 JSON without duplicate keys; `undefined` for anything else. */
export function parseStrictJson(bytes: Uint8Array): Json | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    const value = JSON.parse(text) as Json
    return hasDuplicateKeys(text) ? undefined : value
  } catch {
    return undefined
  }
}

const isObject = (value: Json | undefined): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The value at a dotted path; `undefined` where a step is missing. Own keys only. */
export function fieldAt(value: Json, path: string): Json | undefined {
  let at: Json | undefined = value
  for (const step of path.split('.')) {
    if (!isObject(at) || !Object.hasOwn(at, step)) return undefined
    at = at[step]
  }
  return at
}

const idOf = (value: Json | undefined): string | null => {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  return typeof value === 'string' && value.length <= 200 && printable.test(value) ? value : null
}

/** A text or `null`; `undefined` for a value of another type or with control characters. */
const textOf = (value: Json | undefined, max: number): string | null | undefined => {
  if (value === undefined || value === null || value === '') return null
  return typeof value === 'string' && printable.test(value) ? value.slice(0, max) : undefined
}

const listOf = (value: Json | undefined): readonly string[] | null => {
  if (value === undefined || value === null) return []
  const list = typeof value === 'string' ? [value] : value
  if (!Array.isArray(list)) return null
  const texts = list.map(idOf)
  return texts.every((text) => text !== null) ? texts : null
}

/** The practice named, `null`: none; `undefined` for what is no id. */
const currentOf = (value: Json | undefined): string | null | undefined =>
  value === undefined || value === null || value === '' ? null : (idOf(value) ?? undefined)

type Practices = AppIdentity['practices']

function onePractice(value: Json, rules: ClaimRules): Practices[number] | null {
  if (!isObject(value)) {
    const id = idOf(value)
    return id === null ? null : { id, roles: [] }
  }
  const id = idOf(fieldAt(value, rules.practiceId))
  const roles = rules.practiceRoles === null ? [] : listOf(fieldAt(value, rules.practiceRoles))
  return id === null || roles === null ? null : { id, roles: [...roles] }
}

function practicesOf(body: Json, rules: ClaimRules, fixed: string | null): Practices | null {
  const roles = rules.roles === null ? [] : listOf(fieldAt(body, rules.roles))
  if (roles === null) return null
  if (rules.practices === null) return fixed === null ? [] : [{ id: fixed, roles: [...roles] }]
  const value = fieldAt(body, rules.practices)
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) return null
  const seen = new Map<string, Practices[number]>()
  for (const entry of value as readonly Json[]) {
    const practice = onePractice(entry, rules)
    if (practice === null || seen.has(practice.id)) return null
    seen.set(practice.id, { id: practice.id, roles: [...practice.roles, ...roles] })
  }
  return [...seen.values()]
}

/**
 * Who `body` (the application's answer, or what its token claims) is about; `null` where it cannot be told. `fixed`: the only practice
 * of an application that names none.
 */
export function readIdentity(body: Json, rules: ClaimRules, fixed: string | null): AppIdentity | null {
  if (!isObject(body)) return null
  const appUser = idOf(fieldAt(body, rules.user))
  const kind = rules.kindField === null ? 'staff' : fieldAt(body, rules.kindField)
  const email = rules.email === null ? null : textOf(fieldAt(body, rules.email), 254)
  const name = rules.name === null ? null : textOf(fieldAt(body, rules.name), 200)
  const amr = rules.amr === null ? [] : listOf(fieldAt(body, rules.amr))
  const practices = practicesOf(body, rules, fixed)
  const practice = rules.currentPractice === null ? null : currentOf(fieldAt(body, rules.currentPractice))
  if (appUser === null || typeof kind !== 'string' || email === undefined || name === undefined) return null
  if (amr === null || practices === null || practice === undefined) return null
  const parsed = appIdentitySchema.safeParse({
    appUser,
    kind: rules.patientKinds.includes(kind) ? 'patient' : 'staff',
    name,
    email,
    practices,
    amr: amr.slice(0, 10),
    ...(practice === null ? {} : { practice }),
  })
  return parsed.success ? parsed.data : null
}
