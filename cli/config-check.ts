/**
 * `gatehouse config check`: reads the configuration as a plane would and says what is wrong, starting nothing.
 */
import type { CommandLine } from './command-line.ts'
import { exitCodes } from './exit-codes.ts'
import { goodOrStop, loadPlaneSettings } from './settings.ts'

/** Exit 0 with one line (or `{"ok":true,…}`); a `Stop` (exit 78) with every problem and its path otherwise. */
export const checkConfig = async (line: CommandLine): Promise<number> => {
  const checked = loadPlaneSettings(line)
  if (!checked.ok && line.json)
    process.stdout.write(`${JSON.stringify({ ok: false, problems: checked.problems })}\n`)
  const { upstreams, practices } = goodOrStop(checked, line.config ?? 'the environment')
  const routes = upstreams.reduce((sum, upstream) => sum + upstream.routes.length, 0)
  const facts = { ok: true, upstreams: upstreams.length, routes, practices: practices.length }
  process.stdout.write(
    line.json
      ? `${JSON.stringify(facts)}\n`
      : `The configuration is good: ${facts.upstreams} upstream(s), ${facts.routes} routes, ${facts.practices} practice(s).\n`,
  )
  return exitCodes.ok
}
