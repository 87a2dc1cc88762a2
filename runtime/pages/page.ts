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
:root{color-scheme:light dark;--ink:#16202b;--soft:#4a5866;--line:#d8dee5;--ground:#f5f7f9;--card:#fff;--accent:#0a5c8f;--on-accent:#fff;--bar:#b3541e;--good:#1d6b3a;--wait:#7a5200;--tint:#eef3f7;--alarm:#fbf0e8}
@media(prefers-color-scheme:dark){:root{--ink:#e9eef3;--soft:#a9b6c3;--line:#33404d;--ground:#10161c;--card:#19212a;--accent:#7cc4f2;--on-accent:#0c1a26;--bar:#f0a06b;--good:#7fd69b;--wait:#e8c066;--tint:#222c36;--alarm:#33271e}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem 1rem;background:var(--ground);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",sans-serif;overflow-wrap:anywhere}
main{width:100%;max-width:36rem;background:var(--card);border:1px solid var(--line);border-top:.3rem solid var(--accent);border-radius:.75rem;box-shadow:0 1px 2px #0000000d,0 8px 24px #0000000d;padding:clamp(1.25rem,5vw,2.25rem)}
main.stop{border-top-color:var(--bar)}main.good{border-top-color:var(--good)}
h1{font-size:1.5rem;line-height:1.25;margin:.25rem 0 .75rem;text-wrap:balance}
h2{font-size:1rem;margin:1.5rem 0 .35rem}
p{margin:.5rem 0}
.practice{display:flex;align-items:center;gap:.75rem;color:var(--soft);font-size:.9rem;font-weight:600;margin:0 0 .75rem}
.practice img{display:block;max-width:9rem;max-height:2.25rem;object-fit:contain}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1.25rem;margin:1.25rem 0;padding:1rem 0 0;border-top:1px solid var(--line);font-variant-numeric:tabular-nums}
dt{color:var(--soft)}dd{margin:0}
dl>div{display:contents}dl:empty{display:none}
@media(max-width:26rem){dl{grid-template-columns:1fr;row-gap:0}dd{margin-bottom:.6rem}dl>dd:last-child{margin-bottom:0}}
.facts{background:var(--tint);border:0;border-radius:.5rem;padding:.9rem 1rem;margin:1rem 0}
.facts .large dd{font-size:1.15rem;font-weight:600;line-height:1.35}
.facts .large dt{padding-top:.15rem}
.week{list-style:none;padding:0;margin:.5rem 0 1rem;font-size:.9rem;font-variant-numeric:tabular-nums}
.week li{display:grid;grid-template-columns:5.75rem 1fr 9.25rem;gap:0 .9rem;align-items:center;padding:.28rem .5rem;border-radius:.35rem}
.week .times span{white-space:nowrap}
main>dl{margin-bottom:.25rem}
.week .today{background:var(--tint);font-weight:600}
.week .off{color:var(--soft)}
.week .axis{color:var(--soft);font-size:.75rem;padding-bottom:0}
.hours{display:flex;justify-content:space-between}
.day{display:block;width:100%;height:.6rem;border-radius:.3rem}
.shut{fill:var(--line)}.open{fill:var(--accent)}.now{fill:var(--bar)}
@media(max-width:34rem){.week li{grid-template-columns:5.75rem 1fr}.week .day,.week .hours{grid-column:1/-1;grid-row:2}.week .times{text-align:right}.week .axis>:first-child{display:none}.week .hours{grid-row:1}}
.rows{list-style:none;padding:0;margin:.6rem 0 1rem;border:1px solid var(--line);border-radius:.5rem}
.rows li{display:flex;flex-wrap:wrap;align-items:baseline;justify-content:space-between;gap:.15rem .75rem;padding:.65rem .85rem}
.rows li+li{border-top:1px solid var(--line)}
.name{font-weight:600;margin-right:auto}
.note{flex-basis:100%;color:var(--soft);font-size:.9rem}
.note a,.note button{font-size:.9rem}
.mark{font-size:.85rem;font-weight:600}
.mark::before{content:"";display:inline-block;width:.55rem;height:.55rem;border-radius:50%;background:currentColor;margin-right:.45rem}
.mark.good{color:var(--good)}.mark.wait{color:var(--wait)}.mark.stop{color:var(--bar)}.mark.calm{color:var(--soft)}
.aside{margin:1.25rem 0 0;padding:.75rem 1rem;border:1px solid var(--line);border-radius:.5rem;font-size:.95rem}
.banner{margin:1rem 0;padding:.75rem 1rem;border-radius:.5rem;background:var(--tint);border-left:.3rem solid var(--bar)}
.banner.good{border-left-color:var(--good)}
.who{color:var(--soft);font-size:.9rem}.who strong{color:var(--ink)}
.code{font-family:ui-monospace,Menlo,Consolas,monospace;font-weight:600;letter-spacing:.03em}
code{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:.92em;background:var(--tint);border-radius:.25rem;padding:.05em .25em}
ul{padding-left:1.2rem;margin:.35rem 0}
.doing{display:inline-flex;flex-wrap:wrap;gap:.75rem;margin:1.5rem .75rem 0 0}
.alone{display:block}
form .doing{display:flex;margin-right:0}
.doing a,button{display:inline-block;padding:.6rem 1.1rem;border-radius:.5rem;font:inherit;font-weight:600;text-decoration:none;border:1px solid var(--accent);color:var(--accent);background:none;cursor:pointer}
button.quiet,.doing a.quiet{padding-left:0;padding-right:0;border-color:transparent;font-weight:400;text-decoration:underline}
button.small{padding:.25rem .75rem;font-size:.9rem}
.doing a.first,button.first{background:var(--accent);color:var(--on-accent)}
form label{display:block;margin:.75rem 0 .25rem;font-weight:600}
form label.choice{display:flex;gap:.6rem;align-items:baseline;font-weight:400;margin:.4rem 0}
.choice input{flex:none}
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
@media(max-width:21rem){.codes{columns:1}}
@media(max-width:26rem){.rows form{margin-left:auto}.doing{display:flex;margin-right:0}.doing>*{flex:1 1 auto;text-align:center}.codes{column-gap:.75rem;font-size:1rem;padding-left:2rem}}
@media print{body{background:none;display:block}main{border:0;padding:0}form,.doing,.banner{display:none}}
form+.hint{margin-top:1rem}.doing~form:not(.doing){margin-top:1.25rem}main>form~form:has(>label:not(.choice)){margin-top:1.75rem;padding-top:.75rem;border-top:1px solid var(--line)}main>h2+form:not(.doing):has(>label:not(.choice)){margin-top:0;padding-top:0;border:0}.doing~h2+form:not(.doing){margin-top:0}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
[hidden]{display:none!important}
.last{margin-top:1.75rem;padding-top:1rem;border-top:1px solid var(--line)}
.problem{margin:.75rem 0;padding:.55rem .75rem;border-left:.25rem solid var(--bar);border-radius:.35rem;background:var(--alarm);font-weight:600;font-size:.95rem}
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
  `default-src 'none'; img-src 'self'; ${scriptHash === null ? '' : `script-src 'sha256-${scriptHash}'; `}style-src 'sha256-${styleHash}'; form-action 'self'${elsewhere === null ? '' : ` ${elsewhere}`}; frame-ancestors 'none'; base-uri 'none'`

/** `Content-Security-Policy` of every page made here: nothing loads but a logo, nothing frames it, forms stay on the origin. */
export const pagePolicy = pagePolicyWith(null)

/** A practice as pages are headed with it. `logo`: a path of the page's own origin; `null`: it has none. */
export type Brand = { readonly name: string; readonly logo: string | null }

const brandLine = ({ name, logo }: Brand) =>
  html`<p class="practice">${logo === null ? '' : html`<img src="${logo}" alt="">`}<span>${name}</span></p>`

/**
 * A whole page; `title` is its heading too. `practice`: whose it is, `null`: nobody's. `tone`: `stop`: somebody is kept out;
 * `good`: something is done; absent: neither.
 */
export const page = (view: {
  readonly title: string
  readonly practice: Brand | null
  readonly tone?: 'stop' | 'good'
  readonly body: HtmlEscapedString | Promise<HtmlEscapedString>
}): string =>
  String(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${view.title}${view.practice === null ? '' : ` · ${view.practice.name}`}</title>
<style>${raw(style)}</style>
</head>
<body>
<main${view.tone === undefined ? '' : html` class="${view.tone}"`}>
${view.practice === null ? '' : brandLine(view.practice)}
<h1>${view.title}</h1>
${view.body}
</main>
</body>
</html>`)
