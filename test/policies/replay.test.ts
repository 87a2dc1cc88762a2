/**
 * Goal: a decision on record is answered again, word for word, from the stored revision and the recorded question.
 * Method: policy and question travel through JSON as the stores keep them; decision and explanation are compared.
 */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { AccessRequest } from '../../policies/access-request.ts'
import { compile, readCompiled } from '../../policies/compile.ts'
import { explain } from '../../policies/explain.ts'
import { loadSnapshot } from '../../policies/snapshot.ts'
import { base, documents, instants, requests, routes } from '../support/policy-cases.ts'

it('a stored decision is replayed to the same answer', () => {
  const verdicts = new Set<string>()
  fc.assert(
    fc.property(
      documents,
      fc.array(fc.tuple(requests, instants), { minLength: 20, maxLength: 20 }),
      fc.integer({ min: 1, max: 9 }),
      (document, asked, revision) => {
        const compiled = compile(document, base, '2026c')
        const stored = compiled.ok ? readCompiled(JSON.parse(JSON.stringify(compiled.value))) : null
        if (!compiled.ok || stored === null) throw new Error('compiles and is read back')
        const then = loadSnapshot(compiled.value, revision, routes)
        const now = loadSnapshot(stored, revision, routes)
        for (const [request, at] of asked) {
          const recorded = JSON.parse(JSON.stringify(request)) as AccessRequest
          const before = explain(then, request, at)
          expect(explain(now, recorded, at)).toEqual(before)
          expect(before.decision.revision).toBe(revision)
          verdicts.add(before.decision.verdict)
        }
      },
    ),
    { numRuns: 40, seed: 12 },
  )
  expect([...verdicts].sort()).toEqual(['challenge', 'deny', 'permit', 'unavailable'])
})
