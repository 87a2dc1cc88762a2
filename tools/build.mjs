// Front door: `npm run build`: the admin UI, built into dist/ui; nothing happens when it is up to date.
// Not the build itself: that is ui-build.mjs, imported once the host's Node can read it.
// Invariant: parses on Node 12. The command line imports ensureUiBuilt from ui-build.mjs, not from here.
import { demandHost } from './preflight.mjs'

demandHost()
import('./ui-build.mjs')
  .then((build) => build.ensureUiBuilt())
  .catch((error) => {
    console.error(error.message)
    process.exitCode = 1
  })
