/**
 * What axe finds on a page: everything, or only what colours can change.
 *
 * A page that was looked at whole in light has the same structure in dark; only its colours are others. axe is put into
 * the page once and asked there: its wrapper for Playwright opens a second page for every look and hands all passes over,
 * which took ten times as long. Invariant: nothing is left out unseen, so a page with frames, which one look does not
 * reach, is refused.
 */
import axe from 'axe-core'
import type { Page } from 'playwright-core'

/** Rules that depend on colours (axe-core 4). */
const ofColours = ['color-contrast', 'link-in-text-block']

type Violation = { readonly id: string; readonly nodes: readonly { readonly html: string }[] }

/** Each violation with the first element that has it. `scheme`: `dark` looks at colours alone; the test looks in light too. */
export const axeFindings = async (
  page: Page,
  scheme: 'light' | 'dark' = 'light',
): Promise<readonly string[]> => {
  if (page.frames().length > 1) throw new Error('axe looks at one frame, and this page has more')
  if (!(await page.evaluate('"axe" in globalThis'))) await page.evaluate(axe.source)
  const rules = scheme === 'dark' ? { runOnly: ofColours } : {}
  const options = JSON.stringify({ ...rules, resultTypes: ['violations'] })
  const violations = await page.evaluate<readonly Violation[]>(
    `axe.run(document, ${options}).then(({ violations }) => violations)`,
  )
  return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)
}
