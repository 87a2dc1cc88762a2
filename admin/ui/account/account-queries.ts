/**
 * What the screen of one's own account asks: which second factors it has.
 *
 * Who one is comes from the shell's question (`queries.ts`). Invariant: no answer kept here carries a secret or a code;
 * those live in the dialog that shows them.
 */
import { queryOptions, useQueryClient } from '@tanstack/react-query'
import { type InferResponseType, parseResponse } from 'hono/client'
import { api } from '../api-client.ts'

/** The second factors of one's own account. */
export type OwnFactors = InferResponseType<typeof api.me.factors.$get, 200>
/** A passkey of one's own. */
export type OwnPasskey = OwnFactors['passkeys'][number]

/** What is set up. */
export const factorsQuery = queryOptions({
  queryKey: ['my-factors'],
  queryFn: () => parseResponse(api.me.factors.$get()),
})

/** Asks anew what is set up, and which sessions are left: each change of a factor ends the others. */
export function useFactorsReload(): () => Promise<void> {
  const client = useQueryClient()
  return async () => {
    await client.invalidateQueries({ queryKey: ['my-factors'] })
    await client.invalidateQueries({ queryKey: ['admin-sessions'] })
  }
}

/** How many second factors there are, recovery codes left aside. */
export const countOf = ({ enrolledAt, passkeys }: OwnFactors): number =>
  passkeys.length + (enrolledAt === null ? 0 : 1)
