/**
 * Three applications that nobody here wrote, unmodified, each with a sign-in of its own: MediaWiki (PHP; a form and cookies),
 * Node-RED (a token, a WebSocket) and Verdaccio (a signed token, and npm as a client that is no browser).
 *
 * How Gatehouse is set up for them is in docs/integrating.md. Invariant: everyone of them knows erin, by `erinsPassword`.
 */
import { execFile } from 'node:child_process'
import { appendFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cachePath, newRunFolder } from '../cache-folder.ts'
import { fetchDebianPackages, libraryFolders } from '../debian-packages.ts'
import { freePort } from '../free-port.ts'
import { fetchNpmPackage } from './npm-package.ts'
import { type ForeignApplication, runForeign } from './program.ts'

/** Erin's password at each of them. */
export const erinsPassword = 'right-horse-9'

/** Node-RED, whose editor Erin may use. */
export const startNodeRed = async (): Promise<ForeignApplication> => {
  const at = await fetchNpmPackage('node-red', '5.0.7')
  const folder = newRunFolder('node-red')
  const port = await freePort()
  const bcrypt = createRequire(join(at, 'package.json'))('bcryptjs') as {
    hashSync(text: string, rounds: number): string
  }
  const erin = { username: 'erin', password: bcrypt.hashSync(erinsPassword, 4), permissions: '*' }
  const settings = {
    ...{ uiHost: '127.0.0.1', uiPort: port, flowFile: 'flows.json', credentialSecret: 'for-tests' },
    telemetry: { enabled: false },
    adminAuth: { type: 'credentials', users: [erin] },
    editorTheme: { tours: false },
    logging: { console: { level: 'warn' } },
  }
  // Or it would be a module of the project above.
  writeFileSync(join(folder, 'package.json'), '{}')
  writeFileSync(join(folder, 'settings.js'), `module.exports = ${JSON.stringify(settings)}\n`)
  const args = [join(at, 'red.js'), '-u', folder, '-s', join(folder, 'settings.js')]
  return runForeign({ command: process.execPath, args, folder, port })
}

/** Verdaccio, a registry that shows its packages to those who are signed in. */
export const startVerdaccio = async (): Promise<ForeignApplication> => {
  const at = await fetchNpmPackage('verdaccio', '6.10.4')
  const folder = newRunFolder('verdaccio')
  const port = await freePort()
  const signed = { sign: { expiresIn: '12h' }, verify: {} }
  const settings = {
    storage: './storage',
    auth: { htpasswd: { file: './htpasswd', max_users: 10 } },
    security: { api: { jwt: signed }, web: signed },
    uplinks: {},
    packages: { '**': { access: '$authenticated', publish: '$authenticated' } },
    log: { type: 'stdout', format: 'json', level: 'error' },
  }
  writeFileSync(join(folder, 'config.yaml'), JSON.stringify(settings))
  const args = [join(at, 'bin', 'verdaccio'), '--config', 'config.yaml', '--listen', `127.0.0.1:${port}`]
  const application = await runForeign({ command: process.execPath, args, folder, port })
  const made = await fetch(`${application.url}/-/user/org.couchdb.user:erin`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'erin', password: erinsPassword }),
  })
  if (made.status !== 201) throw new Error(`Verdaccio made no account: ${made.status} ${await made.text()}`)
  return application
}

const wikiPackages = [
  ...['mediawiki', 'mediawiki-classes', 'php-common', 'php8.2-cli', 'php8.2-common', 'php8.2-intl'],
  ...['php8.2-mbstring', 'php8.2-opcache', 'php8.2-readline', 'php8.2-sqlite3', 'php8.2-xml'],
  ...['libargon2-1', 'libedit2', 'libicu72', 'libonig5', 'libpcre2-8-0', 'libsodium23', 'libxml2'],
] as const

const wikiExtensions = [
  ...[
    'mbstring',
    'dom',
    'xml',
    'simplexml',
    'xmlreader',
    'xmlwriter',
    'pdo',
    'sqlite3',
    'pdo_sqlite',
    'intl',
  ],
  ...['fileinfo', 'ctype', 'iconv', 'tokenizer', 'posix', 'calendar'],
] as const

/** PHP as Debian's packages have it, with what MediaWiki asks for. */
const setUpPhp = (debian: string, folder: string) => {
  const modules = join(debian, 'usr', 'lib', 'php')
  const lines = [
    `extension_dir=${join(modules, readdirSync(modules)[0] ?? '')}`,
    ...wikiExtensions.map((name) => `extension=${name}`),
    'zend_extension=opcache',
    'opcache.enable_cli=1',
  ]
  const file = join(folder, 'php.ini')
  writeFileSync(file, `${lines.join('\n')}\n`)
  return {
    command: join(debian, 'usr', 'bin', 'php8.2'),
    args: ['-n', '-c', file],
    env: {
      LD_LIBRARY_PATH: libraryFolders(debian).join(':'),
      MW_CONFIG_FILE: join(folder, 'LocalSettings.php'),
    },
  }
}

/** MediaWiki as it comes, told afterwards under which address people reach it. */
export type Wiki = ForeignApplication & { servedAt(origin: string): void }

/** A wiki that only those who are signed in may read. */
export const startMediaWiki = async (): Promise<Wiki> => {
  const debian = await fetchDebianPackages({
    purpose: 'MediaWiki',
    packages: wikiPackages,
    folder: cachePath('mediawiki', process.arch),
  })
  const folder = newRunFolder('mediawiki')
  const port = await freePort()
  const php = setUpPhp(debian, folder)
  const root = join(debian, 'usr', 'share', 'mediawiki')
  const settings = join(folder, 'LocalSettings.php')
  mkdirSync(join(folder, 'store'))
  const set = [
    ...['--dbtype=sqlite', '--dbname=wiki', `--dbpath=${join(folder, 'store')}`, `--confpath=${folder}`],
    ...[`--server=http://127.0.0.1:${port}`, '--scriptpath=', '--lang=en', `--pass=${erinsPassword}`],
  ]
  // Set-up looks for the file that it is to write.
  const { MW_CONFIG_FILE: _, ...env } = php.env
  const install = [...php.args, join(root, 'maintenance', 'install.php'), ...set, 'Handbook', 'Erin']
  await promisify(execFile)(php.command, install, { env: { ...process.env, ...env } })
  appendFileSync(
    settings,
    "\n$wgGroupPermissions['*']['read'] = false;\n$wgCdnServers = ['127.0.0.1'];\n$wgJobRunRate = 0;\n",
  )
  const application = await runForeign({
    command: php.command,
    args: [...php.args, '-S', `127.0.0.1:${port}`, '-t', root],
    env: { ...php.env, PHP_CLI_SERVER_WORKERS: '3' },
    folder,
    port,
  })
  return {
    ...application,
    servedAt: (origin) => appendFileSync(settings, `$wgServer = ${JSON.stringify(origin)};\n`),
  }
}
