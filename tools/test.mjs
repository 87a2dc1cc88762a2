// Front door: `npm test`: the check, then every proof; with arguments, only the proofs they name (no check).
// Not the running itself: that is test-run.mjs, imported once the host's Node can read it.
// Invariant: parses on Node 12; the last line is "N passed, N failed", and the exit code agrees with it.
import { demandHost } from './preflight.mjs'

demandHost()
import('./test-run.mjs')
  .then((run) => run.runTests(process.argv.slice(2)))
  .then((code) => {
    process.exitCode = code
  })
