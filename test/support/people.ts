/**
 * People of the demo for end-to-end tests: signing in through a gateway as the application's own page does it.
 */
import { demoUsers } from '../../demo/people.ts'
import type { Answer, Client } from './client.ts'

/** Posts the application's own sign-in form as the person whose e-mail starts with `who` (`fiona`). */
export const signIn = async (client: Client, who: string, next = '/schedule'): Promise<Answer> => {
  const person = demoUsers.find(({ email }) => email.startsWith(who))
  if (person === undefined) throw new Error(`nobody of the demo is called ${who}`)
  const page = await client.get(`/sign-in?next=${encodeURIComponent(next)}`)
  const fields: Record<string, string> = {}
  for (const [, name = '', value = ''] of page.text.matchAll(
    /<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"/g,
  ))
    fields[name] = value
  return client.post('/sign-in', {
    form: { ...fields, email: person.email, password: person.password, next },
  })
}

/** Signs in and fails unless the application let them in. */
export const signInWell = async (client: Client, who: string): Promise<void> => {
  const answer = await signIn(client, who)
  if (answer.status !== 303 || answer.headers.location?.startsWith('/.gatehouse/') === true)
    throw new Error(`${who} could not sign in: ${answer.status} ${answer.text.slice(0, 400)}`)
}
