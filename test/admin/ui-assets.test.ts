/**
 * Goal: the UI's files are served exactly as built, nothing else is, and no inline script can run.
 * Method: a small build in a temporary folder with a secret beside it, asked by paths good and bad.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createUiAssets, type UiAssets } from '../../admin/ui-assets.ts'

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-ui-'))
let ui: UiAssets
beforeAll(() => {
  mkdirSync(join(folder, 'ui/assets'), { recursive: true })
  writeFileSync(join(folder, 'secret.json'), '{}')
  writeFileSync(join(folder, 'ui/.built'), 'hash')
  writeFileSync(
    join(folder, 'ui/index.html'),
    '<meta property="csp-nonce" nonce="__CSP_NONCE__"><script nonce="__CSP_NONCE__" src="/assets/a.js"></script>',
  )
  writeFileSync(join(folder, 'ui/assets/a.js'), 'x'.repeat(5_000))
  ui = createUiAssets(join(folder, 'ui'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the shell', () => {
  it.each(['/', '/index.html', '/ip-allowlist', '/lakeside/active-users'])(
    'is served at %s with a fresh nonce',
    async (path) => {
      const [one, other] = [ui(path, true), ui(path, true)]
      const nonceIn = (response: Response | null) =>
        /script-src 'self' 'nonce-([^']{24})'/.exec(
          response?.headers.get('content-security-policy') ?? '',
        )?.[1]
      expect(nonceIn(one)).not.toBe(nonceIn(other))
      const text = (await one?.text()) ?? ''
      expect(text.match(new RegExp(`nonce="${nonceIn(one)?.replace(/[+/]/g, '\\$&')}"`, 'g'))).toHaveLength(2)
      expect(text).not.toContain('__CSP_NONCE__')
      expect(one?.headers.get('cache-control')).toBe('no-store')
    },
  )

  it('says so when nothing was built', async () => {
    expect(await createUiAssets('/nowhere')('/', false)?.text()).toContain('has not been built')
  })
})

describe('an asset', () => {
  it('is packed for who takes that, and kept for ever by its hashed name', async () => {
    const packed = ui('/assets/a.js', true)
    expect(packed?.headers.get('content-encoding')).toBe('gzip')
    expect(packed?.headers.get('cache-control')).toContain('immutable')
    expect(packed?.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(await ui('/assets/a.js', false)?.text()).toHaveLength(5_000)
  })

  it.each([
    '/../secret.json',
    '/..%2fsecret.json',
    '/assets/../../secret.json',
    '/.built',
    '/assets/b.js',
    '/a.exe',
  ])('is not found at %s', (path) => {
    expect(ui(path, true)).toBeNull()
  })
})
