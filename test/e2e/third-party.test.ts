/**
 * Goal: applications that nobody here wrote work behind the gateway with the configurations that docs/integrating.md prints,
 * and every control reaches their people. Method: MediaWiki, Node-RED and Verdaccio as they come, in a real browser and by
 * npm; the admin API revokes and enforces.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Browser, Page, WebSocket } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Config } from '../../runtime/config.ts'
import { type AdminClient, activeEverywhere, revisionOf, signInAdmin } from '../support/admin-client.ts'
import { launchBrowser } from '../support/chromium.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import {
  erinsPassword,
  startMediaWiki,
  startNodeRed,
  startVerdaccio,
  type Wiki,
} from '../support/third-party/applications.ts'
import type { ForeignApplication } from '../support/third-party/program.ts'
import { writtenUpstream } from '../support/written-config.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
}, 60_000)
afterAll(() => browser?.close())

type Saved = { readonly sequence: number }
type ActiveUser = { readonly user: string; readonly name: string; readonly sessions: { method: string }[] }

/** Gatehouse in front of one application, as the document sets it up. */
type Stage = {
  readonly app: string
  readonly page: Page
  activeUsers(): Promise<readonly ActiveUser[]>
  revoke(user: string): Promise<void>
  /** From now on only another address is allowed to this person. */
  enforceAddresses(user: string): Promise<void>
  /** Addresses ≥ 400 that the page was answered with, since last asked. */
  failures(): readonly string[]
  close(): Promise<void>
}

const put = async (admin: AdminClient, user: string): Promise<void> => {
  const path = '/api/practices/riverside'
  const entry = { range: '127.0.0.77', label: 'Elsewhere', audience: 'practice' }
  await admin.edit<Saved>('POST', `${path}/ip-entries`, entry)
  const scope = { include: { roles: [], users: [user] }, exempt: { roles: [], users: [] } }
  const wish = {
    mode: 'enforce',
    scope,
    signInOnlyFromListed: false,
    confirmPracticeName: 'Riverside Dental',
  }
  const saved = await admin.edit<Saved>(
    'PUT',
    `${path}/controls/ip`,
    wish,
    await revisionOf(admin, 'riverside'),
  )
  await activeEverywhere(admin, saved.sequence)
}

const startStage = async (id: string, application: ForeignApplication): Promise<Stage> => {
  const upstream = writtenUpstream('docs/integrating.md', id)
  const change = (config: Config): Config => ({
    ...config,
    upstreams: [
      { ...upstream, url: application.url, practice: { ...upstream.practice, fixed: 'riverside' } },
    ],
  })
  const fleet: Fleet = await startFleet({ gateways: 1, change })
  const control = fleet.control()
  const admin = await signInAdmin(control.addresses.admin, control.firstAdmin!)
  const context = await browser.newContext()
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  let failed: string[] = []
  page.on('response', (answer) => {
    if (answer.status() >= 400) failed.push(`${answer.status()} ${new URL(answer.url()).pathname}`)
  })
  return {
    app: fleet.gateways[0]!.addresses.application,
    page,
    activeUsers: async () =>
      ((await admin.read('/api/practices/riverside/active-users')).json() as { users: ActiveUser[] }).users,
    async revoke(user) {
      const path = `/api/practices/riverside/users/${user}/revoke`
      await activeEverywhere(
        admin,
        (await admin.edit<Saved>('POST', path, { reason: 'laptop lost' })).sequence,
      )
    },
    enforceAddresses: (user) => put(admin, user),
    failures() {
      const told = failed
      failed = []
      return told
    },
    async close() {
      await context.close()
      await fleet.close()
      await application.stop()
    },
  }
}

