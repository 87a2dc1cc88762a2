/**
 * nginx, Caddy and HAProxy as processes of their own, for tests in which they carry the traffic to the gateway or ask it.
 *
 * Set-ups are the test's. Invariant: each runs in a folder of its own, on the port that it is told, as long as the test
 * wants. The programs come from PATH or, on Debian, from packages unpacked under .cache.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { cachePath, newRunFolder } from './cache-folder.ts'
import { fetchDebianPackages, libraryFolders } from './debian-packages.ts'

/** A running proxy. */
export type PeerProxy = { readonly url: string; stop(): Promise<void> }

type Program = { readonly command: string; readonly env: Readonly<Record<string, string>> }

const packages = {
  nginx: ['nginx', 'libpcre2-8-0', 'libssl3'],
  caddy: ['caddy'],
  haproxy: [
    'haproxy',
    'liblua5.3-0',
    'libopentracing-c-wrapper0',
    'libopentracing1',
    'libpcre2-8-0',
    'libssl3',
  ],
} as const

const findProgram = async (name: keyof typeof packages): Promise<Program> => {
  if (spawnSync(name, [name === 'haproxy' ? '-v' : 'version']).error === undefined)
    return { command: name, env: {} }
  const folder = cachePath(`peer-${name}`, process.arch)
  await fetchDebianPackages({ purpose: name, packages: packages[name], folder })
  return {
    command: join(folder, 'usr', name === 'caddy' ? 'bin' : 'sbin', name),
    env: { LD_LIBRARY_PATH: libraryFolders(folder).join(':') },
  }
}

/** Resolves once somebody listens there; rejects when the process ends first. */
const listening = async (port: number, child: ChildProcess, said: () => string): Promise<void> => {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${said()}`)
    const socket = net.connect(port, '127.0.0.1')
    const answered = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false)
    socket.destroy()
    if (answered) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const start = async (
  program: Program,
  args: readonly string[],
  folder: string,
  port: number,
): Promise<PeerProxy> => {
  let said = ''
  const child = spawn(program.command, args, {
    cwd: folder,
    env: { ...process.env, ...program.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString('utf8')}`.slice(-4_000)
  })
  await listening(port, child, () => said)
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      if (child.exitCode === null) {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** An nginx with this `http` block's content, which listens on `port`. */
export const startNginx = async (port: number, servers: string): Promise<PeerProxy> => {
  const program = await findProgram('nginx')
  const folder = newRunFolder('nginx')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (of) => `${of}_temp_path ${folder}/${of};`,
  )
  const setup = `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr error;
events { worker_connections 256; }
http { access_log off; ${temporary.join(' ')}
${servers} }`
  writeFileSync(join(folder, 'nginx.conf'), setup)
  const args = ['-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf')]
  return start(program, args, folder, port)
}

/** A Caddy with this Caddyfile's site blocks, one of which listens on `port`. */
export const startCaddy = async (port: number, sites: string): Promise<PeerProxy> => {
  const program = await findProgram('caddy')
  const folder = newRunFolder('caddy')
  writeFileSync(join(folder, 'Caddyfile'), `{\n  admin off\n  auto_https off\n}\n${sites}\n`)
  return start(program, ['run', '--config', 'Caddyfile', '--adapter', 'caddyfile'], folder, port)
}

/** An HAProxy that passes TCP on as these sections say, one of which listens on `port`. */
export const startHaproxy = async (port: number, sections: string): Promise<PeerProxy> => {
  const program = await findProgram('haproxy')
  const folder = newRunFolder('haproxy')
  const setup = `global
  maxconn 200
defaults
  mode tcp
  timeout connect 5s
  timeout client 10s
  timeout server 10s
${sections}
`
  writeFileSync(join(folder, 'haproxy.cfg'), setup)
  return start(program, ['-db', '-q', '-f', join(folder, 'haproxy.cfg')], folder, port)
}
