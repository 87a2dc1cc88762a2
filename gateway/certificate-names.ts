/**
 * Which certificate answers to the name that a client asks for (SNI, RFC 6066 §3).
 *
 * It verifies nobody: a client that is shown the wrong certificate turns away by itself. Invariant: a name is looked for
 * as certificates are matched (RFC 9525 §6.3), whole and without regard to case, then with its first label as a
 * wildcard; no other part of a name stands for another, and a common name is no host. Patterns in configuration were
 * refused: the certificate says itself whom it is for.
 */
import type { X509Certificate } from 'node:crypto'
import { alternativeNames } from './peer-certificate.ts'

/** The host names that a certificate carries, in lower case, wildcards as they stand there. */
export const hostNamesOf = (certificate: X509Certificate): readonly string[] =>
  alternativeNames(certificate.subjectAltName ?? '')
    .filter((name) => name.startsWith('dns:'))
    .map((name) => name.slice('dns:'.length))

const wildcard = /^\*\.([a-z0-9_-]+(?:\.[a-z0-9_-]+)+)$/

/** What stands under names: an exact one before a wildcard, and of the same name the first. */
export const createNameLookup = <T>(
  entries: readonly { readonly names: readonly string[]; readonly value: T }[],
): ((serverName: string) => T | null) => {
  const exact = new Map<string, T>()
  const byParent = new Map<string, T>()
  for (const { names, value } of entries)
    for (const name of names) {
      const parent = wildcard.exec(name)?.[1]
      const [map, key] = parent === undefined ? [exact, name] : [byParent, parent]
      if (!name.includes('*') || parent !== undefined) if (!map.has(key)) map.set(key, value)
    }
  return (serverName) => {
    const name = serverName.toLowerCase()
    const dot = name.indexOf('.')
    return exact.get(name) ?? (dot < 1 ? null : (byParent.get(name.slice(dot + 1)) ?? null))
  }
}
