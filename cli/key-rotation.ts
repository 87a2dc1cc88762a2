/**
 * `gatehouse keys rotate`: seals every second factor under a new key, and takes the old one out when it is for nothing.
 *
 * The sealing is `admin/two-factor/key-rotation.ts`. Where keys lie in a file under `dataDir`, this adds the new one and
 * removes the old one there, and running planes follow; configured keys are their operator's to change. Invariant: no
 * key is printed, and none is taken out while it opens anything. Rotating and dropping in one go was refused: what was
 * begun under the old key would be lost.
 */
import { join } from 'node:path'
import type { Store } from '../admin/store/database.ts'
import { createFactorKeyring } from '../admin/two-factor/factor-keys.ts'
import { countKeyUses, type KeyUse, retireKeys, rotateSecrets } from '../admin/two-factor/key-rotation.ts'
import type { Instant } from '../policies/instant.ts'
import type { Config } from '../runtime/config.ts'
import { type NamedKey, newKeyBeside, readKeyList, writeKeyList } from '../runtime/key-list.ts'
import { readSecret, replaceSecret } from '../runtime/secret-file.ts'
import type { CommandLine } from './command-line.ts'
import { exitCodes, stopWith } from './exit-codes.ts'
import { operatorDeed } from './policy-operator.ts'
import { withDatabase } from './reached-database.ts'
import { goodOrStop, readSettings } from './settings.ts'

type Keys = { readonly file: string | null; readonly held: readonly NamedKey[] }

function readKeys({ twoFactor, dataDir }: Config): Keys {
  const { keys } = twoFactor
  if (keys !== null)
    return { file: null, held: goodOrStop(readKeyList(keys, 'twoFactor.keys'), 'the configuration') }
  const file = join(dataDir, 'factor-keys')
  const kept = readSecret(file)
  if (kept === null)
    throw stopWith(
      exitCodes.configuration,
      `gatehouse: there are no keys: ${file} does not exist and twoFactor.keys is not set.`,
      "Run this where the control plane's dataDir is.",
    )
  return {
    file,
    held: goodOrStop(readKeyList(goodOrStop(kept, 'the file of keys'), file), 'the file of keys'),
  }
}

/** The keys with a new one first, kept in their file; as they are where a rotation has begun, or they are configured. */
function withNewKey({ file, held }: Keys): readonly NamedKey[] {
  if (file === null || held.length > 1) return held
  const keys = [newKeyBeside(held), ...held]
  replaceSecret(file, writeKeyList(keys))
  return keys
}

type Told = {
  readonly current: string
  readonly resealed: number
  readonly unreadable: number
  /** What other keys than the current are still for, by their names. */
  readonly left: Readonly<Record<string, KeyUse>>
  readonly dropped: readonly string[]
  readonly recoveryCodesVoided: number
}

const tell = (line: CommandLine, told: Told, sentences: readonly string[], code: number): number => {
  if (line.json) process.stdout.write(`${JSON.stringify({ ok: code === exitCodes.ok, ...told })}\n`)
  else process.stdout.write(`${sentences.join('\n')}\n`)
  return code
}

const usesBut = async (store: Store, current: string): Promise<Readonly<Record<string, KeyUse>>> => {
  const uses = await store.read(countKeyUses)
  return Object.fromEntries([...uses].filter(([id]) => id !== current))
}

const leftSentences = (left: Told['left']): readonly string[] =>
  Object.entries(left).map(
    ([id, { secrets, recoveryCodes }]) =>
      `${id} is still for ${secrets} secrets and ${recoveryCodes} unused recovery codes.`,
  )

async function rotate(store: Store, line: CommandLine, keys: Keys, at: Instant): Promise<number> {
  const keyring = createFactorKeyring(withNewKey(keys))
  const current = keyring.currentId
  const { resealed, unreadable } = await rotateSecrets(store, keyring, operatorDeed(at, line.reason))
  const left = await usesBut(store, current)
  const isLeft = Object.values(left).some(({ secrets }) => secrets > 0)
  const sentences = [
    `Sealed ${resealed} secrets anew under ${current}.`,
    ...leftSentences(left),
    ...(unreadable > 0
      ? [`${unreadable} secrets are under keys that are not here, or were altered: they stay as they are.`]
      : []),
    ...(keys.file === null && keys.held.length === 1
      ? ['Only one key is configured: put a new one first in twoFactor.keys and run this again.']
      : []),
  ]
  const told = { current, resealed, unreadable, left, dropped: [], recoveryCodesVoided: 0 }
  if (unreadable > 0) return tell(line, told, sentences, exitCodes.failed)
  return tell(line, told, sentences, isLeft ? exitCodes.waiting : exitCodes.ok)
}

async function drop(store: Store, line: CommandLine, { file, held }: Keys, at: Instant): Promise<number> {
  const keyring = createFactorKeyring(held)
  const current = keyring.currentId
  const old = held.slice(1).map(({ id }) => id)
  const left = await usesBut(store, current)
  const nothing = { current, resealed: 0, unreadable: 0, left, dropped: [], recoveryCodesVoided: 0 }
  if (old.length === 0) return tell(line, nothing, [`${current} is the only key.`], exitCodes.ok)
  const mine = Object.entries(left).filter(([id]) => old.includes(id))
  const codesLeft = mine.some(([, { recoveryCodes }]) => recoveryCodes > 0)
  const secretsLeft = mine.some(([, { secrets }]) => secrets > 0)
  if (secretsLeft || (codesLeft && line.given['void-codes'] !== true))
    return tell(
      line,
      nothing,
      [
        'Not done: something still needs them.',
        ...leftSentences(Object.fromEntries(mine)),
        secretsLeft
          ? 'Run keys rotate first.'
          : 'People use these codes up or make new ones; --void-codes makes them count no more.',
      ],
      exitCodes.refused,
    )
  const voided = await retireKeys(store, keyring, old, operatorDeed(at, line.reason))
  if (voided === null) return tell(line, nothing, ['Not done: run keys rotate first.'], exitCodes.refused)
  if (file !== null) replaceSecret(file, writeKeyList(held.slice(0, 1)))
  const sentence =
    file === null
      ? `Nothing needs ${old.join(', ')}: take them out of twoFactor.keys.`
      : `Took ${old.join(', ')} out.`
  const told = { ...nothing, left: {}, dropped: old, recoveryCodesVoided: voided }
  return tell(line, told, [sentence, `${voided} unused recovery codes are void.`], exitCodes.ok)
}

/**
 * Exit 0: everything is under the current key, or the old ones are out; 1: some secrets open with no key here; 75: some
 * came meanwhile, run it again; 77: not dropped, since something needs them; 69: no database; 78: keys are wrong or missing.
 */
export const rotateKeys = async (line: CommandLine, now: () => Instant): Promise<number> => {
  const config = await readSettings(line)
  const keys = readKeys(config)
  return withDatabase(config, (store) =>
    line.given['drop-old'] === true ? drop(store, line, keys, now()) : rotate(store, line, keys, now()),
  )
}
