/**
 * What axe finds on a page: everything, or only what colours can change.
 *
 * A page that was looked at whole in light has the same structure in dark; only its colours are others. Looking at all of
 * it twice was refused: it took a third of the time of every browser test and could find nothing. axe is put into the page as
 * it is and asked once: the package around it looks into frames by a second page, which took five times as long, and our
 * pages have no frames (nothing may frame them, and they frame nothing).
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

/** Rules that depend on colours (axe-core 4). */
const ofColours = ['color-contrast', 'link-in-text-block']

const source = (): string => {
  const around = createRequire(import.meta.url).resolve('@axe-core/playwright')
  return readFileSync(createRequire(around).resolve('axe-core/axe.min.js'), 'utf8')
}

let axe: string | null = null

type Violation = { readonly id: string; readonly html: string | undefined }

/** Each violation with the first element that has it. `scheme`: `dark` looks at colours alone; the test looks in light too. */
export const axeFindings = async (
  page: Page,
  scheme: 'light' | 'dark' = 'light',
): Promise<readonly string[]> => {
  axe ??= source()
  if (!(await page.evaluate('typeof window.axe === "object"'))) await page.evaluate(axe)
  const rules = scheme === 'dark' ? `runOnly: { type: 'rule', values: ${JSON.stringify(ofColours)} },` : ''
  const found = (await page.evaluate(
    `axe.run({ ${rules} resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, nodes }) => ({ id, html: nodes[0]?.html })))`,
  )) as readonly Violation[]
  return found.map(({ id, html }) => `${id}: ${html}`)
}
