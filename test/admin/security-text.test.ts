/**
 * Goal: whoever finds a weakness is told whom to tell, and only as the operator says.
 * Method: the answer to requests for the file, by path, host and method; what configuration takes.
 */
import { expect, test } from 'vitest'
import { answerSecurityText } from '../../admin/security-text.ts'
import { securityTextSchema } from '../../runtime/config-security-text.ts'

const origin = 'https://console.example'
const at = Date.UTC(2026, 11, 1, 10)
const ask = (path: string, configured: object, init: RequestInit = {}): Response | null =>
  answerSecurityText(new Request(path, init), origin, securityTextSchema.parse(configured), at)
const file = `${origin}/.well-known/security.txt`
const contacts = ['mailto:security@example.org', 'https://example.org/report']

test('the file has the contacts in their order, and ends within a year', async () => {
  const answer = ask(file, { contacts, policy: 'https://example.org/policy', languages: 'en, es' })
  expect(await answer?.text()).toBe(
    [
      'Contact: mailto:security@example.org',
      'Contact: https://example.org/report',
      'Expires: 2027-05-30T00:00:00.000Z',
      'Policy: https://example.org/policy',
      'Preferred-Languages: en, es',
      `Canonical: ${file}`,
      '',
    ].join('\n'),
  )
  expect(answer?.headers.get('content-type')).toBe('text/plain; charset=utf-8')
  expect(await ask(file, { contacts }, { method: 'HEAD' })?.text()).toBe('')
})

test('without a contact, for another host, path or method it is not ours to answer', () => {
  expect(ask(file, {})).toBeNull()
  expect(ask('https://other.example/.well-known/security.txt', { contacts })).toBeNull()
  expect(ask(`${origin}/.well-known/other.txt`, { contacts })).toBeNull()
  expect(ask(file, { contacts }, { method: 'POST' })).toBeNull()
})

test('a contact is a URI of a kind that finders can use, in one line', () => {
  for (const contact of [
    'security@example.org',
    'javascript:alert(1)',
    'mailto:a@b\nContact: mailto:c@d',
    'https://',
  ])
    expect(securityTextSchema.safeParse({ contacts: [contact] }).success, contact).toBe(false)
})