describe('MediaWiki: PHP, a form, three cookies, and 200 for nobody', () => {
  let stage: Stage
  let wiki: Wiki
  beforeAll(async () => {
    wiki = await startMediaWiki()
    stage = await startStage('handbook', wiki)
    wiki.servedAt(stage.app)
  }, 120_000)
  afterAll(() => stage?.close())

  const signIn = async (password: string): Promise<void> => {
    await stage.page.getByLabel('Username').fill('Erin')
    await stage.page.getByLabel('Password').fill(password)
    await stage.page.getByRole('button', { name: 'Log in' }).click()
  }
  const path = (): string => new URL(stage.page.url()).pathname

  test('its own form signs in, and nobody without it; what is written through the gateway is read back', async () => {
    const { page, app } = stage
    await page.goto(`${app}/index.php/Main_Page`)
    expect(path()).toBe('/index.php/Special:UserLogin')
    await signIn('wrong-horse-9')
    await page.getByText('Incorrect username or password entered').waitFor()
    expect(await stage.activeUsers()).toEqual([])
    await signIn(erinsPassword)
    await page.waitForURL(`${app}/index.php/Main_Page`)
    expect(await stage.activeUsers()).toMatchObject([
      { name: 'Erin', sessions: [{ method: 'app-password' }] },
    ])
    await page.goto(`${app}/index.php?title=Opening_hours&action=edit`)
    await page.getByRole('textbox', { name: 'Wikitext source editor' }).fill('We open at eight.')
    await page.getByRole('button', { name: 'Save page' }).click()
    await page.waitForURL(/Opening_hours$/)
    expect(await page.locator('#mw-content-text').innerText()).toContain('We open at eight.')
    expect(stage.failures()).toEqual([])
  })

  test('a revocation ends it at once, a fresh sign-in brings back, and signing out there signs out here', async () => {
    const { page, app } = stage
    const [erin] = await stage.activeUsers()
    await stage.revoke(erin!.user)
    await page.goto(`${app}/index.php/Opening_hours`)
    expect(await page.content()).not.toContain('We open at eight.')
    await page.goto(`${app}/index.php/Special:UserLogin`)
    await signIn(erinsPassword)
    await page.waitForURL(/Main_Page$/)
    await page.goto(`${app}/index.php/Opening_hours`)
    expect(await page.content()).toContain('We open at eight.')
    await page.goto(`${app}/index.php/Special:UserLogout`)
    await page.getByRole('button', { name: 'Submit' }).click()
    await page.getByText('You are now logged out.').waitFor()
    await expect.poll(stage.activeUsers).toEqual([])
  })

  test('where her address is not allowed, the page says so and shows nothing', async () => {
    const { page, app } = stage
    await page.goto(`${app}/index.php/Special:UserLogin`)
    await signIn(erinsPassword)
    await page.waitForURL(/Main_Page$/)
    const [erin] = await stage.activeUsers()
    await stage.enforceAddresses(erin!.user)
    stage.failures()
    await page.goto(`${app}/index.php/Opening_hours`)
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toContain('Access is restricted')
    expect(await page.content()).not.toContain('We open at eight.')
    expect(stage.failures()).toEqual(['403 /index.php/Opening_hours'])
  })
})

describe('Node-RED: a token that its pages keep, and a WebSocket', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await startStage('node-red', await startNodeRed())
  }, 120_000)
  afterAll(() => stage?.close())

  /** Signs in by the editor's form; the WebSocket that it then opens, once something came over it. */
  const signIn = async (): Promise<WebSocket> => {
    const live = stage.page.waitForEvent('websocket').then(async (opened) => {
      await opened.waitForEvent('framereceived')
      return opened
    })
    await stage.page.getByLabel('Username').fill('erin')
    await stage.page.getByLabel('Password').fill(erinsPassword)
    await stage.page.getByRole('button', { name: 'Login' }).click()
    await stage.page.locator('#red-ui-header-button-deploy').waitFor()
    return live
  }
  let live: WebSocket

  test('the editor signs in by its own form, and no request of it is refused', async () => {
    const { page, app } = stage
    await page.goto(app)
    await page.getByLabel('Username').waitFor()
    // Its first question, before anybody signed in.
    expect(stage.failures()).toEqual(['401 /settings'])
    live = await signIn()
    expect(new URL(live.url()).pathname).toBe('/comms')
    expect(await stage.activeUsers()).toMatchObject([
      { name: 'erin', sessions: [{ method: 'app-password' }] },
    ])
    expect(stage.failures()).toEqual([])
  })

  test('a revocation cuts its WebSocket, and the token that the browser keeps is worth nothing', async () => {
    const { page } = stage
    const [erin] = await stage.activeUsers()
    const lost = live.waitForEvent('close')
    await stage.revoke(erin!.user)
    await lost
    stage.failures()
    await page.reload()
    await page.getByLabel('Username').waitFor()
    expect(stage.failures()).toContain('401 /settings')
    live = await signIn()
  })

  test('an address that is no longer allowed cuts it too', async () => {
    const { page } = stage
    const [erin] = await stage.activeUsers()
    const lost = live.waitForEvent('close')
    await stage.enforceAddresses(erin!.user)
    await lost
    const refused = await page.evaluate(async () => {
      const { access_token: token } = JSON.parse(localStorage.getItem('auth-tokens') ?? '{}') as Record<
        string,
        string
      >
      const answer = await fetch('/flows', { headers: { authorization: `Bearer ${token}` } })
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
    })
    expect(refused).toMatchObject({ status: 403, body: { reason: 'address-not-allowed' } })
  })
})

