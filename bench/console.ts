/**
 * How long the console takes over lists of 100,000 rows: until the first rows can be read, and until a later page can.
 *
 * A real PostgreSQL with the seed of `admin-seed.ts`, the app itself, the built pages, a real Chromium; what the browser asks
 * is handed to the app without sockets. Invariant: a figure counts only if rows were there and the screen says how many there
 * are; rounds over all screens alternate.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page, Route } from 'playwright-core'
import { openStore } from '../admin/store/database.ts'
import { migrate } from '../admin/store/migrate.ts'
import { startEmbeddedPostgres } from '../cli/embedded-postgres.ts'
import { launchBrowser } from '../test/support/chromium.ts'
import { ensureUiBuilt } from '../tools/build.mjs'
import { type App, insertAccount, openApp, origin } from './admin.ts'
import { type Amounts, crowd, seedDatabase } from './admin-seed.ts'
import { describeMachine, type Machine, spreadOf } from './machine.ts'

const amounts: Amounts = {
  ...{ practices: 10, users: 100_000, crowdUsers: 100_000, events: 100_000, crowdEvents: 100_000 },
  ...{ crowdEntries: 100_000, wideEntries: 20, entriesEach: 20, refusals: 100_000, sessions: 100_000 },
  ...{ requests: 1_000, facts: 1_000 },
}
const rounds = 3

/** A screen: where its rows are, and what leads to more of them. */
const screens = [
  { name: 'Users', path: 'users', rows: '.gh-table tbody tr', more: 'Next' },
  { name: 'Active users', path: 'active-users', rows: '.gh-table tbody tr', more: 'Next' },
  { name: '2FA management', path: 'two-factor', rows: '.gh-table tbody tr', more: 'Next' },
  { name: 'IP allowlist', path: 'ip-allowlist', rows: '.gh-entries tbody tr', more: 'Next' },
  { name: 'Security events', path: 'security-events', rows: '.gh-event', more: 'Show more' },
  { name: 'Refusals', path: 'security-events?view=refusals', rows: '.gh-refusal', more: 'Show more' },
] as const

/**
 * One screen. `cpuMs`: what this process worked until the first rows stood there, the app's answers and driving the browser,
 * which neighbours on the machine hardly move; `rows`: drawn at first; `elements`: in the page then.
 */
export type ScreenFigure = {
  readonly name: string
  readonly cpuMs: readonly number[]
  readonly firstMs: readonly number[]
  readonly moreMs: readonly number[]
  readonly rows: number
  readonly elements: number
}

/** Everything measured. */
export type ConsoleResults = {
  readonly date: string
  readonly machine: Machine
  readonly amounts: Amounts
  /** Of the machine at the end, a minute's mean: above its cores, others were at work too. */
  readonly loadAverage: number
  readonly screens: readonly ScreenFigure[]
}

const answerRoute = async (route: Route, { request }: App): Promise<void> => {
  const asked = route.request()
  const { pathname, search } = new URL(asked.url())
  if (pathname === '/api/live') return route.abort()
  const response = await request(`${pathname}${search}`, {
    method: asked.method(),
    headers: await asked.allHeaders(),
    ...(asked.postData() === null ? {} : { body: asked.postData() }),
  })
  await route.fulfill({
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: Buffer.from(await response.arrayBuffer()),
  })
}

const openPage = async (browser: Browser, app: App): Promise<Page> => {
  const context = await browser.newContext({ viewport: { width: 1_280, height: 860 } })
  const [name = '', value = ''] = app.cookie.split('=')
  await context.addCookies([{ name, value, url: origin, secure: true }])
  const page = await context.newPage()
  page.setDefaultTimeout(60_000)
  await page.route(`${origin}/**`, (route) => answerRoute(route, app))
  return page
}

type Screen = (typeof screens)[number]

const firstRows = async (page: Page, { path, rows }: Screen): Promise<number> => {
  await page.goto('about:blank')
  const startedAt = performance.now()
  await page.goto(`${origin}/practices/${crowd}/${path}`, { waitUntil: 'commit' })
  await page.locator(rows).first().waitFor()
  return performance.now() - startedAt
}

