// Front door: `npm run check`: formatting, lint, types, import table, unused code, house rules.
// Not the steps themselves: those are in check-steps.mjs, imported once the host's Node can read them.
// Invariant: parses on Node 12; every step runs, and one failed step fails the whole.
import { demandHost } from './preflight.mjs'

demandHost()
import('./check-steps.mjs')
  .then((steps) => steps.runCheck({ withTidy: true }))
  .then((results) => {
    process.exitCode = results.some((result) => !result.passed) ? 1 : 0
  })
