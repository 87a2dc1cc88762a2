/**
 * The keys of the second factor: they seal secrets that must be read again, and mark codes that must only be known. Other
 * things that must not be read off the database get keys of their own from them (`under`).
 *
 * It stores nothing. Invariant: what was sealed for one factor of one user opens for nothing else, and whatever was
 * altered throws; several keys open, the first seals, so that keys can be replaced without a stop. Keys in the
 * database were refused: a copy of it would then hold everybody's factors.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import type { Checked } from '../../policies/problem.ts'
import { type NamedKey, newKeyList, readKeyList } from '../../runtime/key-list.ts'
import { keepSecret, readSecret } from '../../runtime/secret-file.ts'

/**
 * The keyring. `seal` and `open`: AES-256-GCM with `about` (the factor's id and user) as additional data; `open` throws
 * on anything altered, moved or sealed by a key that is gone. `marks`: HMAC-SHA-256 of a code under each key, 43
 * characters, the current key's first; `keyId` names that one. `currentId`: the name of the key that seals.
 */
export type FactorKeyring = {
  readonly currentId: string
  seal(text: string, about: string): { readonly keyId: string; readonly sealed: string }
  open(keyId: string, sealed: string, about: string): string
  marks(code: string, about: string): readonly { readonly keyId: string; readonly mark: string }[]
  /** 32 bytes that only this key gives, under a label of the caller's own; `null`: there is no such key. */
  under(keyId: string, label: string): Buffer | null
}

type Derived = {
  readonly id: string
  readonly sealing: Buffer
  readonly marking: Buffer
  readonly under: (label: string) => Buffer
}

const derive = ({ id, bytes }: NamedKey): Derived => {
  const under = (label: string): Buffer =>
    Buffer.from(hkdfSync('sha256', bytes, '', `gatehouse ${label} 1`, 32))
  return { id, sealing: under('factor secrets'), marking: under('recovery codes'), under }
}

const nonceBytes = 12
const tagBytes = 16

const dataOf = (id: string, about: string): Buffer => Buffer.from(`${id.length} ${id} ${about}`)

/**
 * The keyring of these keys, the first being current. `newest`: asked at every use for keys that have come since;
 * `null`: they are as before. Throws where there is no key.
 */
export function createFactorKeyring(
  keys: readonly NamedKey[],
  newest: () => readonly NamedKey[] | null = () => null,
): FactorKeyring {
  let derived = keys.map(derive)
  const held = () => {
    derived = newest()?.map(derive) ?? derived
    const [current] = derived
    if (current === undefined) throw new Error('a keyring needs a key')
    return { current, derived }
  }
  held()
  return {
    get currentId() {
      return held().current.id
    },
    seal(text, about) {
      const { current } = held()
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', current.sealing, nonce)
      cipher.setAAD(dataOf(current.id, about))
      const parts = [nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]
      return { keyId: current.id, sealed: Buffer.concat(parts).toString('base64url') }
    },
    open(keyId, sealed, about) {
      const key = held().derived.find(({ id }) => id === keyId)
      if (key === undefined) throw new Error(`the key "${keyId}" that sealed a factor is not in the keyring`)
      const bytes = Buffer.from(sealed, 'base64url')
      if (bytes.length < nonceBytes + tagBytes) throw new Error('a sealed factor is too short')
      const decipher = createDecipheriv('aes-256-gcm', key.sealing, bytes.subarray(0, nonceBytes), {
        authTagLength: tagBytes,
      })
      decipher.setAAD(dataOf(keyId, about))
      decipher.setAuthTag(bytes.subarray(-tagBytes))
      const text = decipher.update(bytes.subarray(nonceBytes, -tagBytes))
      return Buffer.concat([text, decipher.final()]).toString('utf8')
    },
    under: (keyId, label) =>
      held()
        .derived.find(({ id }) => id === keyId)
        ?.under(label) ?? null,
    marks: (code, about) =>
      held().derived.map(({ id, marking }) => ({
        keyId: id,
        mark: createHmac('sha256', marking).update(`${about.length} ${about} ${code}`).digest('base64url'),
      })),
  }
}

/** When a file was last replaced, and which it is: another pair, other content; `null`: it is not there. */
const stampOf = (file: string): string | null => {
  const found = statSync(file, { throwIfNoEntry: false })
  return found === undefined ? null : `${found.ino} ${found.mtimeMs}`
}

/** The keys of a file whenever it has become another; what cannot be read changes nothing. */
function followFile(file: string): () => readonly NamedKey[] | null {
  let seen = stampOf(file)
  return () => {
    const stamp = stampOf(file)
    if (stamp === null || stamp === seen) return null
    seen = stamp
    const kept = readSecret(file)
    const read = kept?.ok === true ? readKeyList(kept.value, file) : null
    return read?.ok === true ? read.value : null
  }
}

/**
 * The keyring of the configured list (`twoFactor.keys`), else of the one kept in `file` (mode 0600), made at the first
 * call; a file that is replaced (`gatehouse keys rotate`) counts at the next use. Problems where either is wrong.
 */
export function openFactorKeyring(given: string | null, file: string): Checked<FactorKeyring> {
  // Before it is read, so that what replaces it meanwhile is seen.
  const newest = given === null ? followFile(file) : () => null
  const kept = given === null ? keepSecret(file, newKeyList) : ({ ok: true, value: given } as const)
  if (!kept.ok) return kept
  const read = readKeyList(kept.value, given === null ? file : 'twoFactor.keys')
  return read.ok ? { ok: true, value: createFactorKeyring(read.value, newest) } : read
}
