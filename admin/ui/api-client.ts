/**
 * The one way to the API: a typed client that sends the token against forged requests and throws problems.
 *
 * It keeps nothing (`queries.ts` does). Invariant: only types come from admin/api; whoever is not signed in is sent
 * to the sign-in page and back to where they were, whichever request found it out.
 */
import { hc } from 'hono/client'
import type { Api } from '../api/contract/api.ts'
import { errorOf, problemOf } from './problem.ts'
import { queryClient } from './query-client.ts'

let leaving = false

/** Goes to the sign-in page, and from there back to this page. */
export function leaveForSignIn(): void {
  if (leaving) return
  leaving = true
  const back = `${location.pathname}${location.search}`
  location.assign(`/sign-in?return=${encodeURIComponent(back)}`)
}

/** The token for requests that change something; empty until `/api/me` has answered. */
export const csrfToken = (): string => queryClient.getQueryData<{ csrf: string }>(['me'])?.csrf ?? ''

// A page that lies open must not keep an admin session alive: only what follows a touch counts as being there.
const presenceMs = 5_000
let touchedAt = Number.NEGATIVE_INFINITY
for (const kind of ['pointerdown', 'keydown'])
  window.addEventListener(kind, (event) => (touchedAt = event.timeStamp), { capture: true, passive: true })
const isUnattended = (): boolean => performance.now() - touchedAt > presenceMs

const ask: typeof fetch = async (input, init) => {
  const headers = new Headers(init?.headers)
  const method = init?.method ?? 'GET'
  if (method !== 'GET') headers.set('x-gatehouse-csrf', csrfToken())
  if (isUnattended()) headers.set('x-gatehouse-background', '1')
  const response = await fetch(input, { ...init, headers, credentials: 'same-origin' })
  if (response.ok) return response
  const error = await errorOf(response)
  if (response.status === 401 && problemOf(error).code !== 'step-up-required') leaveForSignIn()
  throw error
}

/** The API, every route of the contract below `/api`. */
export const api = hc<Api>(location.origin, { fetch: ask }).api

/** Ends the admin session and goes to the sign-in page. */
export async function signOut(): Promise<void> {
  leaving = true
  await fetch('/sign-out', {
    method: 'POST',
    credentials: 'same-origin',
    redirect: 'manual',
    headers: { 'x-gatehouse-csrf': csrfToken(), 'content-type': 'application/x-www-form-urlencoded' },
  }).catch(() => undefined)
  location.assign('/sign-in')
}
