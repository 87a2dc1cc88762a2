/**
 * What the browser keeps of the API's answers, and for how long.
 *
 * Not what is asked (`queries.ts`). Invariant: nothing outlives the page; live messages say when to ask again, so
 * that answers count as fresh for long. A no of the API is never asked twice, a failed network is.
 */
import { QueryClient } from '@tanstack/react-query'
import { problemOf } from './problem.ts'

/** The only one. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      retry: (count, error) => count < 2 && [0, 502, 503, 504].includes(problemOf(error).status),
    },
  },
})
