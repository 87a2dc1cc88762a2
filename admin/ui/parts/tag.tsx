/**
 * A small word with a tone: states, modes, roles.
 *
 * Not a button. Invariant: the word says it all; the colour only says it faster, and its contrast holds in light and
 * dark (`look.css`).
 */
import type { ReactNode } from 'react'
import type { Mode } from '../queries.ts'

/** What a tag's colour means. */
export type Tone = 'neutral' | 'accent' | 'good' | 'warn' | 'bad'

/** The tag. */
export function Tag({ tone = 'neutral', children }: { readonly tone?: Tone; readonly children: ReactNode }) {
  return <span className={`gh-tag gh-tone-${tone}`}>{children}</span>
}

/** A mode as people read it. */
export const modeNames: Readonly<Record<Mode, string>> = {
  off: 'Off',
  monitor: 'Monitor',
  enforce: 'Enforce',
}
/** The tone of a mode: only enforcing is good. */
export const modeTones: Readonly<Record<Mode, Tone>> = { off: 'neutral', monitor: 'warn', enforce: 'good' }
