/**
 * The gateway under measurement, in a process of its own: the real one, on a real Redis, with signed records.
 *
 * The control plane is the tests' own, in this process; it has nothing to do while requests pass. Invariant: what is
 * measured is `startGateway` as the command line starts it, the same clocks, the same store, no switch turned off.
 * The real control plane was refused: a database on the load's core would be measured with it.
 */
import { startGateway } from '../gateway/main.ts'
import { createRedisHotStore } from '../runtime/hot-store-redis.ts'
import { createLog } from '../runtime/log.ts'
import { createFakeControlPlane } from '../test/support/fake-control-plane.ts'
import { benchConfig, documentUnder, people, practices, type Rule, rules } from './proxy-practice.ts'

const [applicationUrl = '', port = '', redisUrl = '', dataDir = '', engineText = ''] = process.argv.slice(2)
const engine = engineText === 'node' ? 'node' : 'own'
const clock = { now: () => Date.now(), monotonic: () => performance.now() }
const store = createRedisHotStore({ url: redisUrl })
const control = createFakeControlPlane({
  now: clock.now,
  store,
  people: Object.fromEntries(
    people.map((id) => [
      id,
      {
        user: `usr_${id}`,
        roles: Object.fromEntries(practices.map((practice) => [practice, ['front-desk']])),
      },
    ]),
  ),
})

/** Everyone has an authenticator, and proved it a moment ago. */
const proveFactors = async (): Promise<void> => {
  for (const tokenHash of control.sessions.keys())
    await control.changeSession(tokenHash, { factor: { method: 'totp', verifiedAt: clock.now() } })
}

const take = async (rule: Rule): Promise<void> => {
  if (rule === 'unproved')
    for (const practice of practices)
      for (const id of people)
        await control.saveMember(practice, `usr_${id}`, (member) => ({ ...member, factors: ['totp'] }))
  else await proveFactors()
  for (const practice of practices)
    await control.savePolicy(practice, (before) => documentUnder(rule, before, `usr_${people[0]}`))
}

// While rules change faster than people change them, the fake plane is caught half-way, and the gateway says so.
let loud = false
const stream = {
  write(line: string): void {
    if (loud) process.stderr.write(line)
  },
}

await control.seed()
const gateway = await startGateway({
  config: benchConfig(applicationUrl, Number(port), dataDir, engine),
  store,
  controlPlane: control.plane,
  clock,
  log: createLog({ level: 'warn', plane: 'gateway', stream }),
  id: 'bench',
})
await gateway.ready()

const end = async (): Promise<void> => {
  await gateway.close()
  await store.close()
  process.exit()
}
process.once('SIGTERM', () => void end())
process.once('disconnect', () => void end())
process.on('message', (message) => {
  if (message === 'loud') {
    loud = true
    return
  }
  const rule = Object.keys(rules).find((one): one is Rule => one === message)
  if (rule === undefined) throw new Error('invariant: only rules are sent')
  void take(rule).then(() => process.send?.('taken'))
})
process.send?.('ready')
