/**
 * What two documents differ in: as sentences to read, and as values to take back.
 *
 * It is not a general JSON diff: lists are compared by id, settings by value, and every sentence names things as admins
 * do. Invariant: taking changes back restores exactly what was there, and refuses where someone has changed it since.
 */
import type { Audience, PolicyDocument, Scope } from './document.ts'
import { permissionName } from './permissions.ts'

/** One setting that differs; `path` like `['controls', 'ip', 'mode']`. */
export type SettingChange = {
  readonly path: readonly string[]
  readonly before: unknown
  readonly after: unknown
}

const same = (one: unknown, other: unknown): boolean =>
  one === other || JSON.stringify(one) === JSON.stringify(other)

const isGroup = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Values that change as a whole: half a scope is another scope. */
const wholes: ReadonlySet<string> = new Set(['scope'])

const leaves = (before: unknown, after: unknown, path: readonly string[], into: SettingChange[]): void => {
  if (same(before, after)) return
  if (isGroup(before) && isGroup(after) && !wholes.has(path.at(-1) ?? '')) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      leaves(before[key], after[key], [...path, key], into)
    }
  } else into.push({ path, before, after })
}

const sections = [
  'practice',
  'controls',
  'stepUp',
  'requests',
  'emergency',
  'sessions',
  'signIn',
  'presets',
] as const

/** Every setting outside the lists (entries, windows, exceptions, roles) that differs. */
export const settingChanges = (before: PolicyDocument, after: PolicyDocument): readonly SettingChange[] => {
  const found: SettingChange[] = []
  for (const key of sections) {
    leaves(before[key], after[key], [key], found)
  }
  return found
}

const read = (from: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, key) => (isGroup(value) ? value[key] : undefined), from)

const written = (into: unknown, path: readonly string[], value: unknown): unknown => {
  const [key, ...rest] = path
  if (key === undefined) return value
  const copy: Record<string, unknown> = isGroup(into) ? { ...into } : {}
  const next = written(copy[key], rest, value)
  if (next === undefined) delete copy[key]
  else copy[key] = next
  return copy
}

/**
 * The document without these changes; `null` where one of the settings is no longer what the change made it. Key order
 * is kept, so that undoing at once gives back the very text.
 */
export const undoChanges = (
  document: PolicyDocument,
  changes: readonly SettingChange[],
): PolicyDocument | null => {
  if (changes.some(({ path, after }) => !same(read(document, path), after))) return null
  return changes.reduce<unknown>(
    (made, { path, before }) => written(made, path, before),
    document,
  ) as PolicyDocument
}

const names: { readonly [path: string]: string } = {
  'controls.ip.mode': 'IP restrictions',
  'controls.ip.scope': 'IP restrictions concern',
  'controls.ip.signInOnlyFromListed': 'Sign-in only from listed networks',
  'controls.time.mode': 'Time windows',
  'controls.time.scope': 'Time windows concern',
  'controls.twoFactor.mode': 'Two-factor',
  'controls.twoFactor.scope': 'Two-factor concerns',
  'controls.twoFactor.graceMs': 'Grace to set up two-factor',
  'controls.twoFactor.maxAgeMs': 'A second factor counts for',
  'controls.twoFactor.notFromListedNetworks': 'No second factor on listed networks',
  'controls.twoFactor.sms': 'Codes by text message',
  'controls.twoFactor.trust.app': 'The application’s own second factor counts',
  'controls.twoFactor.trust.google': 'The provider’s second factor counts',
  'controls.twoFactor.rememberDeviceMs': 'Devices are remembered for',
  'controls.permission.mode': 'Route permissions',
  'controls.permission.hiddenBlockers': 'Patient windows stay shut without the patient search',
  'requests.ip': 'Requests for addresses',
  'requests.time': 'Requests for hours',
  'requests.standardMs': 'Approvals last',
  'requests.contact': 'Whom to ask instead',
  'emergency.allowed': 'Emergency access',
  'emergency.lastsMs': 'Emergency access lasts',
  'sessions.idleMs': 'Sessions end without traffic after',
  'sessions.absoluteMs': 'Sessions end in any case after',
  'sessions.concurrentMax': 'Sessions at once',
  'sessions.bindToNetwork': 'Sessions are bound to their network',
  'signIn.password': 'Signing in here with a password',
  'signIn.passkey': 'Signing in here with a passkey',
  'signIn.provider': 'Signing in here with Google or another provider',
}

