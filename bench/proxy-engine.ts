/**
 * The gateway with nothing to guard, in a process of its own: what the engine alone costs.
 *
 * Every route is public and nobody is identified, so that it is a plain reverse proxy with the gateway's own header rules,
 * limits and metrics. Invariant: the same engine, started as the command line starts it; only the controls have nothing
 * to say. Leaving the judge out was refused: then there would be no gateway to compare with.
 */
import { startGateway } from '../gateway/main.ts'
import { createLog } from '../runtime/log.ts'
import { openConfig } from './proxy-practice.ts'

const [applicationUrl = '', port = '', dataDir = ''] = process.argv.slice(2)
const gateway = await startGateway({
  config: openConfig(applicationUrl, Number(port), dataDir),
  store: null,
  controlPlane: null,
  clock: { now: () => Date.now(), monotonic: () => performance.now() },
  log: createLog({ level: 'warn', plane: 'gateway', stream: process.stderr }),
  id: 'bench',
})
process.once('SIGTERM', () => void gateway.close().then(() => process.exit()))
