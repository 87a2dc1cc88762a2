/**
 * The states that every screen of the console has: waiting for an answer, no answer, not permitted, nothing there yet; and every
 * dialog that an address opens.
 *
 * The screens as they usually are, and what has to be done in them first, are `console-screens.ts`. Invariant: as there, and each
 * state of a room comes from one line of its list, so that a new room has them all.
 */
import { addressCards } from '../admin/ui/canned-allowlist.ts'
import { emptyRefusals, nothingYet } from '../admin/ui/canned-empty.ts'
import { planned, refusedStart } from '../admin/ui/canned-general.ts'
import { emergency } from '../admin/ui/canned-operations.ts'
import { me } from '../admin/ui/canned-practice.ts'
import type { ConsoleScreen } from './console-screen.ts'

const api = '/api/practices/maple'

/** What the API says to whoever may not. */
export const forbidden = {
  title: 'Not permitted',
  status: 403,
  code: 'not-permitted',
  detail: 'This needs the permission gw.sessions.view in this practice.',
}
/** What it says while its database is away. */
export const away = {
  title: 'The database cannot be reached',
  status: 503,
  code: 'database-unavailable',
  detail: 'Nothing was changed. Enforcement goes on by itself; try again in a moment.',
}
/** An operator of the whole installation. */
export const operator = ['GET /api/me', 200, { ...me, operator: true }] as const

type Room = {
  readonly name: string
  readonly path: string
  /** What it mainly asks. */
  readonly asks: string
  /** Its answer where there is nothing yet; absent: there always is something, or the state is `console-screens.ts`'s. */
  readonly nothing?: unknown
  readonly isOperators?: true
}

const page = { nextCursor: null }
const rooms: readonly Room[] = [
  { name: 'general', path: 'general', asks: `${api}/general` },
  { name: 'ip-allowlist', path: 'ip-allowlist', asks: `${api}/ip-entries` },
  {
    name: 'time-windows',
    path: 'time-windows',
    asks: `${api}/time-windows`,
    nothing: nothingYet.timeWindows,
  },
  { name: 'active-users', path: 'active-users', asks: `${api}/active-users` },
  { name: 'two-factor', path: 'two-factor', asks: `${api}/two-factor`, nothing: nothingYet.twoFactor },
  {
    name: 'access-requests',
    path: 'access-requests',
    asks: `${api}/access-requests`,
    nothing: nothingYet.requests,
  },
  { name: 'users', path: 'users', asks: `${api}/users` },
  { name: 'roles', path: 'roles', asks: `${api}/roles`, nothing: { revision: 17, roles: [] } },
  {
    name: 'security-events',
    path: 'security-events',
    asks: `${api}/security-events`,
    nothing: { events: [], ...page },
  },
  {
    name: 'refusals',
    path: 'security-events?view=refusals',
    asks: `${api}/decisions`,
    nothing: { decisions: [], ...page },
  },
  { name: 'emergency', path: 'emergency', asks: `${api}/emergency-access`, nothing: nothingYet.emergency },
  { name: 'tokens', path: 'tokens', asks: `${api}/tokens`, nothing: { tokens: [] } },
  { name: 'notifications', path: 'notifications', asks: `${api}/notifications` },
  { name: 'retention', path: 'retention', asks: `${api}/security-events/retention` },
  { name: 'all-practices', path: 'all-practices', asks: '/api/practices', isOperators: true },
  { name: 'own-accounts', path: 'own-accounts', asks: '/api/admins', isOperators: true },
]

const statesOf = ({ name, path, asks, nothing, isOperators }: Room): readonly ConsoleScreen[] => {
  const who = isOperators === true ? [operator] : []
  const what = `GET ${asks}`
  return [
    { name: `${name}-loading`, path, isLoading: true, answers: [...who, [what, 0, null]] },
    { name: `${name}-no-answer`, path, answers: [...who, [what, 503, away]] },
    { name: `${name}-not-permitted`, path, answers: [...who, [what, 403, forbidden]] },
    ...(nothing === undefined
      ? []
      : [{ name: `${name}-nothing-yet`, path, answers: [...who, [what, 200, nothing] as const] }]),
  ]
}

type Answers = NonNullable<ConsoleScreen['answers']>

const planning: Answers = [
  [`GET ${api}/scheduled-changes`, 200, { waiting: [planned], settled: [refusedStart] }],
]
const moved: Answers = [[`GET ${api}/address-cards`, 200, addressCards]]
const used: Answers = [
  [`GET ${api}/emergency-access`, 200, emergency],
  ['GET /api/me', 200, { ...me, sealedCodesLeft: 3 }],
]

