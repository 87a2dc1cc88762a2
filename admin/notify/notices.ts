/**
 * Who hears of what: the mails and webhooks of requests for access and of saves that were taken back, queued in the
 * transaction of the change.
 *
 * It sends nothing and decides nothing. Invariant: what somebody outside wrote (the reason of a request) is in no mail:
 * whoever has a stolen password could else write to every admin; links lead to a page that asks for a sign-in. At most
 * fifty people hear of one thing.
 */
import type { Member } from '../../policies/access-request.ts'
import { type Instant, never } from '../../policies/instant.ts'
import { effectivePermissions } from '../../policies/permissions.ts'
import { momentText } from '../../policies/timetable-zone.ts'
import { securityPermission } from '../directory/security-admins.ts'
import type { ListedRequest } from '../store/access-requests.ts'
import type { Tx } from '../store/database.ts'
import { readMembers } from '../store/members.ts'
import { readNotificationSettings } from '../store/notification-settings.ts'
import { readPolicy, type SavedPolicy } from '../store/practices.ts'
import { adminLink } from './links.ts'
import { isMailAddress, queueMail } from './mail-queue.ts'
import type { Topic } from './notification-settings.ts'
import { type Happening, queueWebhooks } from './webhook-queue.ts'

const reviewPermission = 'gw.requests.review'
const peopleMax = 50

type Whom = { readonly permission: string; readonly except: string | null }

const holdersAmong = (
  policy: SavedPolicy,
  members: readonly Member[],
  permission: string,
): readonly Member[] => {
  const { roles, controls } = policy.document
  const blockers = { hiddenBlockers: controls.permission.hiddenBlockers }
  const holding = new Set(
    roles
      .filter(({ permissions }) =>
        effectivePermissions(new Set(permissions), blockers).effective.has(permission),
      )
      .map(({ id }) => id),
  )
  return members.filter((member) => !member.suspended && member.roles.some((role) => holding.has(role)))
}

/** Logins of own accounts that are mail addresses and hold the permission in the practice. */
async function ownAccounts(tx: Tx, practice: string, permission: string): Promise<readonly string[]> {
  const rows = await tx
    .selectFrom('admin_account as a')
    .leftJoin('admin_grant as g', (join) =>
      join.onRef('g.account', '=', 'a.id').on('g.practice', '=', practice),
    )
    .select(['a.login', 'a.every_practice', 'g.permissions'])
    .where('a.suspended', '=', false)
    .orderBy('a.id')
    .execute()
  return rows
    .filter(({ every_practice, permissions }) => every_practice || permissions?.includes(permission) === true)
    .map(({ login }) => login)
}

/** Mail addresses of whoever holds the permission in the practice, each once. */
async function addressesOf(tx: Tx, policy: SavedPolicy, { permission, except }: Whom, at: Instant) {
  const known = await readMembers(tx, policy.practice, at)
  const members = holdersAmong(policy, known?.members ?? [], permission)
  const all = [
    ...members.flatMap(({ user, email }) => (email === null || user === except ? [] : [email])),
    ...(await ownAccounts(tx, policy.practice, permission)),
  ].filter(isMailAddress)
  return [...new Map(all.map((address) => [address.toLowerCase(), address])).values()].slice(0, peopleMax)
}

type Words = { readonly subject: string; readonly lines: readonly string[] }
type Notice = {
  readonly topic: Topic
  readonly facts: Happening['facts']
  readonly words: Words
  /** Mail addresses, asked for only where the practice wants mail of this. */
  readonly to: () => Promise<readonly string[]>
}

async function tell(tx: Tx, policy: SavedPolicy, notice: Notice, at: Instant): Promise<void> {
  const { practice, document } = policy
  const { settings } = await readNotificationSettings(tx, practice)
  const happening = { topic: notice.topic, practice: { id: practice, name: document.practice.name } }
  await queueWebhooks(tx, settings, { ...happening, facts: notice.facts }, at)
  if (!settings.mail.includes(notice.topic)) return
  const { subject, lines } = notice.words
  for (const to of await notice.to()) await queueMail(tx, { to, subject, text: `${lines.join('\n')}\n` }, at)
}

async function policyOf(tx: Tx, practice: string): Promise<SavedPolicy> {
  const policy = await readPolicy(tx, practice)
  if (policy === null) throw new Error(`invariant: ${practice} has a policy`)
  return policy
}

const linkLines = async (tx: Tx, practice: string, tab: string): Promise<readonly string[]> => {
  const link = await adminLink(tx, `/practices/${practice}/${tab}`)
  return link === null ? [] : ['', link]
}

/** A request as webhooks tell it; without its reason. */
const factsOf = ({ id, user, name, kind, network, status }: ListedRequest): Happening['facts'] => ({
  ...{ request: id, user, name, kind, network, status },
})

