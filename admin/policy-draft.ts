/**
 * A draft: a change of a practice's policy as one value, to be looked at before it is saved, or kept until its time.
 *
 * It saves and judges nothing. It has what the tabs can change and nothing else, so that whatever an admin is about to
 * do can be asked about first. Invariant: applied to the same document it makes the same document. A whole new document
 * was refused as a draft: what others saved in between would be taken back by it.
 */
import { z } from '@hono/zod-openapi'
import type { RoleId, UserId } from '../policies/access-request.ts'
import { parseRange, rangeText } from '../policies/address.ts'
import {
  exceptionSchema,
  ipEntrySchema,
  type PolicyDocument,
  policyDocumentSchema,
  presetIds,
  roleSchema,
  timeWindowSchema,
} from '../policies/document.ts'
import type { Instant } from '../policies/instant.ts'
import { applyPreset } from '../policies/presets.ts'
import type { Problem } from '../policies/problem.ts'

const { controls, sessions, requests, emergency, signIn } = policyDocumentSchema.shape
const opaqueId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'use 1 to 64 letters, digits, _ and -')
const listedMax = 200

/** What of a list is put in (by its id, in place of an old one of that id) and what is taken out. */
const listOf = <S extends z.ZodType>(item: S) =>
  z.strictObject({
    put: z.array(item).max(listedMax).default([]),
    remove: z.array(opaqueId).max(listedMax).default([]),
  })

const { on, expiresAt, note, createdBy, createdAt } = ipEntrySchema.shape

/** Switches and settings: what may also wait for its time. */
export const settingsDraftSchema = z.strictObject({
  /** Applied first. */
  preset: z.enum(presetIds).optional(),
  controls: z
    .strictObject({
      ip: controls.shape.ip.partial().optional(),
      time: controls.shape.time.partial().optional(),
      twoFactor: controls.shape.twoFactor.partial().optional(),
      permission: controls.shape.permission.partial().optional(),
    })
    .optional(),
  sessions: sessions.partial().optional(),
  requests: requests.partial().optional(),
  emergency: emergency.partial().optional(),
})
/** Switches and settings to change. */
export type SettingsDraft = z.infer<typeof settingsDraftSchema>

/** Everything that the tabs can change. */
export const draftSchema = settingsDraftSchema.extend({
  ipEntries: listOf(
    ipEntrySchema.extend({
      on: on.default(true),
      expiresAt: expiresAt.default(null),
      note: note.default(''),
      createdBy: createdBy.default(''),
      createdAt: createdAt.default(0),
    }),
  ).optional(),
  timeWindows: listOf(timeWindowSchema).optional(),
  exceptions: listOf(exceptionSchema).optional(),
  roles: listOf(roleSchema).optional(),
  /**
   * All of the ways, since one of them has to be on. It waits for no time: the lockout guard knows nothing of ways of
   * signing in, so that one that is closed has to be confirmed by somebody who is there.
   */
  signIn: signIn.unwrap().optional(),
  /** People who get other roles, each with all of theirs. */
  members: z
    .array(z.strictObject({ user: opaqueId, roles: z.array(z.string().max(64)).max(50) }))
    .max(listedMax)
    .optional(),
})
/** A change of everything that the tabs can change. */
export type Draft = z.infer<typeof draftSchema>

type ListDraft<T> = { readonly put: readonly T[]; readonly remove: readonly string[] } | undefined

/** The list with the changes; what is put in anew comes last. */
function changed<T extends { readonly id: string }>(list: readonly T[], draft: ListDraft<T>): T[] {
  if (draft === undefined) return [...list]
  const put = new Map(draft.put.map((item) => [item.id, item]))
  const gone = new Set(draft.remove)
  const known = new Set(list.map(({ id }) => id))
  return [
    ...list.filter(({ id }) => !gone.has(id)).map((item) => put.get(item.id) ?? item),
    ...draft.put.filter(({ id }) => !known.has(id)),
  ]
}

const canonical = (text: string): string => {
  const parsed = parseRange(text)
  return parsed === null ? text : rangeText(parsed.range)
}

/** Values that a partial object does not have stay: `undefined` is not one of a document. */
const over = <T extends object>(
  value: T,
  draft: { readonly [key in keyof T]?: T[key] | undefined } = {},
): T =>
  Object.assign(
    { ...value },
    Object.fromEntries(Object.entries(draft).filter(([, given]) => given !== undefined)),
  )

/** The document with its switches and settings changed, or what has to be done before. */
export function applySettings(
  document: PolicyDocument,
  draft: SettingsDraft,
): PolicyDocument | { readonly problems: readonly Problem[] } {
  const made = draft.preset === undefined ? null : applyPreset(document, draft.preset)
  if (made?.ok === false) return { problems: made.problems }
  const from = made?.value.document ?? document
  const { ip, time, twoFactor, permission } = from.controls
  return {
    ...from,
    controls: {
      ip: over(ip, draft.controls?.ip),
      time: over(time, draft.controls?.time),
      twoFactor: over(twoFactor, draft.controls?.twoFactor),
      permission: over(permission, draft.controls?.permission),
    },
    sessions: over(from.sessions, draft.sessions),
    requests: over(from.requests, draft.requests),
    emergency: over(from.emergency, draft.emergency),
  }
}

/** The document with the draft applied at `at`; not checked as a whole (`compile` does). People are `rolesIn`'s. */
export function applyDraft(
  document: PolicyDocument,
  draft: Draft,
  at: Instant,
): PolicyDocument | { readonly problems: readonly Problem[] } {
  const from = applySettings(document, draft)
  if ('problems' in from) return from
  const entries = draft.ipEntries && {
    ...draft.ipEntries,
    put: draft.ipEntries.put.map((entry) => ({
      ...entry,
      range: canonical(entry.range),
      createdAt: entry.createdAt === 0 ? at : entry.createdAt,
    })),
  }
  return {
    ...from,
    ipEntries: changed(from.ipEntries, entries),
    timeWindows: changed(from.timeWindows, draft.timeWindows),
    exceptions: changed(from.exceptions, draft.exceptions),
    roles: changed(from.roles, draft.roles),
    signIn: draft.signIn ?? from.signIn,
  }
}

/** Whose roles the draft changes; `undefined`: nobody's. */
export const rolesIn = ({ members }: Draft): ReadonlyMap<UserId, readonly RoleId[]> | undefined =>
  members === undefined ? undefined : new Map(members.map(({ user, roles }) => [user, roles]))
