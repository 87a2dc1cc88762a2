/**
 * The admin UI's files as they were built (dist/ui), read into memory once and served from there.
 *
 * No path is ever joined from a request: a name is looked up in the list that was read, so there is nothing
 * to traverse. Invariant: the shell gets a fresh nonce per response in place of `__CSP_NONCE__`, and holds
 * nothing of any practice, so it needs no sign-in. Every path without a dot is the shell's: the UI routes in
 * the browser.
 */
import { hash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'
import { gzipSync } from 'node:zlib'
import { secureHeaders } from './response-headers.ts'

/** Answers a GET or HEAD for a page or asset of the UI; `null`: no such file. */
export type UiAssets = (path: string, acceptsGzip: boolean) => Response | null

type Asset = {
  readonly type: string
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly gzip: Uint8Array<ArrayBuffer> | null
  readonly etag: string
  readonly immutable: boolean
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
}

const compressible = /^(?:text\/|application\/(?:json|manifest)|image\/svg)/
const noncePlace = '__CSP_NONCE__'

function readAsset(file: string, name: string): Asset | null {
  const type = types[extname(name)]
  if (type === undefined) return null
  const bytes = new Uint8Array(readFileSync(file))
  return {
    type,
    bytes,
    gzip: compressible.test(type) && bytes.length > 1_024 ? new Uint8Array(gzipSync(bytes)) : null,
    etag: `"${hash('sha256', bytes, 'base64url').slice(0, 22)}"`,
    // Vite writes the content's hash into names below assets/.
    immutable: name.startsWith('assets/'),
  }
}

function readAssets(directory: string): ReadonlyMap<string, Asset> {
  const assets = new Map<string, Asset>()
  let entries: readonly string[]
  try {
    entries = readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
  } catch {
    return assets
  }
  for (const file of entries) {
    const name = relative(directory, file).split(sep).join('/')
    const asset = readAsset(file, name)
    if (asset !== null) assets.set(`/${name}`, asset)
  }
  return assets
}

const notBuilt = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Gatehouse</title>
<h1>The admin UI has not been built</h1><p>Run <code>npm run build</code>, then start again. The API works.</p></html>`

function shellOf(html: string): Response {
  const nonce = randomBytes(18).toString('base64')
  return new Response(html.replaceAll(noncePlace, nonce), {
    headers: {
      ...secureHeaders(nonce),
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
    },
  })
}

const assetResponse = (asset: Asset, acceptsGzip: boolean): Response => {
  const packed = acceptsGzip ? asset.gzip : null
  return new Response(packed ?? asset.bytes, {
    headers: {
      ...secureHeaders(null),
      'content-type': asset.type,
      etag: asset.etag,
      vary: 'accept-encoding',
      'cache-control': asset.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
      ...(packed === null ? {} : { 'content-encoding': 'gzip' }),
    },
  })
}

/** The files below `directory`; without any, every page says that the UI has not been built. */
export function createUiAssets(directory: string): UiAssets {
  const assets = readAssets(directory)
  const index = assets.get('/index.html')
  const shell = index === undefined ? notBuilt : new TextDecoder().decode(index.bytes)
  return (path, acceptsGzip) => {
    if (path === '/index.html' || !path.slice(path.lastIndexOf('/')).includes('.')) return shellOf(shell)
    const asset = assets.get(path)
    return asset === undefined ? null : assetResponse(asset, acceptsGzip)
  }
}
