/**
 * What axe finds on a page: everything, or only what colours can change.
 *
 * A page that was looked at whole in light has the same structure in dark; only its colours are others. Looking at all of
 * it twice was refused: it took a third of the time of every browser test and could find nothing.
 */
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'

/** Rules that depend on colours (axe-core 4). */
const ofColours = ['color-contrast', 'link-in-text-block']

/** Each violation with the first element that has it. `scheme`: `dark` looks at colours alone; the test looks in light too. `within`: only there. */
export const axeFindings = async (
  page: Page,
  scheme: 'light' | 'dark' = 'light',
  { isLegacy = false, within }: { readonly isLegacy?: boolean; readonly within?: string } = {},
): Promise<readonly string[]> => {
  const axe = new AxeBuilder({ page })
  if (scheme === 'dark') axe.withRules(ofColours)
  if (within !== undefined) axe.include(within)
  if (isLegacy) axe.setLegacyMode()
  const { violations } = await axe.analyze()
  return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)
}
