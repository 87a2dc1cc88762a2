/**
 * Goal: what we hand out for containers, Kubernetes and systemd holds our own configuration, and leaves no way around.
 * Method: the files parsed; the configurations in them loaded as a plane does; what publishes, mounts and shares a network checked.
 */
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { loadConfig } from '../../runtime/config-load.ts'
import { projectRoot } from '../support/cache-folder.ts'

const read = (path: string): string => readFileSync(join(projectRoot, 'deploy', path), 'utf8')

type Service = {
  readonly image?: string
  readonly command?: readonly string[]
  readonly ports?: readonly string[]
  readonly networks?: readonly string[] | object
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}
type Manifest = {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly data?: Readonly<Record<string, string>>
  readonly spec?: {
    readonly template?: { readonly spec: PodSpec }
    readonly podSelector?: object
    readonly ingress?: readonly { readonly from: readonly object[] }[]
  }
}
type Container = {
  readonly name: string
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
  readonly readinessProbe: { readonly httpGet: { readonly path: string; readonly port: string } }
  readonly livenessProbe: { readonly httpGet: { readonly path: string; readonly port: string } }
  readonly securityContext: object
}
type PodSpec = { readonly securityContext: object; readonly containers: readonly Container[] }

const problemsOf = async (text: string, environment: Readonly<Record<string, string>>): Promise<unknown> => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-deploy-'))
  const file = join(folder, 'gatehouse.yaml')
  writeFileSync(file, text)
  const loaded = await loadConfig({ file, environment, overrides: {} })
  rmSync(folder, { recursive: true })
  return loaded.ok ? [] : loaded.problems
}

const key = createHash('sha256').update('a key for this test').digest('base64url')
const environment = {
  GATEHOUSE_CLUSTER_KEY: 'x'.repeat(64),
  GATEHOUSE_TWO_FACTOR_KEYS: `k1:${key}`,
  DATABASE_URL: 'postgres://gatehouse:x@database:5432/gatehouse',
  REDIS_URL: 'redis://:x@hot-store:6379',
}

const compose = parse(read('compose/compose.yaml'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>
}
const manifests = parseAllDocuments(read('kubernetes/gatehouse.yaml')).map((one) => one.toJS() as Manifest)

test('the configurations in them have no problem', async () => {
  expect(await problemsOf(read('compose/gatehouse.yaml'), environment)).toEqual([])
  const written = manifests.find(({ kind }) => kind === 'ConfigMap')?.data?.['gatehouse.yaml'] ?? ''
  expect(written).toContain('upstreams:')
  expect(await problemsOf(written, environment)).toEqual([])
})

test('compose: every secret must be given, and every one of them is in the example', () => {
  const demanded = [...read('compose/compose.yaml').matchAll(/\$\{([A-Z_]+)/g)].map(([, name = '']) => name)
  const offered = [...read('compose/.env.example').matchAll(/^([A-Z_]+)=$/gm)].map(([, name = '']) => name)
  expect([...new Set(demanded)].toSorted()).toEqual(offered.toSorted())
})

test('compose: nothing is published but on this machine, and the application is behind the gateways alone', () => {
  const { services, networks } = compose
  for (const [name, { ports = [] }] of Object.entries(services))
    for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:/)
  const inside = (network: string): readonly string[] =>
    Object.entries(services).flatMap(([name, service]) =>
      (Array.isArray(service.networks) ? service.networks : Object.keys(service.networks ?? {})).includes(
        network,
      )
        ? [name]
        : [],
    )
  expect(inside('behind')).toEqual(['gateway-1', 'gateway-2', 'demo'])
  expect(networks['behind']?.internal).toBe(true)
  expect(services['demo']?.ports).toBeUndefined()
})

test('compose: planes cannot write, gain nothing, and their hot store throws nothing away', () => {
  for (const name of ['gateway-1', 'gateway-2', 'admin'])
    expect(compose.services[name], name).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    })
  expect(compose.services['hot-store']?.command).toContain('noeviction')
  for (const [name, { image }] of Object.entries(compose.services))
    if (image !== undefined) expect(image, name).toMatch(/:(?!latest).+/)
})

test('Kubernetes: planes run as nobody, say when they are ready, and the application lets only gateways in', () => {
  const sets = manifests.filter(({ kind }) => kind === 'StatefulSet')
  expect(sets.map(({ metadata }) => metadata.name)).toEqual(['gateway', 'admin'])
  for (const { metadata, spec } of sets) {
    const pod = spec?.template?.spec
    const container = pod?.containers[0]
    expect(pod?.securityContext, metadata.name).toMatchObject({ runAsNonRoot: true })
    expect(container?.securityContext, metadata.name).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    expect(container?.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'metrics' })
    expect(container?.livenessProbe.httpGet).toEqual({ path: '/livez', port: 'metrics' })
    expect(
      manifests.some(
        ({ kind, metadata: { name } }) => kind === 'PodDisruptionBudget' && name === metadata.name,
      ),
    ).toBe(true)
  }
  const fence = manifests.find(({ metadata }) => metadata.name === 'only-through-gatehouse')
  expect(fence?.spec?.ingress).toEqual([
    {
      from: [
        {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'gatehouse' } },
          podSelector: { matchLabels: { app: 'gateway' } },
        },
      ],
    },
  ])
})

test('systemd: a unit reloads, drains, and does not try a bad configuration again and again', () => {
  const unit = read('systemd/gatehouse-gateway.service')
  expect(unit).toMatch(/^ExecReload=\/bin\/kill -HUP \$MAINPID$/m)
  for (const name of ['gateway', 'admin']) {
    const text = read(`systemd/gatehouse-${name}.service`)
    for (const line of [
      'RestartPreventExitStatus=78',
      'DynamicUser=yes',
      'ProtectSystem=strict',
      'NoNewPrivileges=yes',
    ])
      expect(text, name).toContain(`\n${line}\n`)
    expect(text).toContain(`cli/main.ts ${name} --config /etc/gatehouse/gatehouse.yaml`)
  }
})
