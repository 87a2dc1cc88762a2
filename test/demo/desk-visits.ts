/**
 * What the demo's tests share: a started demo under a fixed clock, and people who have signed in to it.
 *
 * Not a test. Invariant: every started demo is closed after its test. Refused: one demo for all tests; records change.
 */
import { onTestFinished } from 'vitest'
import type { Demo, DemoOptions } from '../../demo/app.ts'
import { startDemo } from '../../demo/app.ts'
import { demoPatients, demoUsers } from '../../demo/people.ts'
import type { Client } from '../support/client.ts'
import { createClient } from '../support/client.ts'

/** A Tuesday, 10:07 in Chicago and 9:07 in Denver. */
export const morning = Date.parse('2026-03-10T15:07:00Z')

/** A demo of its own for this test, at `morning` unless told otherwise. */
export async function openDemo(options: DemoOptions = {}): Promise<Demo> {
  const demo = await startDemo({ now: () => morning, ...options })
  onTestFinished(() => demo.close())
  return demo
}

/** The e-mail address and password of the person whose address starts so. */
export function credentials(who: string): { readonly email: string; readonly password: string } {
  const person = [...demoUsers, ...demoPatients].find(({ email }) => email.startsWith(who))
  if (!person) throw new Error(`nobody is called ${who}`)
  return { email: person.email, password: person.password }
}

/** A client of the demo that has signed in by the form, and chosen the practice if one is given. */
export async function signedIn(demo: Demo, who: string, practice?: string): Promise<Client> {
  const client = createClient(demo.url)
  await client.get('/sign-in')
  await client.post('/sign-in', { form: { ...credentials(who), next: '' } })
  if (practice) await client.post('/practices/choose', { form: { practice } })
  return client
}

/** The value of the first CSRF field in a page. */
export function csrfOf(page: string): string {
  return /name="csrf"\s+value="([^"]+)"/.exec(page)?.[1] ?? ''
}
