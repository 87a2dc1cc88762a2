/**
 * Goal: an application is told once of a credential whose session is over, again only where that failed, and never by a flood.
 * Method: the teller by itself, with calls that end when told; the whole way is `test/e2e/identity.test.ts`.
 */
import { expect, test } from 'vitest'
import type { Credential } from '../../gateway/identity/credential.ts'
import { createTellEnded } from '../../gateway/identity/told-endings.ts'

const credential = (hash: string) => ({ hash, pairs: [] }) as unknown as Credential
const settle = () => new Promise((resolve) => setImmediate(resolve))

test('once where it is heard, again where it is not, or fails', async () => {
  const asked: string[] = []
  const answers: (() => Promise<boolean>)[] = [
    () => Promise.resolve(false),
    () => Promise.reject(new Error('away')),
    () => Promise.resolve(true),
  ]
  const tell = createTellEnded(({ hash }) => {
    asked.push(hash)
    return answers[asked.length - 1]!()
  })
  for (let i = 0; i < 6; i += 1) {
    tell(credential('one'))
    tell(credential('one'))
    await settle()
  }
  expect(asked).toEqual(['one', 'one', 'one'])
})

test('at most eight at a time; whoever found no room comes in later', async () => {
  const waiting: (() => void)[] = []
  const tell = createTellEnded(() => new Promise((resolve) => void waiting.push(() => resolve(true))))
  for (let i = 0; i < 50; i += 1) tell(credential(`c${i}`))
  expect(waiting).toHaveLength(8)
  for (const done of waiting.splice(0)) done()
  await settle()
  for (let i = 0; i < 10; i += 1) tell(credential(`c${i}`))
  expect(waiting).toHaveLength(2)
})
