/**
 * Goal: a policy compiled anew under its revision extends its hours, and nothing older ever takes its place.
 * Method: signed records of one revision, compiled at different times, given to the mirror in any order.
 */
import { expect, test } from 'vitest'
import { createSnapshots } from '../../gateway/snapshots.ts'
import { compile } from '../../policies/compile.ts'
import { newDocument } from '../../policies/standard-roles.ts'
import { keys } from '../../runtime/keys.ts'
import { createSigner, createVerifier, generateSigningKey, sealRecord } from '../../runtime/signing.ts'

const day = 86_400_000
const start = Date.UTC(2026, 0, 5)
const signer = createSigner(generateSigningKey())
const key = keys.policy('oak')

const sealed = (revision: number, at: number) => {
  const document = newDocument({ id: 'oak', name: 'Oak Dental', zone: 'America/Denver' }, 'standard')
  const checked = compile(document, at)
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems))
  const value = { practice: 'oak', revision, compiled: checked.value, confirmBy: null, predecessor: null }
  return { key, text: sealRecord(signer, key, revision, value) }
}

const openMirror = () => {
  const verifier = createVerifier(signer.publicKey)
  if (verifier === null) throw new Error('no verifier')
  let changes = 0
  const mirror = createSnapshots({
    verifier,
    routes: new Map(),
    onChange: () => {
      changes += 1
    },
    onApplied: () => {},
    onBad: (bad) => {
      throw new Error(`bad ${bad}`)
    },
  })
  return {
    mirror,
    changes: () => changes,
    until: () => mirror.practice('oak', start)?.snapshot.knownUntil ?? 0,
  }
}

test('the same revision compiled later is taken, an earlier compilation or revision is not', () => {
  const { mirror, changes, until } = openMirror()
  mirror.apply(sealed(2, start))
  const first = until()
  expect(mirror.apply(sealed(2, start + 30 * day))).toBe('applied')
  const later = until()
  expect(later).toBeGreaterThan(first)
  for (const record of [sealed(2, start + 30 * day), sealed(2, start), sealed(1, start + 60 * day)])
    expect(mirror.apply(record)).toBe('old')
  expect([until(), changes()]).toEqual([later, 2])
  mirror.apply(sealed(3, start + day))
  expect(until()).toBeLessThan(later)
})
