/**
 * What axe finds on a page: everything, or only what colours can change.
 *
 * A page that was looked at whole in light has the same structure in dark; only its colours are others. Looking at all of
 * it twice was refused: it took a third of the time of every browser test and could find nothing. So was the builder for
 * Playwright, which reads axe into the page at every look and opens a second page for pages with frames: ours have none.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

/** Rules that depend on colours (axe-core 4). */
const ofColours = ['color-contrast', 'link-in-text-block']

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

type Found = {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { html: string }[] }[]
}

/**
 * Each violation with the first element that has it. `scheme`: `dark` looks at colours alone; the test looks in light too.
 * `within`: only there.
 */
export const axeFindings = async (
  page: Page,
  scheme: 'light' | 'dark' = 'light',
  { within }: { readonly within?: string } = {},
): Promise<readonly string[]> => {
  if (!(await page.evaluate<boolean>("typeof axe === 'object'"))) await page.evaluate(source)
  const rules = scheme === 'dark' ? { runOnly: { type: 'rule', values: ofColours } } : {}
  const wish = JSON.stringify({ iframes: false, resultTypes: ['violations'], ...rules })
  const { violations } = await page.evaluate<Found>(
    `axe.run(${within === undefined ? 'document' : JSON.stringify(within)}, ${wish})`,
  )
  return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)
}
