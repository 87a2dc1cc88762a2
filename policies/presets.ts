/**
 * Presets: common ways to set the controls, each a function from document to document (SPEC §10).
 *
 * They switch, they never list: entries, windows, roles and people stay as they are. Invariant: a preset whose
 * prerequisites are missing changes nothing; applying one twice changes nothing more; undoing gives back the very
 * document. That one was applied is written down for people to read; a document is still what it says, not what it
 * was made with, so nothing decides by it.
 */
import type { PolicyDocument, presetIds, Scope } from './document.ts'
import { describeChanges, type SettingChange, settingChanges } from './document-changes.ts'
import { effectivePermissions } from './permissions.ts'
import { securityAdminPermission } from './permissions-gatehouse.ts'
import type { Checked, Problem } from './problem.ts'

/** The presets by id. */
export type PresetId = (typeof presetIds)[number]

/** One preset. */
export type Preset = { readonly id: PresetId; readonly name: string; readonly description: string }

/** What applying a preset comes to. */
export type PresetApplied = {
  readonly document: PolicyDocument
  /** One sentence a difference; empty: it is like that already. */
  readonly sentences: readonly string[]
  /** For `undoChanges`. */
  readonly changes: readonly SettingChange[]
}

type Controls = PolicyDocument['controls']
type Rule = Preset & {
  readonly needs: readonly ('entries' | 'hours' | 'admins')[]
  set(document: PolicyDocument): PolicyDocument
}

const everyone: Scope = { include: 'everyone', exempt: { roles: [], users: [] } }

/** Exemptions are decisions about people and survive a preset. */
const widened = (scope: Scope): Scope => ({ ...everyone, exempt: scope.exempt })

const withControls = (
  document: PolicyDocument,
  change: (controls: Controls) => Partial<Controls>,
): PolicyDocument => ({
  ...document,
  controls: { ...document.controls, ...change(document.controls) },
})

const adminRoles = (document: PolicyDocument): string[] =>
  document.roles
    .filter(({ permissions }) =>
      effectivePermissions(new Set(permissions), document.controls.permission).effective.has(
        securityAdminPermission,
      ),
    )
    .map(({ id }) => id)

const ipEnforced = ({ ip }: Controls): Controls['ip'] => ({
  ...ip,
  mode: 'enforce',
  scope: widened(ip.scope),
})
const timeEnforced = ({ time }: Controls): Controls['time'] => ({
  ...time,
  mode: 'enforce',
  scope: widened(time.scope),
})
const twoFactorFor = ({ twoFactor }: Controls, scope: Scope): Controls['twoFactor'] => ({
  ...twoFactor,
  mode: 'enforce',
  scope: { ...scope, exempt: twoFactor.scope.exempt },
})

const rules: readonly Rule[] = [
  {
    id: 'baseline',
    name: 'Baseline',
    description: 'Permissions enforced; addresses, hours and second factors not restricted.',
    needs: [],
    set: (document) =>
      withControls(document, ({ ip, time, twoFactor, permission }) => ({
        ip: { ...ip, mode: 'off' },
        time: { ...time, mode: 'off' },
        twoFactor: { ...twoFactor, mode: 'off' },
        permission: { ...permission, mode: 'enforce' },
      })),
  },
  {
    id: 'two-factor-admins',
    name: '2FA for admins',
    description: 'Whoever may change security settings shows a second factor.',
    needs: ['admins'],
    set: (document) => {
      const include = { roles: adminRoles(document), users: [] }
      return withControls(document, (controls) => ({
        twoFactor: twoFactorFor(controls, { ...everyone, include }),
      }))
    },
  },
  {
    id: 'two-factor-everyone',
    name: '2FA for everyone',
    description: 'Everyone shows a second factor.',
    needs: [],
    set: (document) =>
      withControls(document, (controls) => ({ twoFactor: twoFactorFor(controls, everyone) })),
  },
  {
    id: 'office-only',
    name: 'Office only',
    description: 'Access only from listed networks; from elsewhere people may ask.',
    needs: ['entries'],
    set: (document) => ({
      ...withControls(document, (controls) => ({ ip: ipEnforced(controls) })),
      requests: { ...document.requests, ip: true },
    }),
  },
  {
    id: 'office-hours',
    name: 'Office hours',
    description: 'Access only within approved times; outside people may ask.',
    needs: ['hours'],
    set: (document) => ({
      ...withControls(document, (controls) => ({ time: timeEnforced(controls) })),
      requests: { ...document.requests, time: true },
    }),
  },
  {
    id: 'strict',
    name: 'Strict',
    description: 'Listed networks, approved times and a second factor, for everyone.',
    needs: ['entries', 'hours'],
    set: (document) => ({
      ...withControls(document, (controls) => ({
        ip: ipEnforced(controls),
        time: timeEnforced(controls),
        twoFactor: {
          ...twoFactorFor(controls, everyone),
          notFromListedNetworks: false,
          rememberDeviceMs: 0,
        },
        permission: { ...controls.permission, mode: 'enforce' },
      })),
    }),
  },
  {
    id: 'remote-friendly',
    name: 'Remote-friendly',
    description: 'From anywhere with a second factor; none is asked on listed networks.',
    needs: ['entries'],
    set: (document) =>
      withControls(document, (controls) => ({
        ip: { ...controls.ip, mode: 'off' },
        twoFactor: { ...twoFactorFor(controls, everyone), notFromListedNetworks: true },
      })),
  },
]

/** The presets in the order in which they are offered. */
export const presets: readonly Preset[] = rules.map(({ id, name, description }) => ({
  id,
  name,
  description,
}))

const missing: { readonly [need in Rule['needs'][number]]: (document: PolicyDocument) => Problem | null } = {
  entries: ({ ipEntries }) =>
    ipEntries.some(({ on }) => on)
      ? null
      : {
          path: 'ipEntries',
          sentence: 'List the office network first: add your current address on the IP Allowlist.',
        },
  hours: ({ timeWindows }) =>
    timeWindows.length > 0
      ? null
      : { path: 'timeWindows', sentence: 'Add the office hours first, on Time Windows.' },
  admins: (document) =>
    adminRoles(document).length > 0
      ? null
      : { path: 'roles', sentence: 'No role may change security settings.' },
}

/** The document with the preset applied and what that changes, or what has to be done first. */
export const applyPreset = (document: PolicyDocument, preset: PresetId): Checked<PresetApplied> => {
  const rule = rules.find(({ id }) => id === preset)
  if (rule === undefined)
    return { ok: false, problems: [{ path: '', sentence: `there is no preset ${preset}` }] }
  const problems = rule.needs.flatMap((need) => missing[need](document) ?? [])
  if (problems.length > 0) return { ok: false, problems }
  const set = rule.set(document)
  // What is like that already stays the very document.
  if (settingChanges(document, set).length === 0) {
    return { ok: true, value: { document, sentences: [], changes: [] } }
  }
  const made = { ...set, presets: { ...set.presets, [preset]: true as const } }
  const changes = settingChanges(document, made)
  return { ok: true, value: { document: made, sentences: describeChanges(document, made), changes } }
}
