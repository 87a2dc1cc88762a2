/**
 * Words and small sums of the proposed routes: what learning gathers, what is not certain, a table of chosen lines.
 *
 * It draws nothing. Invariant: a line's key is made of its place alone, so that it means the same line tomorrow, and is short
 * enough that three hundred of them fit into an address.
 */
import type { Proposal, ProposedPlace } from './roles-queries.ts'

type Learn = Proposal['learning'][number]['learn']
type Doubt = ProposedPlace['doubts'][number]

/** What is gathered of an application: a word, and a sentence. */
export const learnWords: Readonly<Record<Learn, readonly [word: string, sentence: string]>> = {
  off: ['Off', 'nothing is gathered'],
  roles: ['Roles', 'which roles open what no route names'],
  paths: ['Roles and paths', 'which roles open what no route names, and the words of its path'],
}

/** What is not certain, in words; `others`: how many more roles hold what fits best. */
export function doubtWords(doubt: Doubt, others: number): string {
  switch (doubt) {
    case 'few':
      return 'few requests'
    case 'unnamed':
      return 'parts of the path unnamed'
    case 'no-role':
      return 'no role of this practice'
    case 'no-permission':
      return 'no permission they all hold'
    case 'shared':
      return others === 1 ? '1 more role would pass' : `${others} more roles would pass`
  }
}

/** A short name of a line: a hash of its place (FNV-1a, 32 bits), in base 36. */
export function lineKey({ upstream, match }: Pick<ProposedPlace, 'upstream' | 'match'>): string {
  let hash = 0x811c9dc5
  for (const letter of `${upstream} ${match}`)
    hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193)
  return (hash >>> 0).toString(36)
}

/** The chosen lines of one application, as its configuration takes them. */
export const tableOf = (head: string, places: readonly ProposedPlace[]): string =>
  `${head}\nroutes:\n${places.flatMap(({ lines }) => lines).join('\n')}\n`
