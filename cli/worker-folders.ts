/**
 * The folders of a gateway's workers, `worker-1`, `worker-2` and so on: each worker keeps its floor of knowledge and its
 * copy in one that no other living worker uses.
 *
 * Nothing here is believed: a worker verifies what it reads. Invariant: a worker begins with the highest floor that any
 * gateway on this machine ever wrote under the same `dataDir`, so that neither a first worker of its number nor a
 * second generation can be shown older policy. One folder for all was refused: two writers could lower the floor.
 */
import { cp, mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'

/** A folder in use; `slot` counts from 1 and is no other living worker's. */
export type WorkerFolder = { readonly slot: number; readonly path: string; release(): void }

/** Who uses which folder. */
export type WorkerFolders = {
  /** The lowest free folder under `dataDir`, made and brought up to date. Rejects when it cannot be written. */
  claim(dataDir: string): Promise<WorkerFolder>
}

const floorIn = async (folder: string): Promise<number> => {
  const text = await readFile(join(folder, 'watermark'), 'utf8').catch(() => '')
  return /^\d{1,16}\n?$/.test(text) ? Number(text) : -1
}

const writtenAt = async (path: string): Promise<number> => {
  const found = await stat(path).catch(() => null)
  return found === null ? -1 : found.isDirectory() ? -2 : found.mtimeMs
}

/** The gateway folders under `dataDir`; it is one itself, from before there were workers. */
const foldersOf = async (dataDir: string): Promise<readonly string[]> => {
  const names = await readdir(dataDir).catch(() => [])
  return [dataDir, ...names.filter((name) => /^worker-\d+$/.test(name)).map((name) => join(dataDir, name))]
}

/** Copies what is newer there; a file is whole there, and whole or absent here. */
const copyKnowledge = async (from: string, to: string): Promise<void> => {
  await cp(join(from, 'knowledge'), join(to, 'knowledge'), {
    recursive: true,
    filter: async (source, destination) => {
      if (basename(source).endsWith('.next')) return false
      const [there, here] = await Promise.all([writtenAt(source), writtenAt(destination)])
      return there === -2 || there > here
    },
  }).catch(() => {
    // Without a copy the worker asks the store and the control plane, as a new one does.
  })
}

/** Raises the floor of `folder` to the highest there is, and brings the knowledge that goes with it. */
const bringUpToDate = async (dataDir: string, folder: string): Promise<void> => {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const own = await floorIn(folder)
  let highest = { path: folder, floor: own }
  for (const path of await foldersOf(dataDir)) {
    const floor = await floorIn(path)
    if (floor > highest.floor) highest = { path, floor }
  }
  if (highest.floor <= own) return
  await copyKnowledge(highest.path, folder)
  const file = join(folder, 'watermark')
  await writeFile(`${file}.next`, `${highest.floor}\n`, { mode: 0o600 })
  await rename(`${file}.next`, file)
}

/** Nobody uses a folder yet. */
export const createWorkerFolders = (): WorkerFolders => {
  const used = new Set<string>()
  return {
    async claim(dataDir) {
      let slot = 1
      while (used.has(join(dataDir, `worker-${slot}`))) slot += 1
      const path = join(dataDir, `worker-${slot}`)
      used.add(path)
      try {
        await bringUpToDate(dataDir, path)
      } catch (error) {
        used.delete(path)
        throw error
      }
      return { slot, path, release: () => void used.delete(path) }
    },
  }
}
