/**
 * "Did you mean …?": the known word nearest to one that was mistyped.
 *
 * For Problems only; nothing is ever corrected by itself. Invariant: a guess is given only where it is close (a third
 * of the letters at most), since a wild guess misleads more than none.
 */

const plain = (text: string): string => text.toLowerCase().replace(/[-_. ]/g, '')

/** How many letters must be changed, added or left out to get from one text to the other. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (let i = 0; i < from.length; i++) {
    const next = [i + 1]
    for (let j = 0; j < to.length; j++) {
      const replaced = (row[j] ?? 0) + (from[i] === to[j] ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}

/** The word of `known` nearest to `text`, capitals and separators aside; `null` when none is near. */
export function nearestWord(text: string, known: readonly string[]): string | null {
  const wanted = plain(text.slice(0, 100))
  let best: { readonly word: string; readonly edits: number } | null = null
  for (const word of known) {
    const edits = distance(wanted, plain(word))
    if (edits <= Math.floor(Math.max(wanted.length, word.length) / 3) && edits < (best?.edits ?? 100))
      best = { word, edits }
  }
  return best?.word ?? null
}
