/**
 * Logos of practices, out of files that the configuration names: small pictures that browsers show and never run.
 *
 * What a file is, is read off its first bytes, never off its name. Invariant: PNG, JPEG and WebP alone, bounded, sent with the
 * type that was found and a policy under which nothing in them could run. SVG was refused: it is a document with scripts.
 */
import { readFileSync, statSync } from 'node:fs'
import { type Checked, type Problem, pathText } from '../policies/problem.ts'
import type { Config } from './config.ts'
import type { Log } from './log.ts'

/** A logo as it is sent. */
export type Logo = { readonly type: 'image/png' | 'image/jpeg' | 'image/webp'; readonly bytes: Uint8Array }

/** With a page it stays within the 30 kB that a page may have in all. */
export const logoBytesMax = 8_192

const startsWith = (bytes: Uint8Array, at: number, start: readonly number[]): boolean =>
  start.every((byte, index) => bytes[at + index] === byte)

const riff = [0x52, 0x49, 0x46, 0x46]
const webp = [0x57, 0x45, 0x42, 0x50]

/** What a picture is by its first bytes; `null`: none of ours. */
export function pictureType(bytes: Uint8Array): Logo['type'] | null {
  if (startsWith(bytes, 0, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return 'image/png'
  if (startsWith(bytes, 0, [0xff, 0xd8, 0xff])) return 'image/jpeg'
  return startsWith(bytes, 0, riff) && startsWith(bytes, 8, webp) ? 'image/webp' : null
}

/** The logo in a file, or what is wrong with it. */
export function readLogo(file: string): Checked<Logo> {
  const wrong = (sentence: string): Checked<Logo> => ({ ok: false, problems: [{ path: file, sentence }] })
  try {
    if (statSync(file).size > logoBytesMax) return wrong('is larger than 8 KiB')
    const bytes = new Uint8Array(readFileSync(file))
    const type = pictureType(bytes)
    return type === null ? wrong('is no PNG, JPEG or WebP') : { ok: true, value: { type, bytes } }
  } catch {
    return wrong('cannot be read')
  }
}

/**
 * What is wrong with the files that `upstreams[].logos` names, each under the key that names it. It opens them: for whoever
 * looks at a configuration or starts a plane with it, not for a plane that runs, which goes on without.
 */
export const logoProblems = ({ upstreams }: Pick<Config, 'upstreams'>): readonly Problem[] =>
  upstreams.flatMap(({ logos }, index) =>
    Object.entries(logos).flatMap(([practice, file]) => {
      const read = readLogo(file)
      if (read.ok) return []
      const path = pathText(['upstreams', index, 'logos', practice])
      return read.problems.map(({ sentence }) => ({ path, sentence: `${file} ${sentence}` }))
    }),
  )

/** The logos that can be read, by practice; pages go without the others, and the log says why. */
export function readLogos(files: Readonly<Record<string, string>>, log: Log): ReadonlyMap<string, Logo> {
  const logos = new Map<string, Logo>()
  for (const [practice, file] of Object.entries(files)) {
    const read = readLogo(file)
    if (read.ok) logos.set(practice, read.value)
    else
      for (const { sentence } of read.problems)
        log.warn({ file, practice }, `a logo is left out: it ${sentence}`)
  }
  return logos
}

/** The headers that a logo is sent with. */
export const logoHeaders = ({ type }: Logo): Readonly<Record<string, string>> => ({
  'content-type': type,
  'content-security-policy': "default-src 'none'; sandbox",
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'public, max-age=300',
})
