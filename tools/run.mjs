// Front door: `node tools/run.mjs ENTRY ARGS…` installs what is missing, picks a Node and runs ENTRY under it.
// Not the work itself: that is launch.mjs, imported only after the host's Node is known to be able to read it.
// Invariant: parses on Node 12. Refused: a shebang on cli/main.ts, which would need the right Node already.
import { demandHost } from './preflight.mjs'

demandHost()
import('./launch.mjs')
  .then((launch) => launch.runEntry(process.argv.slice(2)))
  .then((code) => {
    process.exitCode = code
  })
