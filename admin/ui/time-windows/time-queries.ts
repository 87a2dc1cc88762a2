/**
 * What the page of hours asks beyond the windows themselves: extensions, sign-ins by hour, and who is in when.
 *
 * Windows and the preview are `queries.ts`'. Invariant: keys begin with the practice and a topic, so that a live message
 * makes them stale.
 */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { type InferResponseType, parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { type Audience, topicKey } from '../queries.ts'

const one = api.practices[':practice']

/** Leave for somebody to go on past their hours. */
export type Extension = InferResponseType<typeof one.extensions.$get, 200>['extensions'][number]
/** Windows, closures and openings of a practice. */
export type TimeList = InferResponseType<(typeof one)['time-windows']['$get'], 200>
/** The next 14 days of somebody. */
export type TimePreview = InferResponseType<(typeof one)['time-preview']['$get'], 200>
/** Who is in at each hour of a week. */
export type TimeCalendar = InferResponseType<(typeof one)['time-calendar']['$get'], 200>
/** Sign-ins by day of the week and hour. */
export type SignInHours = InferResponseType<(typeof one)['sign-in-hours']['$get'], 200>

/** Whom hours are asked of, as the API wants it; the practice: nobody in particular. */
export const subjectOf = (audience: Audience): { readonly user?: string; readonly role?: string } =>
  audience === 'practice' ? {} : audience

/** Who may go on past their hours just now; asked again every minute, as they end by themselves. */
export const extensionsQuery = (practice: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'users', 'extensions'),
    queryFn: () => parseResponse(one.extensions.$get({ param: { practice } })),
    refetchInterval: 60_000,
  })

/** Who is in at each hour of the seven days to come. */
export const timeCalendarQuery = (practice: string) =>
  queryOptions({
    queryKey: topicKey(practice, 'time-preview', 'calendar'),
    queryFn: () => parseResponse(one['time-calendar'].$get({ param: { practice } })),
    staleTime: 60_000,
  })

/** Sign-ins of four weeks of an audience. */
export const signInHoursQuery = (practice: string, audience: Audience) =>
  queryOptions({
    queryKey: topicKey(practice, 'sign-in-hours', audience),
    queryFn: () =>
      parseResponse(one['sign-in-hours'].$get({ param: { practice }, query: subjectOf(audience) })),
    placeholderData: keepPreviousData,
    // Not at every sign-in: four weeks hardly change by one.
    staleTime: 300_000,
  })
