/**
 * Goal: with `roles: app` what the application says of somebody's roles bites within its cache, a role given by hand is taken
 * back with the next word, and people at work cost no calls; a control plane that is away loses nothing but time.
 * Method: a gateway before a fake application whose word changes, under a clock that is stepped; the passing on by itself.
 */
import { afterEach, describe, expect, test } from 'vitest'
import { createRoleWord } from '../../gateway/identity/role-word.ts'
import type { MirroredSession } from '../../gateway/sessions.ts'
import { configSchema } from '../../runtime/config.ts'
import type { AppIdentity, AssertRoles } from '../../runtime/internal.ts'
import { eventually, type Stand, startStand } from '../support/gateway-stand.ts'

let stand: Stand | null = null
afterEach(async () => {
  await stand?.close()
  stand = null
})

/** How long the application's word is kept here. */
const wordMs = 30_000

const open = async (roles: 'app' | 'directory') => {
  const said = { roles: ['front-desk'] }
  const users = { ann: { practices: [{ id: 'riverside', roles: said.roles }] } }
  stand = await startStand({
    users,
    change: (config) => {
      const [upstream] = config.upstreams
      const identity = { ...upstream!.identity, roles }
      return configSchema.parse({ ...config, upstreams: [{ ...upstream, identity }] })
    },
  })
  const { control, application, clock } = stand
  const client = stand.client()
  await stand.signIn(client, 'ann')
  const rolesSeen = async (): Promise<unknown> => {
    const answer = await client.get('/patients/7')
    if (answer.status !== 200) return answer.status
    const pages = application.arrived.filter(({ url }) => url === '/patients/7')
    return pages.at(-1)?.headers['x-gatehouse-roles']
  }
  const asserted = () => control.calls.asserted
  return {
    ...{ control, clock, rolesSeen, asserted },
    say: (now: readonly string[]) => void said.roles.splice(0, said.roles.length, ...now),
    /** The word that is kept grows old; so does knowledge, which is had again in a moment. */
    pass: async () => {
      clock.elapse(wordMs)
      await eventually(async () => (await client.get('/patients/7')).status === 200, 'knowledge is back')
    },
  }
}

describe('an application whose word on roles counts', () => {
  test('is followed with its next word, and asked nothing in between', async () => {
    const { rolesSeen, asserted, say, pass } = await open('app')
    expect(await rolesSeen()).toBe('front-desk')
    await eventually(() => asserted() === 1, 'the first word is passed on')
    say(['hygienist'])
    for (let i = 0; i < 5; i += 1) expect(await rolesSeen()).toBe('front-desk')
    expect(asserted()).toBe(1)
    await pass()
    await eventually(async () => (await rolesSeen()) === 'hygienist', 'the new role bites')
    expect(asserted()).toBe(2)
    await pass()
    for (let i = 0; i < 5; i += 1) expect(await rolesSeen()).toBe('hygienist')
    expect(asserted()).toBe(2)
  })

  test('takes a role back that somebody gave by hand', async () => {
    const { control, rolesSeen, asserted, pass } = await open('app')
    expect(await rolesSeen()).toBe('front-desk')
    await eventually(() => asserted() === 1, 'the first word is passed on')
    await control.saveMember('riverside', 'usr_ann', (member) => ({ ...member, roles: ['owner'] }))
    await eventually(async () => (await rolesSeen()) === 'owner', 'the hand’s role holds for now')
    await pass()
    await eventually(async () => (await rolesSeen()) === 'front-desk', 'the word holds again')
  })

  test('is not followed where the directory’s word counts', async () => {
    const { rolesSeen, asserted, say, pass } = await open('directory')
    say(['owner'])
    await pass()
    for (let i = 0; i < 3; i += 1) expect(await rolesSeen()).toBe('front-desk')
    expect(asserted()).toBe(0)
  })
})

describe('passing on', () => {
  const session = (tokenHash: string, user = 'usr_ann') =>
    ({ tokenHash, record: { user, ended: null } }) as unknown as MirroredSession
  const word = (roles: string[], kind: AppIdentity['kind'] = 'staff'): AppIdentity => ({
    ...{ appUser: 'ann', kind, name: null, email: null, amr: [] },
    practices: [{ id: 'riverside', roles }],
  })
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  const create = (answer: () => Promise<{ records: [] }>) => {
    const calls: AssertRoles[] = []
    const controlPlane = {
      assertRoles: (request: AssertRoles) => {
        calls.push(request)
        return answer()
      },
    } as unknown as Parameters<typeof createRoleWord>[0]['controlPlane']
    const faults: unknown[] = []
    const passing = createRoleWord({
      ...{ upstream: 'app', controlPlane, sessionsMax: 100, directory: { member: () => null } },
      apply: () => {},
      onFault: (error) => void faults.push(error),
    })
    return { calls, faults, passing }
  }

  test('is tried again with the next word, not with each request', async () => {
    const { calls, faults, passing } = create(() => Promise.reject(new Error('away')))
    const first = word(['front-desk'])
    for (let i = 0; i < 5; i += 1) {
      passing.note(session('t1'), first)
      await settle()
    }
    expect([calls.length, faults.length]).toEqual([1, 1])
    passing.note(session('t1'), word(['front-desk']))
    await settle()
    expect(calls).toHaveLength(2)
  })

  test('is one call at a time for one person, at most 32 in all, and none for patients', async () => {
    const { calls, passing } = create(() => new Promise(() => {}))
    passing.note(session('t1'), word(['front-desk']))
    passing.note(session('t2'), word(['front-desk']))
    expect(calls).toHaveLength(1)
    passing.note(session('t3', 'usr_pat'), word([], 'patient'))
    for (let i = 0; i < 50; i += 1) passing.note(session(`u${i}`, `usr_${i}`), word(['front-desk']))
    expect(calls).toHaveLength(32)
  })
})
