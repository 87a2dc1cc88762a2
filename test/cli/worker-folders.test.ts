/**
 * Goal: a worker begins with the highest floor and the knowledge that goes with it, in a folder nobody else uses.
 * Method: folders on disk as gateways write them, claimed and released.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createWorkerFolders } from '../../cli/worker-folders.ts'
import { newRunFolder } from '../support/cache-folder.ts'

let dataDir: string
beforeEach(() => {
  dataDir = newRunFolder('worker-folders')
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

const lay = (folder: string, floor: number, records: Readonly<Record<string, string>>): void => {
  mkdirSync(join(folder, 'knowledge'), { recursive: true })
  writeFileSync(join(folder, 'watermark'), `${floor}\n`)
  for (const [name, text] of Object.entries(records)) writeFileSync(join(folder, 'knowledge', name), text)
}

const read = (folder: string, ...path: readonly string[]): string =>
  readFileSync(join(folder, ...path), 'utf8')

test('the lowest free folder, and never one in use', async () => {
  const folders = createWorkerFolders()
  const [one, two] = await Promise.all([folders.claim(dataDir), folders.claim(dataDir)])
  expect([one.slot, two.slot]).toEqual([1, 2])
  expect(one.path).toBe(join(dataDir, 'worker-1'))
  one.release()
  expect([(await folders.claim(dataDir)).slot, (await folders.claim(dataDir)).slot]).toEqual([1, 3])
})

test('a first worker begins where a gateway without workers ended', async () => {
  lay(dataDir, 41, { 'a.json': 'policy', 'b.json.next': 'half' })
  const { path } = await createWorkerFolders().claim(dataDir)
  expect([read(path, 'watermark'), read(path, 'knowledge', 'a.json')]).toEqual(['41\n', 'policy'])
  expect(existsSync(join(path, 'knowledge', 'b.json.next'))).toBe(false)
})

test('the highest floor of all counts, with its knowledge', async () => {
  lay(join(dataDir, 'worker-1'), 7, { 'a.json': 'older' })
  lay(join(dataDir, 'worker-2'), 12, { 'a.json': 'newer', 'b.json': 'new' })
  lay(join(dataDir, 'worker-3'), 9, { 'a.json': 'between' })
  const past = new Date(Date.now() - 60_000)
  utimesSync(join(dataDir, 'worker-1', 'knowledge', 'a.json'), past, past)
  const { path } = await createWorkerFolders().claim(dataDir)
  expect(read(path, 'watermark')).toBe('12\n')
  expect([read(path, 'knowledge', 'a.json'), read(path, 'knowledge', 'b.json')]).toEqual(['newer', 'new'])
})

test('a floor is never lowered, and nonsense is no floor', async () => {
  lay(join(dataDir, 'worker-1'), 12, { 'a.json': 'mine' })
  lay(join(dataDir, 'worker-2'), 7, { 'a.json': 'older' })
  writeFileSync(join(dataDir, 'watermark'), '99 and more\n')
  const { path } = await createWorkerFolders().claim(dataDir)
  expect([read(path, 'watermark'), read(path, 'knowledge', 'a.json')]).toEqual(['12\n', 'mine'])
})
