/**
 * Words of paths that no route names, learned from traffic: for upstreams with `learn: paths`.
 *
 * It sends nothing and maps nothing. Invariant: a segment is a word only where it looks like one (small letters, `-`, `_`), at
 * least three people used it in the same place, and no more than thirty such came there; until then, and for all else, it is
 * `:x`; where more came, the place names things or people, and nothing there is ever a word again. Everything is bounded and
 * forgotten with the process. Reporting segments and judging them at the control plane was refused: names would have left.
 */
import { createBoundedMap } from './bounded-map.ts'

/** Templates of paths, for whoever used them. */
export type LearnedPaths = {
  /** `known`: the path with each segment that no route names as `:x`; that path with its learned words instead. */
  template(path: string, known: string, user: string): string
}

const wordForm = /^[a-z][a-z_-]{1,29}$/
const peopleMin = 3
const wordsMax = 30
const placesMax = 2_000
const segmentsMax = 12

type Place = { isWide: boolean; readonly words: Map<string, Set<string>> }

/** Nothing learned yet. */
export function createLearnedPaths(): LearnedPaths {
  const places = createBoundedMap<string, Place>(placesMax)

  const isWord = (before: string, segment: string, user: string): boolean => {
    if (!wordForm.test(segment)) return false
    const place = places.get(before) ?? { isWide: false, words: new Map<string, Set<string>>() }
    places.set(before, place)
    if (place.isWide) return false
    const people = place.words.get(segment) ?? new Set<string>()
    if (people.size < peopleMin) people.add(user)
    place.words.set(segment, people)
    if (place.words.size > wordsMax) {
      place.isWide = true
      place.words.clear()
      return false
    }
    return people.size >= peopleMin
  }

  return {
    template(path, known, user) {
      const raw = path.split('/')
      const safe = known.split('/')
      if (raw.length !== safe.length || raw.length > segmentsMax + 1) return known
      let before = ''
      safe.forEach((segment, at) => {
        const word = segment === ':x' && isWord(before, raw[at] ?? '', user) ? (raw[at] ?? segment) : segment
        before = at === 0 ? word : `${before}/${word}`
      })
      return before
    },
  }
}
