/**
 * `npm run chaos`: breaks what can break, one after the other, under load, and writes what people saw of it.
 *
 * `npm run chaos ID …` strikes only these and writes nothing. It exits 1 where a goal was not held. Placeholder for the page.
 */

import { hundredKills, processFaults } from './process-faults.ts'
import { type Fault, rehearse, startPeople } from './rehearsal.ts'
import { startStage } from './stage.ts'
import { clusterFaults, postgresFaults, redisFaults, sentinelFaults } from './store-faults.ts'

const wanted = process.argv.slice(2)
const all: readonly Fault[] = [
  ...sentinelFaults,
  ...processFaults,
  ...redisFaults,
  ...postgresFaults,
  hundredKills(20),
  ...clusterFaults,
]
const chosen = all.filter(({ id }) => wanted.length === 0 || wanted.includes(id))
const t0 = performance.now()
const stage = await startStage({
  redis: chosen[0]?.id.startsWith('cluster') ? 'cluster' : 'sentinels',
  gateways: 2,
  workers: 2,
  controls: 2,
  standby: true,
})
console.log('stage', Math.round(performance.now() - t0))
try {
  const load = await startPeople(stage)
  for (const fault of chosen) {
    const f = await rehearse(stage, load, fault)
    console.log(JSON.stringify(f))
  }
  await load.stop()
} finally {
  await stage.close()
}
