/**
 * Goal: every action that the source names is in the catalogue, and each line of the catalogue can be read by anybody.
 * Method: the source as text; what is put together at run time is asked of every test's own database when it is dropped.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { knownActions } from '../../../admin/events/event-actions.ts'
import { projectRoot } from '../../support/cache-folder.ts'

const sources = ['admin', 'cli'].flatMap((room) =>
  readdirSync(join(projectRoot, room), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8')),
)

test('what the source says was done is in the catalogue', () => {
  const named = sources.flatMap((text) =>
    [...text.matchAll(/\baction: '([^'/]+)'/g)].map(([, name]) => name ?? ''),
  )
  expect(named.length).toBeGreaterThan(20)
  const unknown = [...new Set(named)].filter((name) => !knownActions.has(name))
  expect(unknown, 'actions without a line in admin/events/event-actions.ts: add one there').toEqual([])
})

test.each([...knownActions.values()])('$action is a name and a sentence', ({ action, meaning }) => {
  expect(action).toMatch(/^[a-z][a-z0-9-]*(\.[a-z0-9-]+)*$/)
  expect(meaning).toMatch(/^[A-Z].*\.$/)
})
