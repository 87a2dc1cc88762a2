/**
 * Problems: bad input, all of it at once, each with the path to what is wrong and a sentence that says what to do.
 *
 * They end as 422 `application/problem+json` or, at start-up, as lines before exit 78. A thrown exception per
 * problem was refused: people fix ten typing errors in one go, not in ten.
 */
import type { z } from 'zod'

/** One thing wrong. `path` as in `upstreams[0].url`; empty for the whole. */
export type Problem = { readonly path: string; readonly sentence: string }

/** Either the good value or everything that is wrong with it. */
export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** The path of a JSON position as people write it. */
export const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`,
    '',
  )

/** zod's issues as Problems. */
export const problemsOf = (error: z.ZodError): readonly Problem[] =>
  error.issues.map((issue) => ({ path: pathText(issue.path), sentence: issue.message }))
