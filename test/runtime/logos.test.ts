/**
 * Goal: a logo is a small picture by what it is, not by what it is called, and nothing else is ever sent as one.
 * Method: files of each kind, among them SVG and HTML under the names of pictures, read and judged.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { readCommandLine } from '../../cli/command-line.ts'
import { checkConfig } from '../../cli/config-check.ts'
import { isStop } from '../../cli/exit-codes.ts'
import { readPlaneSettings, readSettings } from '../../cli/settings.ts'
import { logoBytesMax, logoHeaders, logoProblems, readLogo, readLogos } from '../../runtime/logos.ts'
import { createListeningLog } from '../admin/practice-store.ts'
import { logoPicture } from '../support/logo-picture.ts'

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-logos-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const kept = (name: string, bytes: Uint8Array | string): string => {
  const file = join(folder, name)
  writeFileSync(file, bytes)
  return file
}
const type = (file: string): string | null => {
  const read = readLogo(file)
  return read.ok ? read.value.type : null
}

it('PNG, JPEG and WebP are told by their first bytes, whatever they are called', () => {
  expect(type(kept('logo.txt', logoPicture()))).toBe('image/png')
  expect(type(kept('a', Buffer.from([0xff, 0xd8, 0xff, 0xe0])))).toBe('image/jpeg')
  expect(type(kept('b', 'RIFF\0\0\0\0WEBPVP8 '))).toBe('image/webp')
})

it('SVG, HTML, scripts, GIF, nothing, a folder and too much are refused under the name of a picture', () => {
  const texts = [
    '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    '<?xml version="1.0"?><svg/>',
    '<!doctype html><script>alert(1)</script>',
    '\ufeff<svg/>',
    'GIF89a=1;alert(1)',
    'RIFF\0\0\0\0WAVEfmt ',
    '\x89PNG',
    '',
  ]
  for (const [at, text] of texts.entries()) expect(type(kept(`logo${at}.png`, text)), text).toBeNull()
  expect(type(folder)).toBeNull()
  expect(type(join(folder, 'nowhere.png'))).toBeNull()
  expect(type(kept('large.png', Buffer.concat([logoPicture(), Buffer.alloc(logoBytesMax)])))).toBeNull()
})

it('what cannot be used is left out and told; what can is sent as what it is, and nothing in it would run', () => {
  const files = { riverside: kept('r.png', logoPicture()), lakeview: kept('l.png', '<svg/>') }
  const log = createListeningLog()
  const logos = readLogos(files, log)
  expect([...logos.keys()]).toEqual(['riverside'])
  expect(log.lines).toMatchObject([
    {
      level: 'warn',
      message: 'a logo is left out: it is no PNG, JPEG or WebP',
      fields: { practice: 'lakeview' },
    },
  ])
  expect(logoHeaders(logos.get('riverside')!)).toMatchObject({
    'content-type': 'image/png',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox",
  })
})

it('a check of the configuration and the start of a plane name each file that cannot be used; other commands open none', async () => {
  const bad = kept('bad.png', '<svg/>')
  const gone = join(folder, 'gone.png')
  const upstream = (id: string, logos: Readonly<Record<string, string>>) => ({
    ...{ id, name: id, url: 'http://127.0.0.1:9', hosts: [`${id}.example`], logos },
    routes: [{ match: '* /**', class: 'public' }],
  })
  const config = kept(
    'gatehouse.yaml',
    JSON.stringify({
      practices: ['riverside', 'lakeview'].map((id) => ({ id, name: id, zone: 'UTC' })),
      upstreams: [
        upstream('one', { riverside: kept('good.png', logoPicture()), lakeview: bad }),
        upstream('two', { riverside: gone }),
      ],
    }),
  )
  const lines = [
    `  upstreams[0].logos.lakeview: ${bad} is no PNG, JPEG or WebP`,
    `  upstreams[1].logos.riverside: ${gone} cannot be read`,
  ]
  const said = async (run: Promise<unknown>) =>
    run.then(
      () => null,
      (error: unknown) => (isStop(error) ? error.lines.slice(1) : error),
    )
  expect(await said(checkConfig(readCommandLine(['config', 'check', '--config', config])))).toEqual(lines)
  for (const plane of ['start', 'gateway', 'admin'])
    expect(await said(readPlaneSettings(readCommandLine([plane, '--config', config]))), plane).toEqual(lines)
  expect(await said(readSettings(readCommandLine(['doctor', '--config', config])))).toBeNull()
  expect(logoProblems({ upstreams: [] })).toEqual([])
})
