/**
 * The `oathtool` of the OATH Toolkit, as an oracle for time-based codes that shares no line with us.
 *
 * Not installed: from PATH, or on Debian unpacked under .cache. Invariant: a test that asks for it has it or fails. Skipping
 * the test where it is missing was refused: nobody notices an oracle that never speaks.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { cachePath } from './cache-folder.ts'
import { fetchDebianPackages, libraryFolders } from './debian-packages.ts'

/** Answers the six digits of a base32 key at an instant in ms; fetched rootless on Debian when PATH has none. */
export const findOathtool = async (): Promise<(key: string, at: number) => string> => {
  const isInstalled = spawnSync('oathtool', ['--version']).status === 0
  const folder = cachePath('oathtool', process.arch)
  const fetchWith = (library: string) =>
    fetchDebianPackages({ purpose: 'oathtool', packages: ['oathtool', library], folder })
  // Debian 13 calls its library another name than 12.
  if (!isInstalled) await fetchWith('liboath0').catch(() => fetchWith('liboath0t64'))
  const binary = isInstalled ? 'oathtool' : join(folder, 'usr', 'bin', 'oathtool')
  const libraries = isInstalled ? {} : { LD_LIBRARY_PATH: libraryFolders(folder).join(':') }
  const env = { ...process.env, ...libraries }
  return (key, at) => {
    const now = new Date(at).toISOString().replace('T', ' ').replace(/\..*/, ' UTC')
    return execFileSync(binary, ['--totp', '--base32', '--now', now, key], { env }).toString().trim()
  }
}
