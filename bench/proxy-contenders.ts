/**
 * Who is compared: each started on one core, asked whether it does what it should, and handed out ready.
 *
 * It measures nothing. Invariant: a contender is only handed out after it has passed every person's requests through
 * unchanged and, where it guards, has refused whom it should; a gateway that refuses quickly must never look fast.
 * One contender after the other was refused: they wait together, so that rounds can alternate.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Client, createClient } from '../test/support/client.ts'
import { freePort } from '../test/support/free-port.ts'
import {
  answeringSetup,
  applicationSetup,
  askingSetup,
  bareSetup,
  type Program,
  startNginx,
} from './nginx.ts'
import { type Pinned, startPinned } from './pinned.ts'
import { networks, page, people, places, practices, type Rule, rules, shotsOf } from './proxy-practice.ts'
import type { Shot } from './wrk.ts'

/** Somebody in the comparison, running. `programs`: all that works for it, on its core. */
export type Contender = {
  readonly name: string
  readonly url: string
  readonly programs: readonly Pinned[]
  /** What it refuses by, besides what only the gateway knows. */
  readonly guards: 'nothing' | 'cookies' | 'cookies and addresses'
  /** `Cookie` headers of its own people; `null`: those of the gateway do as well. */
  readonly cookies: readonly string[] | null
}

/** The base of all ratios. */
export const baseName = 'nginx'
/** The gateway as it is meant to be. */
export const oursName = 'Gatehouse, all controls'
/** The gateway with nothing to guard. */
export const engineName = 'Gatehouse, the engine alone'

/** Where things run: `core` is the contenders'; the application, the load and we are on another. */
export type Ground = {
  readonly core: number
  readonly otherCore: number
  readonly folder: string
  readonly redisUrl: string
  readonly nginx: Program
  /** Where the gateway leaves a profile of its processor time when it ends; `null`: it does not. */
  readonly profile: string | null
}

