/**
 * The operator's override as a file on the gateway's host: `ip` and `time` to monitor, for some hours (SPEC §11).
 *
 * It needs neither hot store nor control plane: the command line writes it, gateways of the host read it. Invariant: only
 * a plain file counts that belongs to root and that nobody else can write, and none for longer than four hours,
 * whatever it says. Signing it was refused: whoever is root here can read every key.
 */
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { DurationMs, Instant } from '../policies/instant.ts'
import type { Config } from './config.ts'

/** How long an override lasts at most. */
export const overrideMaxMs: DurationMs = 4 * 3_600_000
/** How far a clock may have been ahead when it was written. */
const aheadMs: DurationMs = 5_000
const bytesMax = 16_384

const overrideSchema = z.strictObject({
  practices: z.union([z.literal('every'), z.array(z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/)).min(1)]),
  since: z.number().int().nonnegative(),
  until: z.number().int().nonnegative(),
  reason: z.string().trim().min(1).max(500),
  /** The account of the operating system that switched it on. */
  by: z.string().min(1).max(80),
})
/** An override as it stands in the file. */
export type HostOverride = z.infer<typeof overrideSchema>

/** What the file says: nothing, an override, or why it does not count. */
export type OverrideRead =
  | { readonly kind: 'none' }
  | { readonly kind: 'override'; readonly override: HostOverride }
  | { readonly kind: 'bad'; readonly why: string }

/** Whom the file must belong to. */
export const rootUser = 0

/** Where the file lies: as configured, else under `dataDir`. */
export const overrideFileOf = ({ dataDir, gateway }: Pick<Config, 'dataDir' | 'gateway'>): string =>
  gateway.overrideFile ?? join(dataDir, 'override.json')

const bad = (why: string): OverrideRead => ({ kind: 'bad', why })

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown'

function textIn(handle: number, owner: number): string | OverrideRead {
  const { uid, mode, size, ...stat } = fstatSync(handle)
  if ((mode & constants.S_IFMT) !== constants.S_IFREG) return bad('it is no plain file')
  if (uid !== owner) return bad('it does not belong to root')
  if ((mode & 0o022) !== 0) return bad('others may write it')
  if (stat.nlink !== 1) return bad('it has a second name')
  return size > bytesMax ? bad('it is too large') : readFileSync(handle, 'utf8')
}

/**
 * What `file` says at `at`. Its owner and mode are read of the very file that is opened, which no link may stand for.
 * `owner`: whom it must belong to.
 */
export function readOverride(file: string, at: Instant, owner = rootUser): OverrideRead {
  let handle: number
  try {
    handle = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? { kind: 'none' } : bad(`it cannot be read (${codeOf(error)})`)
  }
  try {
    const text = textIn(handle, owner)
    if (typeof text !== 'string') return text
    const { data: override } = overrideSchema.safeParse(JSON.parse(text))
    if (override === undefined) return bad('it is not as the command line writes it')
    if (override.since > at + aheadMs) return bad('it begins in the future')
    if (override.until - override.since > overrideMaxMs) return bad('it lasts longer than four hours')
    return override.until > at ? { kind: 'override', override } : { kind: 'none' }
  } catch {
    return bad('it is not as the command line writes it')
  } finally {
    closeSync(handle)
  }
}

/** Writes the file whole; throws the system's error where that is not possible. */
export function writeOverride(file: string, override: HostOverride): void {
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  writeFileSync(draft, `${JSON.stringify(override)}\n`, { mode: 0o644, flag: 'wx' })
  renameSync(draft, file)
}

/** Takes the file away; whether there was none does not matter. */
export const removeOverride = (file: string): void => rmSync(file, { force: true })
