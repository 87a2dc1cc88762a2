// Runs a program under the Node that can run TypeScript, and answers with its exit code.
// Not a supervisor: it restarts nothing; when the program ends, so does this.
// Invariant: SIGINT, SIGTERM and SIGHUP reach the program, and its exit code or signal reaches the caller.
// Refused: process.execve, which would spare this process but exists only in the Nodes that need no launching.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { ensureInstalled, projectRoot } from './install.mjs'
import { chooseNode, configurationExit } from './preflight.mjs'

/**
 * The path of the Node to run TypeScript with, packages being installed first if they are not.
 * Ends the process with one sentence when there is none.
 * @returns {string}
 */
export function readyNode() {
  ensureInstalled()
  const choice = chooseNode({
    version: process.version,
    path: process.execPath,
    platform: process.platform,
    arch: process.arch,
    root: projectRoot,
    exists: existsSync,
  })
  if (choice.path !== null) return choice.path
  process.stderr.write(`${choice.sentence}\n`)
  process.exit(configurationExit)
}

/**
 * The exit code a shell would report: the program's own, or 128 + the number of the signal that ended it.
 * @param {number | null} code
 * @param {NodeJS.Signals | null} signal
 * @returns {number}
 */
export function exitCodeOf(code, signal) {
  if (code !== null) return code
  return 128 + (signal === null ? 0 : constants.signals[signal])
}

/**
 * Ends a program that takes too long: SIGTERM at the limit, SIGKILL a little later.
 * @param {import('node:child_process').ChildProcess} child
 * @param {number} limitMs
 */
function endAfter(child, limitMs) {
  const ask = () => {
    process.stderr.write(
      `gatehouse: ended after ${Math.round(limitMs / 1000)} s, as it did not end by itself\n`,
    )
    child.kill('SIGTERM')
  }
  return [setTimeout(ask, limitMs), setTimeout(() => child.kill('SIGKILL'), limitMs + 10_000)]
}

/**
 * Runs `node ARGS…` with our standard streams and resolves with its exit code once it has ended.
 * @param {string} node path of the binary
 * @param {readonly string[]} args
 * @param {{ limitMs?: number }} [options] limitMs: ended after that long (SIGTERM, then SIGKILL); absent: never
 * @returns {Promise<number>}
 */
export function runNode(node, args, options = {}) {
  const child = spawn(node, args, { stdio: 'inherit' })
  const atTerminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY)
  /** @type {(signal: NodeJS.Signals) => void} */
  const forward = (signal) => {
    // At a terminal Ctrl-C has already reached the whole group; a second one would look like impatience.
    if (signal === 'SIGINT' && atTerminal) return
    child.kill(signal)
  }
  /** @type {readonly NodeJS.Signals[]} */
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) process.on(signal, forward)
  const timers = options.limitMs === undefined ? [] : endAfter(child, options.limitMs)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      for (const timer of timers) clearTimeout(timer)
      for (const name of signals) process.off(name, forward)
      resolve(exitCodeOf(code, signal))
    })
  })
}

/**
 * What a program said (both streams) and whether it exited 0.
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {Promise<Outcome>}
 *
 * @typedef {{ passed: boolean, words: string }} Outcome
 */
export function outcomeOf(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: projectRoot, stdio: ['ignore', 'pipe', 'pipe'] })
    /** @type {Buffer[]} */
    const said = []
    child.stdout.on('data', (chunk) => said.push(chunk))
    child.stderr.on('data', (chunk) => said.push(chunk))
    child.once('error', (error) => resolve({ passed: false, words: error.message }))
    child.once('close', (code) =>
      resolve({ passed: code === 0, words: Buffer.concat(said).toString().trim() }),
    )
  })
}

/**
 * Runs `ENTRY ARGS…` under the chosen Node; resolves with its exit code.
 * @param {readonly string[]} args the entry first
 * @returns {Promise<number>}
 */
export async function runEntry(args) {
  if (args.length === 0) {
    process.stderr.write('usage: node tools/run.mjs ENTRY [ARGS…]\n')
    return configurationExit
  }
  return runNode(readyNode(), args)
}
