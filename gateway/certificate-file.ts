/**
 * PEM files with certificates, read whole or refused with the reason.
 *
 * It trusts nobody: what the certificates are for is the reader's. Invariant: every certificate in the file can be read;
 * one that cannot is no reason to go on with the others, since the missing one may be the one that matters.
 */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** What a file holds, or why it cannot be used (`cannot be read (ENOENT)`). */
export type PemFile<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly why: string }

const pemCertificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** The text of a file; never throws. */
export const readText = (file: string): PemFile<string> => {
  try {
    return { ok: true, value: readFileSync(file, 'utf8') }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    return { ok: false, why: `cannot be read (${code})` }
  }
}

/** The certificates in a file, in PEM and in its order, at least one. Never throws. */
export const readCertificates = (file: string): PemFile<readonly string[]> => {
  const text = readText(file)
  if (!text.ok) return text
  const found = text.value.match(pemCertificate) ?? []
  if (found.length === 0) return { ok: false, why: 'holds no certificate in PEM' }
  try {
    for (const pem of found) new X509Certificate(pem)
  } catch {
    return { ok: false, why: 'holds a certificate that cannot be read' }
  }
  return { ok: true, value: found }
}
