/**
 * Which Gatehouse this is, as metrics and logs name it.
 *
 * Not what is in force (the configuration's and policy's revisions are). Invariant: one version, that of package.json, which
 * lies beside the program in every package. A version written into the source was refused: it would be a second one.
 */
import { readFileSync } from 'node:fs'

const read = (): string => {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  const { version } = JSON.parse(text) as { readonly version?: unknown }
  return typeof version === 'string' ? version : 'unknown'
}

/** The version of this program. */
export const version: string = read()
