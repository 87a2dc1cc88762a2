/**
 * Listens to `/api/live` of one practice and makes stale what each message names.
 *
 * Messages are nudges, never records. Invariant: after every reconnection everything of the practice is asked anew,
 * since messages may have been missed; until then the page says that it is reconnecting.
 */
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { LiveMessage } from '../api/contract/me.ts'
import { type General, topicKey } from './queries.ts'

/** Whether what is on the screen follows what happens. */
export type LiveState = 'connecting' | 'live' | 'reconnecting'

const staleBy: Readonly<Record<LiveMessage['kind'], readonly string[]>> = {
  policy: [
    'general',
    'ip-entries',
    'my-address',
    'presets',
    'roles',
    'scheduled',
    'access-requests',
    'time-preview',
    'time-windows',
    'two-factor',
  ],
  members: ['users', 'active-users', 'general', 'roles', 'time-preview', 'time-windows', 'two-factor'],
  sessions: ['active-users', 'general'],
  requests: ['access-requests'],
  // Lists that people read do not move under their eyes: they are told how many are new.
  refusals: ['decisions', 'newest-decisions', 'decision-counts'],
  // Whoever sets a factor up, shows one or fails to is an event; so is whoever plans a start.
  events: [
    ...['security-events', 'newest-events', 'chain', 'two-factor', 'emergency-access'],
    ...['tokens', 'notifications', 'retention', 'scheduled'],
  ],
  published: [],
}

const againMs = 2_000

/** The state of the connection for `practice`; `null`: there is none to listen to. */
export function useLive(practice: string | null): LiveState {
  const client = useQueryClient()
  const [state, setState] = useState<LiveState>('connecting')
  useEffect(() => {
    if (practice === null) return
    let source: EventSource | null = null
    let timer: ReturnType<typeof setTimeout> | undefined
    let wasLost = false
    const stale = (...topic: readonly unknown[]) =>
      client.invalidateQueries({ queryKey: topicKey(practice, ...topic) })
    const heard = (kind: LiveMessage['kind'], text: string): void => {
      for (const topic of staleBy[kind]) stale(topic)
      if (kind === 'policy') client.invalidateQueries({ queryKey: ['me'] })
      if (kind !== 'published') return
      const { publish } = JSON.parse(text) as Extract<LiveMessage, { kind: 'published' }>
      client.setQueryData(['publish', publish.sequence], publish)
      client.setQueryData<General>(topicKey(practice, 'general'), (general) =>
        general === undefined || general.publish.sequence > publish.sequence
          ? general
          : { ...general, publish },
      )
    }
    const connect = (): void => {
      const opened = new EventSource(`/api/live?practice=${encodeURIComponent(practice)}`)
      source = opened
      opened.onopen = () => {
        if (wasLost) {
          stale()
          client.invalidateQueries({ queryKey: ['me'] })
        }
        setState('live')
      }
      opened.onerror = () => {
        wasLost = true
        setState('reconnecting')
        // The browser tries again by itself only where the stream had begun.
        if (opened.readyState !== EventSource.CLOSED) return
        client.invalidateQueries({ queryKey: ['me'] })
        timer = setTimeout(connect, againMs)
      }
      for (const kind of Object.keys(staleBy) as LiveMessage['kind'][])
        opened.addEventListener(kind, (message) => heard(kind, (message as MessageEvent<string>).data))
    }
    setState('connecting')
    connect()
    return () => {
      clearTimeout(timer)
      source?.close()
    }
  }, [practice, client])
  return state
}