const laterRows = async (page: Page, { rows, more }: Screen): Promise<number> => {
  const isPaged = more === 'Next'
  const before = await page.locator(rows).first().innerText()
  const count = await page.locator(rows).count()
  const startedAt = performance.now()
  await page.getByRole('button', { name: more }).click()
  if (isPaged) while ((await page.locator(rows).first().innerText()) === before);
  else await page.locator(rows).nth(count).waitFor()
  return performance.now() - startedAt
}

const measure = async (page: Page, say: (line: string) => void): Promise<readonly ScreenFigure[]> => {
  const figures = screens.map((screen) => ({
    ...{ screen, rows: 0, elements: 0 },
    cpuMs: [] as number[],
    firstMs: [] as number[],
    moreMs: [] as number[],
  }))
  for (let round = 0; round <= rounds; round += 1)
    for (const figure of figures) {
      const { screen } = figure
      const worked = process.cpuUsage()
      const firstMs = await firstRows(page, screen)
      const { user, system } = process.cpuUsage(worked)
      figure.rows = await page.locator(screen.rows).count()
      figure.elements = Number(await page.evaluate('document.querySelectorAll("*").length'))
      const moreMs = await laterRows(page, screen)
      say(`${screen.name}: ${Math.round(firstMs)} ms, more after ${Math.round(moreMs)} ms`)
      // The first round warms what is compiled and cached.
      if (round === 0) continue
      figure.cpuMs.push((user + system) / 1_000)
      figure.firstMs.push(firstMs)
      figure.moreMs.push(moreMs)
    }
  return figures.map(({ screen, ...figure }) => ({ name: screen.name, ...figure }))
}

/** Seeds a PostgreSQL of its own and measures; some minutes. */
export const benchConsole = async (date: string, say: (line: string) => void): Promise<ConsoleResults> => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-bench-'))
  const built = await ensureUiBuilt()
  const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres'), log: () => undefined })
  const browser = await launchBrowser()
  try {
    await migrate(postgres.url)
    const store = openStore({ url: postgres.url, poolMax: 10 })
    await seedDatabase(store, amounts, Date.now())
    await insertAccount(store, Date.now())
    say('seeded')
    const app = await openApp(store, built)
    const figures = await measure(await openPage(browser, app), say)
    app.close()
    await store.close()
    const [loadAverage = 0] = loadavg()
    return { date, machine: describeMachine(), amounts, loadAverage, screens: figures }
  } finally {
    await browser.close()
    await postgres.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** The figures as a page to read. */
export function consolePage(results: ConsoleResults): string {
  const { date, machine, screens: shown } = results
  const ms = (values: readonly number[]): string => String(Math.round(spreadOf(values).median))
  const slowest = (values: readonly number[]): string => String(Math.round(Math.max(...values)))
  return [
    '# The console over 100,000 rows',
    '',
    `Measured on ${date} by \`npm run bench console\`: ${machine.cpu}, ${machine.cores} cores, ${machine.platform},`,
    `Node ${machine.node}; a real Chromium, a real PostgreSQL on the same machine.`,
    '',
    'One practice with 100,000 members, each signed in, 100,000 allowlist entries, 100,000 security events and 100,000 refusals.',
    `From opening the address until the first rows stand there, and from pressing for more until those do; ${rounds} rounds.`,
    'CPU is what the control plane worked for it (and driving the browser), all that the frame of the screen asks included.',
    `The machine’s load average was ${results.loadAverage.toFixed(1)} on ${machine.cores} cores.`,
    '',
    '| screen | CPU, median ms | first rows, median ms | slowest | more rows, median ms | slowest | rows drawn | elements |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...shown.map(
      ({ name, cpuMs, firstMs, moreMs, rows, elements }) =>
        `| ${name} | ${ms(cpuMs)} | ${ms(firstMs)} | ${slowest(firstMs)} | ${ms(moreMs)} | ${slowest(moreMs)} | ${rows} | ${elements} |`,
    ),
    '',
    '## As JSON',
    '',
    '```json',
    JSON.stringify(results, null, 2),
    '```',
    '',
  ].join('\n')
}
