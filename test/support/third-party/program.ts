/**
 * An application of somebody else as a process of its own, as long as a test wants.
 *
 * What the application is and how it is set up is its file's beside this one. Invariant: it runs in a folder of its own, on a
 * free loopback port, and nothing of it is left after `stop`.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'

/** A running application. */
export type ForeignApplication = { readonly url: string; stop(): Promise<void> }

/** How to run one. `folder` is removed with it. */
export type ForeignProgram = {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly folder: string
  readonly port: number
}

const startWithinMs = 30_000

/** Resolves once it answers; rejects when it ends first or takes too long. */
const answering = async (url: string, child: ChildProcess, said: () => string): Promise<void> => {
  const until = performance.now() + startWithinMs
  for (;;) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${said()}`)
    if (performance.now() > until) throw new Error(`does not answer: ${said()}`)
    const answer = await fetch(url, { redirect: 'manual' }).catch(() => null)
    await answer?.body?.cancel()
    if (answer !== null) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Starts it and resolves once it answers by HTTP. */
export const runForeign = async (program: ForeignProgram): Promise<ForeignApplication> => {
  const { command, args, env = {}, folder, port } = program
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, HOME: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // It may fork workers, which are to end with it.
    detached: true,
  })
  let said = ''
  const hear = (chunk: Buffer): void => {
    said = `${said}${chunk.toString()}`.slice(-4_000)
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      process.kill(-child.pid, 'SIGKILL')
      await once(child, 'exit')
    }
    rmSync(folder, { recursive: true, force: true })
  }
  const url = `http://127.0.0.1:${port}`
  try {
    await answering(url, child, () => said)
  } catch (error) {
    await stop()
    throw error
  }
  return { url, stop }
}
