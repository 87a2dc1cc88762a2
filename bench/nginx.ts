/**
 * nginx for measurements: where the program is, and the four ways it is set up here.
 *
 * No setup is a recommendation. Invariant: one process each, connections kept open in both directions, nothing logged,
 * nothing on disk: the fastest that nginx does this with one core. The program comes from PATH or, on Debian, from a
 * package unpacked under .cache. Compiling it here was refused: nobody runs that build.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cachePath } from '../test/support/cache-folder.ts'
import { fetchDebianPackages, libraryFolders } from '../test/support/debian-packages.ts'
import { type Pinned, startPinned } from './pinned.ts'

/** A program with the environment it needs, and its version in its own words. */
export type Program = {
  readonly command: string
  readonly env: Readonly<Record<string, string>>
  readonly version: string
}

const packages = ['nginx', 'libpcre2-8-0', 'libssl3', 'wrk', 'libluajit-5.1-2']

const versionOf = (command: string, env: Readonly<Record<string, string>>): string | null => {
  const done = spawnSync(command, ['-v'], { encoding: 'utf8', env: { ...process.env, ...env } })
  if (done.error !== undefined) return null
  return /\d+\.\d+\.\d+/.exec(`${done.stdout}${done.stderr}`)?.[0] ?? 'unknown'
}

/** nginx or wrk: from PATH, else from Debian (some seconds, once). Throws where neither is to be had. */
export const findProgram = async (name: 'nginx' | 'wrk'): Promise<Program> => {
  const installed = versionOf(name, {})
  if (installed !== null) return { command: name, env: {}, version: installed }
  const folder = cachePath('proxies', process.arch)
  await fetchDebianPackages({ purpose: 'nginx and wrk', packages, folder })
  const command = join(folder, 'usr', name === 'nginx' ? 'sbin' : 'bin', name)
  const env = { LD_LIBRARY_PATH: libraryFolders(folder).join(':') }
  const version = versionOf(command, env)
  if (version === null) throw new Error(`${name} was fetched and does not run`)
  return { command, env, version }
}

/** A whole setup around `servers`. */
export const wholeSetup = (servers: string): string => `
daemon off;
master_process off;
worker_processes 1;
pid nginx.pid;
error_log stderr warn;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
${servers}
}
`

const group = (name: string, port: number): string =>
  `  upstream ${name} { server 127.0.0.1:${port}; keepalive 64; keepalive_requests 1000000000; }`

const passing = (name: string): string => `
      proxy_pass http://${name};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;`

/** What is behind an application: files of these sizes at these paths, in chunks where it says so, and a WebSocket at `socketPort`. */
type Behind = {
  readonly files: readonly { readonly path: string; readonly file: string; readonly isChunked: boolean }[]
  readonly socketPath: string
  readonly socketPort: number
}

const switching = (path: string, to: string): string => `
    location = ${path} {${passing(to)}
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_read_timeout 1h;
    }`

/** An application that answers from memory: a page of `body`, a sign-in that believes `X-Person`, and `/me`. */
export const applicationSetup = (
  port: number,
  body: string,
  { files, socketPath, socketPort }: Behind,
): string =>
  wholeSetup(`${group('socket', socketPort)}
  server {
    listen 127.0.0.1:${port};
${files
  .map(({ path, file, isChunked }) =>
    // What may include something has no length beforehand.
    [
      `location = ${path} { default_type text/plain; alias ${file};`,
      isChunked ? ' ssi on; ssi_types *;' : '',
      ' }',
    ].join(''),
  )
  .join('\n')}
${switching(socketPath, 'socket')}
    location / { default_type text/plain; return 200 "${body}"; }
    location = /sign-in {
      add_header Set-Cookie "sid=$http_x_person; Path=/; HttpOnly" always;
      return 303 /home;
    }
    location = /me {
      default_type application/json;
      return 200 '{"id":"$cookie_sid","kind":"staff","email":"$cookie_sid@example.test"}';
    }
  }`)

/** A plain reverse proxy; `listening`: its directives of where, and with which certificate; `more`: further locations. */
export const plainProxy = (listening: string, application: number, more = ''): string =>
  wholeSetup(`${group('application', application)}
  server {
    ${listening}
${more}
    location / {${passing('application')}
    }
  }`)

/** A plain reverse proxy without TLS, of the WebSocket at `socketPath` too. */
export const bareSetup = (port: number, application: number, socketPath: string): string =>
  plainProxy(`listen 127.0.0.1:${port};`, application, switching(socketPath, 'application'))

/** A reverse proxy that asks another server about every request. */
export const askingSetup = (port: number, application: number, asked: number): string =>
  wholeSetup(`${group('application', application)}
${group('asked', asked)}
  server {
    listen 127.0.0.1:${port};
    location / {
      auth_request /_asked;${passing('application')}
    }
    location = /_asked {
      internal;${passing('asked')}
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header X-Original-URI $request_uri;
    }
  }`)

/** Who is asked, at its cheapest: 204 for any cookie of the application, else 401. */
export const answeringSetup = (port: number): string =>
  wholeSetup(`
  server {
    listen 127.0.0.1:${port};
    location / {
      if ($cookie_sid = "") { return 401; }
      return 204;
    }
  }`)

/** Starts one nginx with its own empty folder. It may not be listening yet. */
export const startNginx = (program: Program, folder: string, setup: string, core: number): Pinned => {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'nginx.conf')
  writeFileSync(file, setup)
  const args = ['-e', 'stderr', '-p', folder, '-c', file]
  return startPinned({ core, command: program.command, args, env: program.env })
}
