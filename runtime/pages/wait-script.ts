/**
 * The one script of the gateway's own pages: it waits for a change and loads the page again.
 *
 * Without it the page does so by itself every ten seconds (`Refresh`). Invariant: one fixed text, allowed by its hash; what
 * differs from page to page is an attribute, so that no value of anybody's is ever part of a script.
 */
import { hash } from 'node:crypto'
import { html, raw } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'
import { pagePolicy } from './page.ts'

const script = `(async()=>{try{const answer=await fetch(document.getElementById('wait').dataset.changes,{cache:'no-store'});if(answer.ok&&(await answer.json()).changed)location.reload()}catch{}})()`

/** `Content-Security-Policy` of a page with this script: it and nothing else runs, and asks this origin alone. */
export const waitingPolicy = `${pagePolicy}; script-src 'sha256-${hash('sha256', script, 'base64')}'; connect-src 'self'`

/** The script; `changes`: the same-origin path that it asks. */
export const waitScript = (changes: string): HtmlEscapedString | Promise<HtmlEscapedString> =>
  html`<div id="wait" data-changes="${changes}"></div><script>${raw(script)}</script>`
