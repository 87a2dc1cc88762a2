/**
 * The frame of every page that Gatehouse itself shows to people: calm, small, complete without script.
 *
 * It knows no reason and no decision. Invariant: one style sheet, allowed by its hash, so that the policy needs no
 * `unsafe-inline` and no second request; every value goes through `html`'s escaping. JSX was refused (decision 2).
 */
import { hash } from 'node:crypto'
import { html, raw } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'

const style = `
:root{color-scheme:light dark;--ink:#16202b;--soft:#4a5866;--line:#d8dee5;--ground:#f5f7f9;--card:#fff;--accent:#0a5c8f;--on-accent:#fff;--bar:#b3541e}
@media(prefers-color-scheme:dark){:root{--ink:#e9eef3;--soft:#a9b6c3;--line:#33404d;--ground:#10161c;--card:#19212a;--accent:#7cc4f2;--on-accent:#0c1a26;--bar:#f0a06b}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem 1rem;background:var(--ground);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",sans-serif;overflow-wrap:anywhere}
main{width:100%;max-width:36rem;background:var(--card);border:1px solid var(--line);border-top:.3rem solid var(--bar);border-radius:.75rem;padding:clamp(1.25rem,5vw,2.25rem)}
h1{font-size:1.5rem;line-height:1.25;margin:.25rem 0 .75rem;text-wrap:balance}
h2{font-size:1rem;margin:1.5rem 0 .35rem}
p{margin:.5rem 0}
.practice{color:var(--soft);font-size:.9rem;font-weight:600;margin:0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1.25rem;margin:1.25rem 0;padding:1rem 0 0;border-top:1px solid var(--line);font-variant-numeric:tabular-nums}
dt{color:var(--soft)}dd{margin:0}
@media(max-width:26rem){dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}}
.code{font-family:ui-monospace,Menlo,Consolas,monospace;font-weight:600;letter-spacing:.03em}
ul{padding-left:1.2rem;margin:.35rem 0}
.doing{display:flex;flex-wrap:wrap;gap:.75rem;margin-top:1.5rem}
.doing a,button{display:inline-block;padding:.6rem 1.1rem;border-radius:.5rem;font:inherit;font-weight:600;text-decoration:none;border:1px solid var(--accent);color:var(--accent);background:none;cursor:pointer}
.doing a.first,button.first{background:var(--accent);color:var(--on-accent)}
form label{display:block;margin:.75rem 0 .25rem;font-weight:600}
form label.choice{font-weight:400;margin:.25rem 0}
fieldset{border:1px solid var(--line);border-radius:.5rem;margin:.75rem 0}
textarea,input.field{width:100%;padding:.5rem .65rem;font:inherit;color:inherit;background:var(--ground);border:1px solid var(--soft);border-radius:.5rem}
input.field{max-width:20rem;font-size:1.15rem;font-variant-numeric:tabular-nums}
.hint{color:var(--soft);margin:.25rem 0 .5rem}
summary{cursor:pointer;font-weight:600;color:var(--accent);padding:.35rem 0}
details{margin:1.25rem 0 0}
.qr{max-width:13.5rem;margin:.75rem 0;padding:.25rem;background:#fff;border:1px solid var(--line);border-radius:.5rem}
.qr svg{display:block;width:100%;height:auto}
.codes{columns:2;column-gap:1.5rem;max-width:26rem;font-size:1.1rem;padding-left:2.2rem;font-variant-numeric:tabular-nums}
.codes li{break-inside:avoid;padding:.15rem 0}
@media(max-width:30rem){.codes{columns:1}}
@media print{body{background:none;display:block}main{border:0;padding:0}form,.doing{display:none}}
form+.hint{margin-top:1rem}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
[hidden]{display:none!important}
.last{margin-top:1.75rem;padding-top:1rem;border-top:1px solid var(--line)}
.problem{border-left:.25rem solid var(--bar);padding-left:.75rem;font-weight:600}
a{color:var(--accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:3px}
`

const styleHash = hash('sha256', style, 'base64')

/**
 * `Content-Security-Policy` of a page whose forms may lead to `elsewhere` too, an origin as browsers write it: some
 * browsers hold the redirect after a form against `form-action`. `null`: forms stay here. `scriptHash`: of the one script
 * in the page (SHA-256, base64), if it has one.
 */
export const pagePolicyWith = (elsewhere: string | null, scriptHash: string | null = null): string =>
  `default-src 'none'; ${scriptHash === null ? '' : `script-src 'sha256-${scriptHash}'; `}style-src 'sha256-${styleHash}'; form-action 'self'${elsewhere === null ? '' : ` ${elsewhere}`}; frame-ancestors 'none'; base-uri 'none'`

/** `Content-Security-Policy` of every page made here: nothing loads, nothing frames it, forms stay on the origin. */
export const pagePolicy = pagePolicyWith(null)

/** A whole page; `title` is its heading too. `practice`: the line above it, `null`: none. */
export const page = (view: {
  readonly title: string
  readonly practice: string | null
  readonly body: HtmlEscapedString | Promise<HtmlEscapedString>
}): string =>
  String(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${view.title}${view.practice === null ? '' : ` · ${view.practice}`}</title>
<style>${raw(style)}</style>
</head>
<body>
<main>
${view.practice === null ? '' : html`<p class="practice">${view.practice}</p>`}
<h1>${view.title}</h1>
${view.body}
</main>
</body>
</html>`)
