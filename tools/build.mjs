// Front door: `npm run build`: the admin UI, built into dist/ui; nothing happens when it is up to date.
// Not the build itself: that is ui-build.mjs, imported once the host's Node can read it.
// Invariant: parses on Node 12, and importing it (as `gatehouse start` does for ensureUiBuilt) builds nothing.
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { demandHost } from './preflight.mjs'

/**
 * Resolves with the folder of an admin UI that is up to date, built now if need be; rejects with Vite's words.
 * @param {(line: string) => void} [log] told before a build starts; default: a line on stderr
 * @returns {Promise<string>} absolute path of dist/ui
 */
export function ensureUiBuilt(log) {
  return import('./ui-build.mjs').then((build) => build.ensureUiBuilt(log))
}

const isEntry =
  Boolean(process.argv[1]) && realpathSync(process.argv[1] || '') === fileURLToPath(import.meta.url)
if (isEntry) {
  demandHost()
  ensureUiBuilt().catch((error) => {
    console.error(error.message)
    process.exitCode = 1
  })
}
