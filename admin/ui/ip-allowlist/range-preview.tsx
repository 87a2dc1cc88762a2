/**
 * What a range that is being typed would be: as stored, how large, upon which entries it lies.
 *
 * The API works it out, with what it would save by. Invariant: it never says that an entry lets somebody in: only whether
 * the text is a range, and which.
 */
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { Tag } from '../parts/tag.tsx'
import { usePractice } from '../practice.ts'
import { lookQuery } from './allowlist-queries.ts'

const pauseMs = 200
const relations = { same: 'The same network as', inside: 'Contains', around: 'Lies within' } as const

/** What is known of `range`; `isSettled`: of the very text, not of what was typed before. */
export function useLook(range: string, entry: string | null) {
  const practice = usePractice()
  const [settled] = useDebouncedValue(range.trim(), pauseMs)
  const { data, isPlaceholderData } = useQuery(lookQuery(practice.id, settled, entry))
  return {
    look: settled === '' ? undefined : data,
    isSettled: settled === range.trim() && !isPlaceholderData,
  }
}

/** The preview; nothing while there is nothing to say. */
export function RangePreview({ range, entry }: { readonly range: string; readonly entry: string | null }) {
  const { look } = useLook(range, entry)
  return (
    <div className="gh-preview" aria-live="polite">
      {look !== undefined &&
        (look.range === null ? (
          <p className="gh-warn-text">{look.problem}</p>
        ) : (
          <>
            <p>
              <code className="gh-strong">{look.range}</code> <span className="gh-faint">{look.size}</span>{' '}
              {look.wide && <Tag tone="warn">wide</Tag>}
            </p>
            {look.notes.map((note) => (
              <p key={note} className="gh-faint">
                {note}
              </p>
            ))}
            {look.overlaps.map(({ id, label, range: other, relation, on }) => (
              <p key={id} className="gh-faint">
                {relations[relation]} “{label}” <code>{other}</code>
                {on ? '' : ', which is off'}.
              </p>
            ))}
          </>
        ))}
    </div>
  )
}
