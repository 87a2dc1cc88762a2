/**
 * Configurations as the documents print them, so that what people copy is what tests load and run.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../../runtime/config.ts'
import { loadConfig } from '../../runtime/config-load.ts'
import { projectRoot } from './cache-folder.ts'

/** The fenced YAML blocks of a document, in order. */
export const yamlBlocks = (document: string): readonly string[] =>
  [...readFileSync(join(projectRoot, document), 'utf8').matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(
    ([, text]) => text ?? '',
  )

/** A block as the configuration it is, loaded as a plane would; its Problems where it is none. */
export const loadBlock = (text: string): ReturnType<typeof loadConfig> => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-written-'))
  try {
    const file = join(folder, 'gatehouse.yaml')
    writeFileSync(file, text)
    return loadConfig({ file, environment: {} })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The upstream that a document's configuration has under `id`; fails where there is none. */
export const writtenUpstream = (document: string, id: string): Config['upstreams'][number] => {
  for (const block of yamlBlocks(document)) {
    const loaded = loadBlock(block)
    const found = loaded.ok ? loaded.value.upstreams.find((upstream) => upstream.id === id) : undefined
    if (found !== undefined) return found
  }
  throw new Error(`${document} configures no ${id}`)
}