describe('Verdaccio: signed tokens, a page of scripts, and npm', () => {
  let stage: Stage
  let folder: string
  beforeAll(async () => {
    stage = await startStage('packages', await startVerdaccio())
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-npm-'))
    const pack = { name: 'rota', version: '1.0.0', description: 'Who works when' }
    writeFileSync(join(folder, 'package.json'), JSON.stringify(pack))
  }, 120_000)
  afterAll(async () => {
    await stage?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const npm = async (...args: readonly string[]): Promise<string> => {
    const where = [
      '--registry',
      stage.app,
      '--userconfig',
      join(folder, '.npmrc'),
      '--cache',
      join(folder, 'cache'),
    ]
    const quiet = ['--no-update-notifier', '--fetch-retries', '0']
    try {
      return (await promisify(execFile)('npm', [...args, ...where, ...quiet], { cwd: folder })).stdout.trim()
    } catch (error) {
      return (error as { stderr: string }).stderr
    }
  }
  const signInByNpm = async (): Promise<void> => {
    const answer = await fetch(`${stage.app}/-/user/org.couchdb.user:erin`, {
      method: 'PUT',
      headers: {
        'content-type': 'application/json',
        authorization: `Basic ${Buffer.from(`erin:${erinsPassword}`).toString('base64')}`,
      },
      body: JSON.stringify({ name: 'erin', password: erinsPassword }),
    })
    expect(answer.status).toBe(201)
    const { token } = (await answer.json()) as { token: string }
    writeFileSync(join(folder, '.npmrc'), `//${new URL(stage.app).host}/:_authToken=${token}\n`)
  }

  test('npm, which is no browser, publishes and reads with the token of its own sign-in', async () => {
    expect(await npm('view', 'rota', 'version')).toContain('E401')
    await signInByNpm()
    expect(await npm('publish')).toContain('rota@1.0.0')
    expect(await npm('view', 'rota', 'description')).toBe('Who works when')
  })

  test('its pages sign in by their own form and show what is there', async () => {
    const { page, app } = stage
    await page.goto(app)
    await page.getByRole('button', { name: 'Login' }).click()
    await page.getByPlaceholder('Your username').fill('erin')
    await page.getByPlaceholder('Your strong password').fill(erinsPassword)
    await page.locator('#login--dialog-button-submit').click()
    await page.getByText('Who works when').waitFor()
    const [erin, ...others] = await stage.activeUsers()
    expect([erin?.name, others]).toEqual(['erin', []])
    expect(erin?.sessions.map(({ method }) => method)).toEqual(['app-password', 'app-password'])
  })

  test('a revocation reaches page and npm, though the tokens are still good by themselves', async () => {
    const [erin] = await stage.activeUsers()
    await stage.revoke(erin!.user)
    expect(await npm('view', 'rota', 'version')).toContain('E401')
    await stage.page.reload()
    await expect.poll(() => stage.page.getByText('Who works when').count()).toBe(0)
    await signInByNpm()
    expect(await npm('view', 'rota', 'version')).toBe('1.0.0')
  })

  test('where the address is not allowed, npm is told by the status and a problem by its type', async () => {
    const [erin] = await stage.activeUsers()
    await stage.enforceAddresses(erin!.user)
    expect(await npm('view', 'rota', 'version')).toContain('E403')
  })
})