/** Dialogs by the room and what its address carries. */
const dialogs: readonly (readonly [name: string, path: string, answers?: Answers])[] = [
  ['general-enforce', 'general?open=control.ip.enforce'],
  ['general-two-factor', 'general?open=control.twoFactor.enforce'],
  ['general-permission', 'general?open=control.permission.enforce'],
  ['general-preset', 'general?open=preset.office-only'],
  ['general-preset-undo', 'general?open=preset-undo'],
  ['general-plan', 'general?open=plan'],
  ['general-withdraw', 'general?open=withdraw.sch_1', planning],
  ['ip-allowlist-add-mine', 'ip-allowlist?open=add-mine'],
  ['ip-allowlist-edit', 'ip-allowlist?open=edit.ipe-lab'],
  ['ip-allowlist-delete', 'ip-allowlist?open=delete.ipe-lab'],
  ['ip-allowlist-import', 'ip-allowlist?open=import'],
  ['ip-allowlist-moved', 'ip-allowlist?open=list.198.51.100.9/32', moved],
  ['ip-allowlist-put-aside', 'ip-allowlist?open=put-aside.198.51.100.9/32', moved],
  ['ip-allowlist-heartbeat', 'ip-allowlist?open=heartbeat.ipe-office'],
  ['ip-allowlist-heartbeat-revoke', 'ip-allowlist?open=revoke-beat.hbt-1'],
  ['ip-allowlist-bulk', 'ip-allowlist?chosen=ipe-office,ipe-lab&open=chosen.expire'],
  ['time-windows-window', 'time-windows?open=window.tw-office'],
  ['time-windows-delete', 'time-windows?open=window-delete.tw-office'],
  ['time-windows-closure', 'time-windows?open=exception.2026-12-24_2026-12-26'],
  ['time-windows-stay', 'time-windows?open=stay'],
  ['time-windows-review', 'time-windows?hours=Mon–Thu 08:00–18:00&open=review'],
  ['active-users-block', 'active-users?open=block.u-fiona'],
  ['active-users-session', 'active-users?user=u-fiona&open=session.s-fiona-1'],
  ['active-users-all', 'active-users?open=all-but-mine'],
  ['active-users-several', 'active-users?chosen=u-fiona,u-nora&open=chosen'],
  ['access-requests-approve', 'access-requests?open=approve.arq_home'],
  ['access-requests-share', 'access-requests?open=share.arq_home'],
  ['access-requests-deny', 'access-requests?open=deny.arq_home'],
  ['access-requests-several', 'access-requests?chosen=arq_home,arq_ada&open=approve-all.picked'],
  ['users-roles', 'users?open=roles.u-fiona'],
  ['roles-settings', 'roles?dialog=settings.front-desk'],
  ['roles-copy', 'roles?dialog=create.front-desk'],
  ['emergency-settings', 'emergency?open=settings', used],
  ['emergency-end', 'emergency?open=end.eme-1', used],
  ['emergency-review', 'emergency?open=review.eme-2', used],
  ['emergency-codes', 'emergency?open=codes', used],
  ['emergency-void', 'emergency?open=void-codes', used],
  ['tokens-new', 'tokens?open=new'],
  ['tokens-rotate', 'tokens?open=rotate.tok-sync'],
  ['tokens-revoke', 'tokens?open=revoke.tok-sync'],
  ['retention-change', 'retention?open=retention'],
  ['all-practices-new', 'all-practices?open=new', [operator]],
  ['all-practices-edit', 'all-practices?open=edit.maple', [operator]],
  ['all-practices-plan', 'all-practices?open=plan.maple', [operator]],
  ['own-accounts-invite', 'own-accounts?open=invite', [operator]],
  ['own-accounts-edit', 'own-accounts?open=edit.adm_otto', [operator]],
  ['own-accounts-reset', 'own-accounts?open=reset.adm_otto', [operator]],
  ['own-accounts-remove', 'own-accounts?open=remove.adm_otto', [operator]],
  ['own-accounts-link', 'own-accounts?open=link.adm_otto', [operator]],
]

/** All of them, room by room. */
export const consoleStates: readonly ConsoleScreen[] = [
  ...rooms.flatMap(statesOf),
  {
    name: 'refusals-quiet',
    path: 'security-events?view=refusals',
    answers: [
      [`GET ${api}/decisions`, 200, { decisions: [], ...page }],
      [`GET ${api}/decisions/counts`, 200, emptyRefusals],
    ],
  },
  { name: 'general-planned', path: 'general#scheduled', answers: planning },
  { name: 'ip-allowlist-office-moved', path: 'ip-allowlist', answers: moved },
  { name: 'emergency-used', path: 'emergency', answers: used },
  ...dialogs.map(([name, path, answers = []]) => ({ name, path, answers, isDialog: true as const })),
]