const msText = (ms: number): string => {
  if (ms === 0) return 'not at all'
  if (ms % 86_400_000 === 0) return `${ms / 86_400_000} d`
  return ms % 3_600_000 === 0 ? `${ms / 3_600_000} h` : `${Math.round(ms / 60_000)} min`
}

const scopeText = ({ include, exempt }: Scope): string => {
  const chosen = include === 'everyone' ? 'everyone' : [...include.roles, ...include.users].join(', ')
  const spared = [...exempt.roles, ...exempt.users]
  return spared.length === 0 ? chosen : `${chosen} except ${spared.join(', ')}`
}

const valueText = (value: unknown, path: readonly string[]): string => {
  if (isGroup(value) && path.at(-1) === 'scope') return scopeText(value as Scope)
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  if (typeof value === 'number' && path.at(-1)?.endsWith('Ms')) return msText(value)
  if (value === null || value === undefined) return 'none'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

const audienceText = (audience: Audience): string => {
  if (audience === 'practice') return 'everyone'
  return 'role' in audience ? `role ${audience.role}` : `user ${audience.user}`
}

const listChanges = <T extends { readonly id: string }>(
  before: readonly T[],
  after: readonly T[],
  what: string,
  describe: (item: T) => string,
): readonly string[] => {
  if (before === after) return []
  const earlier = new Map(before.map((item) => [item.id, item]))
  const later = new Map(after.map((item) => [item.id, item]))
  const sentences: string[] = []
  for (const item of after) {
    const old = earlier.get(item.id)
    if (old === undefined) sentences.push(`${what} added: ${describe(item)}`)
    else if (!same(old, item)) sentences.push(`${what} changed: ${describe(old)} → ${describe(item)}`)
  }
  for (const item of before) if (!later.has(item.id)) sentences.push(`${what} removed: ${describe(item)}`)
  return sentences
}

const roleChanges = (before: PolicyDocument, after: PolicyDocument): readonly string[] =>
  after.roles.flatMap((role) => {
    const old = before.roles.find(({ id }) => id === role.id)
    if (old === undefined) return []
    const gained = role.permissions.filter((id) => !old.permissions.includes(id))
    const lost = old.permissions.filter((id) => !role.permissions.includes(id))
    return [
      ...gained.map((id) => `${role.name} gains “${permissionName(id)}”`),
      ...lost.map((id) => `${role.name} loses “${permissionName(id)}”`),
    ]
  })

/** Every difference as a sentence, settings first; empty where the documents are equal. */
export const describeChanges = (before: PolicyDocument, after: PolicyDocument): readonly string[] => {
  // That a preset was applied is no difference in what holds.
  const effective = settingChanges(before, after).filter(({ path }) => path[0] !== 'presets')
  const settings = effective.map(({ path, ...values }) => {
    const name = names[path.join('.')] ?? path.join('.')
    return `${name}: ${valueText(values.before, path)} → ${valueText(values.after, path)}`
  })
  return [
    ...settings,
    ...listChanges(
      before.ipEntries,
      after.ipEntries,
      'Entry',
      ({ label, range, audience, on }) =>
        `${label} (${range}) for ${audienceText(audience)}${on ? '' : ', off'}`,
    ),
    ...listChanges(
      before.timeWindows,
      after.timeWindows,
      'Window',
      ({ days, start, end, audience }) => `${days.join(' ')} ${start}–${end} for ${audienceText(audience)}`,
    ),
    ...listChanges(
      before.exceptions,
      after.exceptions,
      'Exception',
      ({ kind, label, from, to }) => `${kind} ${label}, ${from}${to === from ? '' : ` to ${to}`}`,
    ),
    ...listChanges(
      before.roles.map(({ id, name, idleMs, absoluteMs }) => ({ id, name, idleMs, absoluteMs })),
      after.roles.map(({ id, name, idleMs, absoluteMs }) => ({ id, name, idleMs, absoluteMs })),
      'Role',
      ({ name }) => name,
    ),
    ...roleChanges(before, after),
  ]
}
