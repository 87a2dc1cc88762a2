/**
 * Every question the pages ask, with the key under which its answer is kept.
 *
 * Changes are made where they are wished (each tab). Invariant: what concerns a practice is kept under
 * `['practice', id, topic, …]`, so that a live message can name the topics it makes stale (`live.ts`).
 */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { type InferResponseType, parseResponse } from 'hono/client'
import { api } from './api-client.ts'

const practices = api.practices
const one = practices[':practice']

/** Who is signed in, and where. */
export type Me = InferResponseType<typeof api.me.$get, 200>
/** A practice that the admin may administer. */
export type PracticeOfAdmin = Me['practices'][number]
/** The controls of a practice. */
export type General = InferResponseType<typeof one.general.$get, 200>
/** Off, monitor or enforce. */
export type Mode = General['controls']['ip']['mode']
/** How far a save has come. */
export type PublishState = General['publish']
/** An entry of the allowlist with its use. */
export type Entry = InferResponseType<(typeof one)['ip-entries']['$get'], 200>['entries'][number]
/** Whom an entry serves. */
export type Audience = Entry['audience']
/** A weekly window in words. */
export type TimeWindow = InferResponseType<(typeof one)['time-windows']['$get'], 200>['windows'][number]
/** A closure or a one-off opening in words. */
export type TimeException = InferResponseType<(typeof one)['time-windows']['$get'], 200>['exceptions'][number]
/** A preset, with what it would change here. */
export type Preset = InferResponseType<typeof one.presets.$get, 200>['presets'][number]
/** Somebody with a live session. */
export type ActiveUser = InferResponseType<(typeof one)['active-users']['$get'], 200>['users'][number]
/** A live session. */
export type Session = ActiveUser['sessions'][number]
/** A member of the practice. */
export type Member = InferResponseType<(typeof one)['users']['$get'], 200>['members'][number]
/** A role with its permissions. */
export type Role = InferResponseType<(typeof one)['roles']['$get'], 200>['roles'][number]
/** Requests for access with the practice's settings for them. */
export type AccessRequests = InferResponseType<(typeof one)['access-requests']['$get'], 200>
/** A request for access. */
export type AccessRequest = AccessRequests['requests'][number]
/** An event of the audit chain. */
export type SecurityEvent = InferResponseType<(typeof one)['security-events']['$get'], 200>['events'][number]
/** A refusal, or what monitor mode would have refused. */
export type RefusedDecision = InferResponseType<(typeof one)['decisions']['$get'], 200>['decisions'][number]
/** A refusal with its replay. */
export type ReplayedDecision = InferResponseType<(typeof one)['decisions'][':code']['$get'], 200>

/** A member with their second factor. */
export type FactorStatus = InferResponseType<(typeof one)['two-factor']['$get'], 200>['people'][number]
/** A state that somebody's second factor can be in. */
export type FactorState = FactorStatus['status']

/** Which requests for access are shown. */
export type RequestFilter = 'pending' | 'approved' | 'rejected' | 'all'

/** The key of a practice's topic. */
export const topicKey = (practice: string, ...topic: readonly unknown[]) =>
  ['practice', practice, ...topic] as const

/** Who is signed in. */
export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: () => parseResponse(api.me.$get()),
  staleTime: 60_000,
})

/** How far a save has come; asked again every 150 ms until it is enforced everywhere. */
export const publishQuery = (sequence: number) =>
  queryOptions({
    queryKey: ['publish', sequence],
    queryFn: () => parseResponse(api.publish[':sequence'].$get({ param: { sequence: String(sequence) } })),
    refetchInterval: ({ state }) =>
      state.data?.state === 'everywhere' || state.error !== null ? false : 150,
  })

/** The controls, with the newest publish state. */
export const generalQuery = (practice: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'general'),
    queryFn: () => parseResponse(one.general.$get({ param: { practice } })),
  })

/** The admin's own address. */
export const myAddressQuery = (practice: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'my-address'),
    queryFn: () => parseResponse(one['my-address'].$get({ param: { practice } })),
  })

/** Windows, closures and openings; who is open now is asked again every minute. */
export const timeWindowsQuery = (practice: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'time-windows'),
    queryFn: () => parseResponse(one['time-windows'].$get({ param: { practice } })),
    refetchInterval: 60_000,
  })

/** The next 14 days of a user, of a role, or of who has no role. */
export const timePreviewQuery = (
  practice: string,
  subject: { readonly user?: string; readonly role?: string },
) =>
  queryOptions({
    queryKey: topicKey(practice, 'time-preview', subject),
    queryFn: () => parseResponse(one['time-preview'].$get({ param: { practice }, query: subject })),
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  })

/** The presets with what each would change, and the one applied last. */
export const presetsQuery = (practice: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'presets'),
    queryFn: () => parseResponse(one.presets.$get({ param: { practice } })),
  })

/** Roles in the order of the document. */
export const rolesQuery = (practice: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'roles'),
    queryFn: () => parseResponse(one.roles.$get({ param: { practice } })),
  })

/** The first 500 members, for choosing one. */
export const peopleQuery = (practice: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'users', 'choice'),
    queryFn: () => parseResponse(one.users.$get({ param: { practice }, query: { limit: '500' } })),
  })

/** Some members who match `text`, for choosing one of many. */
export const foundPeopleQuery = (practice: string, text: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'users', 'found', text),
    queryFn: () =>
      parseResponse(one.users.$get({ param: { practice }, query: written({ text, limit: 30 }) })),
    placeholderData: keepPreviousData,
  })

type Page = { readonly nextCursor: string | null }
const pages = {
  initialPageParam: '',
  getNextPageParam: (page: Page) => page.nextCursor ?? undefined,
  placeholderData: keepPreviousData,
} as const

const written = (fields: Readonly<Record<string, string | number | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value !== undefined && value !== '')
      .map(([name, value]) => [name, String(value)]),
  )

/** Requests for access of a status; `all`: of any. */
export const accessRequestsQuery = (practice: string, status: RequestFilter) =>
  infiniteQueryOptions({
    queryKey: topicKey(practice, 'access-requests', status),
    queryFn: ({ pageParam }) =>
      parseResponse(
        one['access-requests'].$get({
          param: { practice },
          query: written({ cursor: pageParam, status: status === 'all' ? undefined : status }),
        }),
      ),
    ...pages,
  })

/** How many requests for access wait. */
export const waitingQuery = (practice: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'access-requests', 'waiting'),
    queryFn: () =>
      parseResponse(
        one['access-requests'].$get({ param: { practice }, query: { status: 'pending', limit: '1' } }),
      ),
    select: ({ pending }) => pending,
  })

/** The refusal behind a reference code, replayed. */
export const decisionQuery = (practice: string, code: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'decisions', code),
    queryFn: () => parseResponse(one.decisions[':code'].$get({ param: { practice, code } })),
  })
