/**
 * What can be told, as people read it, and who gets the mail of it.
 *
 * It decides nothing. Invariant: a topic that the API has and this page does not know fails the types.
 */
import type { Topic } from './notification-queries.ts'

/** The words of each topic. */
export const topicWords: Readonly<Record<Topic, { readonly name: string; readonly mail: string }>> = {
  'access-request.asked': { name: 'Somebody asks for access', mail: 'Mail to whoever may review requests' },
  'access-request.decided': { name: 'A request is decided', mail: 'Mail to the person who asked' },
  'access-request.reminder': {
    name: 'Requests have waited for a day',
    mail: 'Mail to whoever may review requests',
  },
  'policy.reverted': {
    name: 'A change is taken back because nobody confirmed it',
    mail: 'Mail to security admins',
  },
}

/** The topic in words; tests and what this page does not know by their own name. */
export const topicName = (topic: string): string =>
  Object.hasOwn(topicWords, topic) ? topicWords[topic as Topic].name : topic === 'test' ? 'A test' : topic
