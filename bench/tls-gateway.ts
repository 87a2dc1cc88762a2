/**
 * A gateway that speaks TLS and HTTP/2, in a process of its own, for measurements of the protocols alone.
 *
 * Every route is public, so nobody is identified and nothing is stored: what controls cost is measured elsewhere
 * (`proxy-gateway.ts`). Invariant: it is `startGateway` as the command line starts it, with no switch turned off.
 */
import { startGateway } from '../gateway/main.ts'
import { configSchema } from '../runtime/config.ts'
import { createLog } from '../runtime/log.ts'

const [url = '', port = '', dataDir = '', certificateFile = '', keyFile = ''] = process.argv.slice(2)
const tls = certificateFile === '' ? {} : { http2: true, tls: { certificateFile, keyFile } }
const gateway = await startGateway({
  config: configSchema.parse({
    dataDir,
    gateway: { ...tls, limits: { requestsPerConnectionMax: 1_000_000 } },
    clusterKey: 'a-cluster-key-for-the-bench-only-0123456789',
    listen: { application: `127.0.0.1:${port}`, gatewayMetrics: '127.0.0.1:0' },
    upstreams: [{ id: 'app', name: 'Application', url, routes: [{ match: '* /**', class: 'public' }] }],
  }),
  store: null,
  controlPlane: null,
  clock: { now: () => Date.now(), monotonic: () => performance.now() },
  log: createLog({ level: 'warn', plane: 'gateway', stream: process.stderr }),
  id: 'bench',
})
const end = async (): Promise<void> => {
  await gateway.close()
  process.exit()
}
process.once('SIGTERM', () => void end())
process.once('disconnect', () => void end())
process.send?.('ready')
