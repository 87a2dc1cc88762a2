/**
 * Goal: a control plane does not start with a client secret that is missing, or that others can read.
 * Method: files of each kind in a folder of the test.
 */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readOwnUpstreams } from '../../../admin/own-sign-in/upstreams.ts'
import { providerRules } from '../../support/own-identity.ts'

const secret = 'a secret: with/odd+signs%'
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-secret-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('a secret’s file that is missing, or that others can read, is a problem', async () => {
  const file = join(folder, 'client')
  await writeFile(file, `${secret}\n`)
  await chmod(file, 0o644)
  const identity = {
    mode: 'own',
    own: {
      providers: [providerRules('https://a.example', { clientSecretFile: file })],
      ...{ password: false, passkey: true, unknown: 'deny' },
    },
  }
  const upstreams = [{ id: 'app', identity, practice: { fixed: null } }] as unknown as Parameters<
    typeof readOwnUpstreams
  >[0]
  expect(readOwnUpstreams(upstreams)).toMatchObject({ ok: false })
  await chmod(file, 0o600)
  const read = readOwnUpstreams(upstreams)
  expect(read.ok && read.value.secret('app', 'work')).toBe(secret)
  await rm(file)
  expect(readOwnUpstreams(upstreams)).toMatchObject({ ok: false, problems: [{ path: file }] })
})