const wishOf = ({ kind, network, address }: Pick<ListedRequest, 'kind' | 'network' | 'address'>): string =>
  kind === 'ip' ? `from the network ${network} (they are at ${address})` : 'outside their approved hours'

/** Tells the reviewers of a practice, but never who asks, that somebody asks for access. */
export async function tellAsked(tx: Tx, request: ListedRequest, at: Instant): Promise<void> {
  const policy = await policyOf(tx, request.practice)
  const practice = policy.document.practice.name
  const words = {
    subject: `${request.name} asks for access to ${practice}`,
    lines: [
      `${request.name} (${request.login}) asks for access to ${practice} ${wishOf(request)}.`,
      'Their sign-in was right and waits. If you do not expect this, ask them before you approve it.',
      '',
      'The reason they gave, and the buttons to decide, are on the page Access Requests (sign in there first):',
      ...(await linkLines(tx, request.practice, 'access-requests')),
    ],
  }
  const to = () => addressesOf(tx, policy, { permission: reviewPermission, except: request.user }, at)
  await tell(tx, policy, { topic: 'access-request.asked', facts: factsOf(request), words, to }, at)
}

const untilText = (zone: string, endsAt: Instant | null): string =>
  endsAt === null || endsAt === never ? 'without end' : `until ${momentText(zone, endsAt)} (${zone})`

/** Tells who asked what was decided. `endsAt`: of an approval; `null`: without end, or none. */
export async function tellDecided(
  tx: Tx,
  request: ListedRequest,
  endsAt: Instant | null,
  at: Instant,
): Promise<void> {
  const policy = await policyOf(tx, request.practice)
  const { name: practice, zone } = policy.document.practice
  const approved = request.status === 'approved'
  const words = {
    subject: `Your request for access to ${practice} was ${approved ? 'approved' : 'rejected'}`,
    lines: [
      approved
        ? `You may use ${practice} ${request.kind === 'ip' ? `from the network ${request.network}` : 'outside your hours'}, ${untilText(zone, endsAt)}.`
        : `Your request for access to ${practice} was rejected.`,
      ...(request.note === '' ? [] : ['', `The reviewer wrote: ${request.note}`]),
      '',
      approved
        ? 'The page where you wait goes on by itself. If you have closed it, sign in again.'
        : 'The page where you asked shows from when you may ask again.',
      'If you did not ask for this, somebody may know your password: change it, and tell your practice.',
    ],
  }
  const to = async (): Promise<readonly string[]> => {
    const row = await tx
      .selectFrom('app_user')
      .select('email')
      .where('id', '=', request.user)
      .executeTakeFirst()
    return row?.email == null ? [] : [row.email]
  }
  await tell(tx, policy, { topic: 'access-request.decided', facts: factsOf(request), words, to }, at)
}

/** Reminds the reviewers of a practice of `count` requests, the oldest asked at `since`. */
export async function tellWaiting(
  tx: Tx,
  practice: string,
  { count, since }: { readonly count: number; readonly since: Instant },
  at: Instant,
): Promise<void> {
  const policy = await policyOf(tx, practice)
  const { name, zone } = policy.document.practice
  const requests = count === 1 ? '1 request for access waits' : `${count} requests for access wait`
  const words = {
    subject: `${requests} for a decision at ${name}`,
    lines: [
      `${requests} for a decision at ${name}, the oldest since ${momentText(zone, since)}.`,
      'A request that nobody decides ends after 72 hours. Decide on the page Access Requests (sign in there first):',
      ...(await linkLines(tx, practice, 'access-requests')),
    ],
  }
  const to = () => addressesOf(tx, policy, { permission: reviewPermission, except: null }, at)
  await tell(tx, policy, { topic: 'access-request.reminder', facts: { count, since }, words, to }, at)
}

/** Tells the security admins of a practice that a save was taken back because nobody confirmed it. */
export async function tellReverted(
  tx: Tx,
  practice: string,
  change: { readonly name: string; readonly turnedOn: boolean; readonly author: string },
  at: Instant,
): Promise<void> {
  const policy = await policyOf(tx, practice)
  const { name, zone } = policy.document.practice
  const what = `"${change.name}" was ${change.turnedOn ? 'switched off' : 'taken back'} at ${momentText(zone, at).slice(-5)}`
  const words = {
    subject: `${what} at ${name} because nobody confirmed it`,
    lines: [
      `${what} because nobody confirmed it within 10 minutes. ${change.author} had saved it.`,
      'What held before holds again.',
      '',
      'To turn it on again, open General Settings (sign in there first) and confirm it from an address that it allows:',
      ...(await linkLines(tx, practice, 'general')),
    ],
  }
  const to = () => addressesOf(tx, policy, { permission: securityPermission, except: null }, at)
  const facts = { change: change.name, turnedOff: change.turnedOn, savedBy: change.author }
  await tell(tx, policy, { topic: 'policy.reverted', facts, words, to }, at)
}
