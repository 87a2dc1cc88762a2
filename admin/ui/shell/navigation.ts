/**
 * The screens of a practice in their groups: what the sidebar, the search and the keys all read.
 *
 * Where a screen's code is, `router.tsx` says. Invariant: a screen stands here once, under the name of its heading;
 * the first group has the seven tabs of Security Management in their order.
 */
import type { LinkProps } from '@tanstack/react-router'
import type { IconName } from '../parts/icons.tsx'
import type { General } from '../queries.ts'

/** The address of a screen, the practice left open. */
export type ScreenPath = Extract<NonNullable<LinkProps['to']>, `/practices/$practice/${string}`>

/** A screen. */
export type Screen = {
  readonly to: ScreenPath
  readonly name: string
  readonly icon: IconName
  /** What one does there, in words that somebody may search for. */
  readonly says: string
  /** The key that leads there after `g`. */
  readonly key?: string
  /** The control whose mode stands beside the name. */
  readonly control?: keyof General['controls']
  /** What is counted beside the name. */
  readonly counts?: 'waiting requests'
}

/** Screens that belong together. */
export type ScreenGroup = {
  readonly name: string
  readonly screens: readonly Screen[]
  /** Only for accounts of every practice. */
  readonly isForOperators?: true
}

/** Every screen, in the order of the sidebar. */
export const groups: readonly ScreenGroup[] = [
  {
    name: 'Security Management',
    screens: [
      {
        to: '/practices/$practice/general',
        name: 'General settings',
        icon: 'controls',
        says: 'Controls on and off, presets, sessions, confirmation of changes',
        key: 'g',
      },
      {
        to: '/practices/$practice/ip-allowlist',
        name: 'IP allowlist',
        icon: 'network',
        says: 'Networks people may come from, add my address, test an address',
        key: 'i',
        control: 'ip',
      },
      {
        to: '/practices/$practice/time-windows',
        name: 'Time windows',
        icon: 'clock',
        says: 'Hours, closures, holidays, one-off openings',
        key: 't',
        control: 'time',
      },
      {
        to: '/practices/$practice/active-users',
        name: 'Active users',
        icon: 'device',
        says: 'Who is signed in, sessions, sign out, revoke',
        key: 'a',
      },
      {
        to: '/practices/$practice/two-factor',
        name: '2FA management',
        icon: 'phone',
        says: 'Second factors, gaps, reset, enrolment codes',
        key: '2',
        control: 'twoFactor',
      },
      {
        to: '/practices/$practice/access-requests',
        name: 'Access requests',
        icon: 'inbox',
        says: 'Approve or reject requests from elsewhere or outside hours',
        key: 'r',
        counts: 'waiting requests',
      },
      {
        to: '/practices/$practice/security-events',
        name: 'Security events',
        icon: 'list',
        says: 'Audit log, who changed what, refusals, export, reference codes',
        key: 'e',
      },
    ],
  },
  {
    name: 'People',
    screens: [
      {
        to: '/practices/$practice/users',
        name: 'Users',
        icon: 'people',
        says: 'Members, their roles, suspend, rejoin',
        key: 'u',
      },
      {
        to: '/practices/$practice/roles',
        name: 'Roles & permissions',
        icon: 'key',
        says: 'What roles may do, effective permissions of a person, route map, unmapped and proposed routes, import',
        key: 'p',
        control: 'permission',
      },
    ],
  },
  {
    name: 'Tools',
    screens: [
      {
        to: '/practices/$practice/simulate',
        name: 'Simulate',
        icon: 'search',
        says: 'What would happen: somebody, from an address, at a time, on a page',
        key: 's',
      },
      {
        to: '/practices/$practice/emergency',
        name: 'Emergency access',
        icon: 'shield',
        says: 'Break-glass: who is in now, ending it, sealed codes, the drill',
        key: 'b',
      },
      {
        to: '/practices/$practice/tokens',
        name: 'Service tokens',
        icon: 'key',
        says: 'Machines that come in: scope, expiry, rotate, revoke, last used',
        key: 'k',
      },
      {
        to: '/practices/$practice/notifications',
        name: 'Notifications',
        icon: 'bell',
        says: 'Who is told what, by e-mail and webhook',
        key: 'n',
      },
      {
        to: '/practices/$practice/retention',
        name: 'Audit and retention',
        icon: 'download',
        says: 'Chain, checkpoints, how long events are kept, streams, access report',
        key: 'o',
      },
    ],
  },
  {
    name: 'Organisation',
    screens: [
      {
        to: '/practices/$practice/all-practices',
        name: 'Practices',
        icon: 'gate',
        says: 'Every practice: find, create, plan, name and zone',
      },
      {
        to: '/practices/$practice/own-accounts',
        name: 'Own accounts',
        icon: 'user',
        says: 'Accounts of Gatehouse itself: invite, link, suspend',
      },
    ],
    isForOperators: true,
  },
]

/** The groups that somebody sees: none that is empty, and those for operators only for them. */
export const groupsFor = (isOperator: boolean): readonly ScreenGroup[] =>
  groups.filter(
    ({ screens, isForOperators }) => screens.length > 0 && (isOperator || isForOperators !== true),
  )
