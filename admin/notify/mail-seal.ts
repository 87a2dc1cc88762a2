/**
 * What a mail says, sealed from the moment it is queued until it is sent: mails carry links and codes that let somebody in.
 *
 * The key is a pair: whoever queues has the public half, from the database; the private half comes out of the keyring that
 * seals second factors, which is not in the database. Invariant: a copy of the database reads no mail that waits; what was
 * sealed for one address opens for no other. X25519 with an ephemeral pair, HKDF-SHA-256, AES-256-GCM. Handing the keyring to
 * all that tells people something was refused: a command line that ends a session need not be able to read their mail.
 */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { z } from 'zod'
import type { Rows, Store } from '../store/database.ts'
import { readSetting, writeSetting } from '../store/settings.ts'
import type { FactorKeyring } from '../two-factor/factor-keys.ts'

/** A public key to seal mails to. `publicKey`: raw X25519, base64url. */
export type MailKey = { readonly keyId: string; readonly publicKey: string }

/** What is sealed of a mail. */
export type MailText = { readonly subject: string; readonly text: string }

const setting = 'mail-key'
const keySchema = z.strictObject({
  keyId: z.string().min(1).max(64),
  publicKey: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
})
const textSchema = z.strictObject({ subject: z.string(), text: z.string() })

const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16
/** RFC 8410: a raw X25519 private key follows. */
const privatePrefix = Buffer.from('302e020100300506032b656e04220420', 'hex')

const rawOf = (key: KeyObject): Buffer => Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url')
const publicOf = (raw: Buffer): KeyObject =>
  createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: raw.toString('base64url') }, format: 'jwk' })

/** The private half under a key of the ring; `null`: the ring has no such key. */
function privateOf(keyring: FactorKeyring, keyId: string): KeyObject | null {
  const raw = keyring.under(keyId, 'mail')
  return raw === null
    ? null
    : createPrivateKey({ key: Buffer.concat([privatePrefix, raw]), format: 'der', type: 'pkcs8' })
}

const secretOf = (shared: Buffer, ephemeral: Buffer, recipient: Buffer, keyId: string): Buffer =>
  Buffer.from(
    hkdfSync('sha256', shared, Buffer.concat([ephemeral, recipient]), `gatehouse mail 1 ${keyId}`, keyBytes),
  )

const about = (to: string): Buffer => Buffer.from(`mail to ${to}`)

/** The public half of the ring's current key. */
export function mailKeyOf(keyring: FactorKeyring): MailKey {
  const keyId = keyring.currentId
  const own = privateOf(keyring, keyId)
  if (own === null) throw new Error('a keyring without its current key')
  return { keyId, publicKey: rawOf(createPublicKey(own)).toString('base64url') }
}

/** The text of a mail to `to`, sealed. */
export function sealMail({ keyId, publicKey }: MailKey, mail: MailText, to: string): string {
  const recipient = Buffer.from(publicKey, 'base64url')
  const pair = generateKeyPairSync('x25519')
  const ephemeral = rawOf(pair.publicKey)
  const shared = diffieHellman({ privateKey: pair.privateKey, publicKey: publicOf(recipient) })
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', secretOf(shared, ephemeral, recipient, keyId), nonce)
  cipher.setAAD(about(to))
  const { subject, text } = mail
  const parts = [
    cipher.update(JSON.stringify({ subject, text }), 'utf8'),
    cipher.final(),
    cipher.getAuthTag(),
  ]
  return Buffer.concat([ephemeral, nonce, ...parts]).toString('base64url')
}

/** What was sealed for `to`. Throws where the key is gone, or anything was altered or moved. */
export function openMail(keyring: FactorKeyring, keyId: string, sealed: string, to: string): MailText {
  const own = privateOf(keyring, keyId)
  if (own === null) throw new Error(`the key "${keyId}" that sealed a mail is not in the keyring`)
  const bytes = Buffer.from(sealed, 'base64url')
  if (bytes.length < keyBytes + nonceBytes + tagBytes) throw new Error('a sealed mail is too short')
  const ephemeral = bytes.subarray(0, keyBytes)
  const shared = diffieHellman({ privateKey: own, publicKey: publicOf(ephemeral) })
  const secret = secretOf(shared, ephemeral, rawOf(createPublicKey(own)), keyId)
  const nonce = bytes.subarray(keyBytes, keyBytes + nonceBytes)
  const decipher = createDecipheriv('aes-256-gcm', secret, nonce, { authTagLength: tagBytes })
  decipher.setAAD(about(to))
  decipher.setAuthTag(bytes.subarray(-tagBytes))
  const text = decipher.update(bytes.subarray(keyBytes + nonceBytes, -tagBytes))
  return textSchema.parse(JSON.parse(Buffer.concat([text, decipher.final()]).toString('utf8')))
}

/**
 * The key that mails are sealed to; `null`: no control plane that seals has started on this database. `unreadable`: there is
 * one of another form, so that mails are meant to be sealed and cannot be.
 */
export async function readMailKey(rows: Rows): Promise<MailKey | 'unreadable' | null> {
  const kept = await readSetting(rows, setting)
  if (kept === undefined || kept === null) return null
  const read = keySchema.safeParse(kept)
  return read.success ? read.data : 'unreadable'
}

const batchMax = 200

/** Has mails sealed to the ring's current key from now on, and seals what waits in the clear from before. */
export async function publishMailKey(store: Store, keyring: FactorKeyring): Promise<void> {
  const key = mailKeyOf(keyring)
  await store.transaction((tx) => writeSetting(tx, setting, key))
  for (let left = batchMax; left === batchMax; )
    left = await store.transaction(async (tx) => {
      const clear = await tx
        .selectFrom('mail')
        .select(['id', 'to_address', 'subject', 'body'])
        .where('sealed', 'is', null)
        .orderBy('id')
        .limit(batchMax)
        .forUpdate()
        .execute()
      for (const { id, to_address: to, subject, body } of clear) {
        const sealed = sealMail(key, { subject: subject ?? '', text: body ?? '' }, to)
        await tx
          .updateTable('mail')
          .set({ subject: null, body: null, key_id: key.keyId, sealed })
          .where('id', '=', id)
          .execute()
      }
      return clear.length
    })
}
