/**
 * How the admin UI is built: one page at the root of the admin origin, one chunk a tab.
 *
 * Not when and where to (tools/ui-build.mjs). Invariant: nothing inline, nothing from elsewhere, or the admin
 * origin's Content-Security-Policy would stop it: no preload polyfill, no assets as data: addresses.
 */
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig(({ command }) => {
  // Whoever builds under another name (tests do) would ship React's development half: slower and 70 kB more.
  if (command === 'build') process.env.NODE_ENV = 'production'
  return {
    base: '/',
    plugins: [react()],
    build: { target: 'es2023', modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
  }
})