const until = async (holds: () => Promise<boolean>, what: string): Promise<void> => {
  const end = performance.now() + 15_000
  for (;;) {
    if (await holds().catch(() => false)) return
    if (performance.now() > end) throw new Error(`not within 15 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const urlOf = (port: number): string => `http://127.0.0.1:${port}`

/** Resolves once somebody answers there, whatever it is. */
const answers = (url: string): Promise<void> =>
  until(
    () =>
      createClient(url)
        .get('/')
        .then(() => true),
    `an answer from ${url}`,
  )

/** Starts the application. */
export const startApplication = async ({ nginx, folder, otherCore }: Ground) => {
  const [port, socketPort] = [await freePort(), await freePort()]
  const home = join(folder, 'application')
  mkdirSync(home, { recursive: true })
  const files = (['large', 'huge', 'chunks'] as const).map((place) => {
    const file = join(home, place)
    writeFileSync(file, 'x'.repeat(places[place].bytes))
    return { path: places[place].path, file, isChunked: place === 'chunks' }
  })
  const echo = new URL('proxy-echo.ts', import.meta.url).pathname
  const socket = startPinned({ core: otherCore, command: process.execPath, args: [echo, String(socketPort)] })
  const setup = applicationSetup(port, page, { files, socketPath: places.socket.path, socketPort })
  const program = startNginx(nginx, home, setup, otherCore)
  await answers(urlOf(port))
  return { port, programs: [socket, program] }
}

const askAs = (client: Client, { method, path, headers, body }: Shot) =>
  client.send(path, { method, headers, navigation: false, ...(body === null ? {} : { body }) })

/** Fails unless each of these requests gets the application's page. */
const demandPages = async ({ name, url }: Contender, shots: readonly Shot[]): Promise<void> => {
  for (const shot of shots) {
    const { status, text } = await askAs(createClient(url), shot)
    if (status !== 200 || text !== page)
      throw new Error(`${name}: ${shot.method} ${shot.path} got ${status} ${text.slice(0, 300)}`)
  }
}

/** Fails unless it refuses a request without cookies, and one from an address that is not listed, if it guards them. */
const demandRefusals = async ({ name, url, guards }: Contender, shots: readonly Shot[]): Promise<void> => {
  const [shot] = shots
  if (shot === undefined) throw new Error('invariant: there are requests')
  const { Cookie: _, ...bare } = shot.headers
  const without = await askAs(createClient(url), { ...shot, headers: bare })
  if (guards !== 'nothing' && without.status !== 401)
    throw new Error(`${name}: a request without cookies got ${without.status}`)
  const elsewhere = await askAs(createClient(url, '127.0.0.2'), shot)
  if (guards === 'cookies and addresses' && elsewhere.status !== 403)
    throw new Error(`${name}: a request from an address that is not listed got ${elsewhere.status}`)
}

/** Fails unless it does what it is compared for. */
const prove = async (contender: Contender, cookies: readonly string[]): Promise<void> => {
  const shots = [...shotsOf('GET', cookies), ...shotsOf('POST', cookies)]
  await demandPages(contender, shots)
  await demandRefusals(contender, shots)
}

const messageFrom = ({ child }: Pinned, awaited: string): Promise<void> => {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  child.on('message', (message) => {
    if (message === awaited) resolve()
  })
  child.once('exit', (code) => reject(new Error(`the gateway ended (${code}) before it was ${awaited}`)))
  return promise
}

/** Signs everyone in through the gateway; their `Cookie` headers. */
const signInAll = async (url: string): Promise<readonly string[]> => {
  const cookies: string[] = []
  for (const person of people) {
    const client = createClient(url)
    await client.get('/sign-in')
    const answer = await client.post('/sign-in', {
      form: { user: person, password: 'right' },
      headers: { 'x-person': person },
    })
    if (answer.status !== 303 || client.cookies.size !== 2)
      throw new Error(`${person} could not sign in: ${answer.status} ${answer.text.slice(0, 300)}`)
    client.cookies.set('practice', practices[0])
    cookies.push(client.cookieHeader())
  }
  return cookies
}

/** Puts one rule after the other in force and fails unless each refuses for its own reason, and the last permits. */
const tryRules = async (gateway: Pinned, url: string, shots: readonly Shot[]): Promise<void> => {
  const [shot] = shots
  if (shot === undefined) throw new Error('invariant: there are requests')
  for (const rule of Object.keys(rules) as readonly Rule[]) {
    const taken = messageFrom(gateway, 'taken')
    gateway.child.send(rule)
    await taken
    const reason = rules[rule]
    await until(
      async () => {
        const { status, text } = await askAs(createClient(url), shot)
        return reason === null ? status === 200 : status !== 200 && text.includes(`"${reason}"`)
      },
      `${reason ?? 'a permit'} under the rule "${rule}"`,
    )
  }
}

/** Its engines, each in a process and a database of its own. */
const engines = {
  own: { name: oursName, database: 0 },
  node: { name: 'Gatehouse, first engine', database: 1 },
} as const

/** Starts the gateway with everyone signed in and every control enforced; its cookies are good for who knows no gateway. */
export const startOurs = async (ground: Ground, applicationPort: number, engine: keyof typeof engines) => {
  const { core, folder, redisUrl, profile } = ground
  const { name, database } = engines[engine]
  const port = await freePort()
  const url = urlOf(port)
  const profiling = profile === null ? [] : ['--cpu-prof', '--cpu-prof-dir', profile]
  const entry = new URL('proxy-gateway.ts', import.meta.url).pathname
  const places = [urlOf(applicationPort), String(port), `${redisUrl}/${database}`, join(folder, engine)]
  const args = [...profiling, entry, ...places, engine]
  const program = startPinned({ core, command: process.execPath, args, ipc: true })
  await messageFrom(program, 'ready')
  const cookies = await signInAll(url)
  await tryRules(program, url, shotsOf('GET', cookies))
  const contender: Contender = { name, url, programs: [program], guards: 'cookies and addresses', cookies }
  await prove(contender, cookies)
  return { contender, cookies }
}

/** Starts the gateway with nothing to guard. */
export const startEngineAlone = async (
  { core, folder, profile }: Ground,
  applicationPort: number,
  cookies: readonly string[],
): Promise<Contender> => {
  const port = await freePort()
  const url = urlOf(port)
  const profiling = profile === null ? [] : ['--cpu-prof', '--cpu-prof-dir', `${profile}/alone`]
  const entry = new URL('proxy-engine.ts', import.meta.url).pathname
  const args = [...profiling, entry, urlOf(applicationPort), String(port), join(folder, 'alone')]
  const program = startPinned({ core, command: process.execPath, args })
  await answers(url)
  const contender: Contender = {
    ...{ name: engineName, url, programs: [program], guards: 'nothing', cookies: null },
  }
  await prove(contender, cookies)
  return contender
}

/** Starts all the others on the same core. */
export const startOthers = async (
  { core, folder, nginx }: Ground,
  application: number,
  cookies: readonly string[],
): Promise<readonly Contender[]> => {
  const nginxOf = (name: string, setup: string): Pinned => startNginx(nginx, join(folder, name), setup, core)
  const node = (file: string, ...args: readonly string[]): Pinned => {
    const entry = new URL(file, import.meta.url).pathname
    // http-proxy of 2020 uses what Node has deprecated since.
    return startPinned({ core, command: process.execPath, args: ['--no-deprecation', entry, ...args] })
  }
  const [authNode, authNginx] = [await freePort(), await freePort()]
  const askedNode = node('proxy-auth.ts', String(authNode), people.join(','), networks.join(','))
  const askedNginx = nginxOf('asked', answeringSetup(authNginx))
  await Promise.all([answers(urlOf(authNode)), answers(urlOf(authNginx))])
  const [bare, toNode, toNginx, plain] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ]
  const contenders: readonly Contender[] = [
    {
      name: baseName,
      url: urlOf(bare),
      programs: [nginxOf('bare', bareSetup(bare, application, places.socket.path))],
      guards: 'nothing',
      cookies: null,
    },
    {
      name: 'nginx auth_request → nginx',
      url: urlOf(toNginx),
      programs: [nginxOf('to-nginx', askingSetup(toNginx, application, authNginx)), askedNginx],
      guards: 'cookies',
      cookies: null,
    },
    {
      name: 'nginx auth_request → Node',
      url: urlOf(toNode),
      programs: [nginxOf('to-node', askingSetup(toNode, application, authNode)), askedNode],
      guards: 'cookies and addresses',
      cookies: null,
    },
    {
      name: 'http-proxy',
      url: urlOf(plain),
      programs: [node('proxy-http-proxy.ts', String(plain), String(application))],
      guards: 'nothing',
      cookies: null,
    },
  ]
  await Promise.all(contenders.map(({ url }) => answers(url)))
  for (const contender of contenders) await prove(contender, cookies)
  return contenders
}
