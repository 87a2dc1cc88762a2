/**
 * Pictures of every page that people meet, in each of its states: light and dark, on a phone and on a desktop.
 *
 * It compares nothing: they are made to be looked at. Invariant: whatever is a screen is in them (`gateway-screens.ts`,
 * `portal-screens.ts`), beside a sheet of all of them to open in a browser. Pictures kept with the code were refused: fonts
 * differ from machine to machine, and nobody looks at a difference of one pixel.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { launchBrowser } from '../support/chromium.ts'
import { gatewayScreens } from './gateway-screens.ts'
import { servePages } from './page-server.ts'
import { portalScreens } from './portal-screens.ts'

const looks = ['light', 'dark'] as const
const sizes = { phone: { width: 390, height: 700 }, desktop: { width: 1_280, height: 800 } } as const

/** Longer pages are cut: a browser without a graphics card draws no larger pictures. */
const heightMax = 4_000

type Look = (typeof looks)[number]
type Size = keyof typeof sizes

const fileOf = (name: string, look: Look, size: Size): string => `${name}-${size}-${look}.png`

async function takeLook(
  browser: Browser,
  url: string,
  names: readonly string[],
  as: { readonly look: Look; readonly size: Size; readonly folder: string },
): Promise<void> {
  const { look, size, folder } = as
  const context = await browser.newContext({ colorScheme: look, viewport: sizes[size] })
  try {
    const page = await context.newPage()
    for (const name of names) {
      await page.goto(`${url}/${name}`)
      const height = Number(await page.evaluate('document.documentElement.scrollHeight'))
      const clip = { x: 0, y: 0, width: sizes[size].width, height: Math.min(height, heightMax) }
      await page.screenshot({ path: join(folder, fileOf(name, look, size)), fullPage: true, clip })
    }
  } finally {
    await context.close()
  }
}

const sheet = (names: readonly string[]): string => `<!doctype html><meta charset="utf-8"><title>Pages</title>
<style>body{font:14px system-ui;background:#888;margin:1rem}section{margin-bottom:2rem}img{vertical-align:top;margin:4px;max-width:45%}</style>
${names
  .map(
    (name) =>
      `<section id="${name}"><h2>${name}</h2>${(Object.keys(sizes) as Size[])
        .flatMap((size) => looks.map((look) => `<img loading="lazy" src="${fileOf(name, look, size)}">`))
        .join('')}</section>`,
  )
  .join('\n')}
`

/** Takes them into `folder`, which is emptied first, and answers how many. `only`: of names that contain it. */
export async function takePagePictures(folder: string, only = ''): Promise<number> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const screens = [...gatewayScreens, ...portalScreens].filter(({ name }) => name.includes(only))
  const names = screens.map(({ name }) => name)
  const server = await servePages(screens)
  const browser = await launchBrowser()
  try {
    for (const look of looks)
      for (const size of Object.keys(sizes) as Size[])
        await takeLook(browser, server.url, names, { look, size, folder })
  } finally {
    await browser.close()
    await server.close()
  }
  writeFileSync(join(folder, 'all.html'), sheet(names))
  return names.length * looks.length * Object.keys(sizes).length
}
