/**
 * Approving more widely than for who asks: a labelled allowlist entry for a role or for the whole practice.
 *
 * It is an edit of the policy like any other (`policy-edit.ts`: lockout guard, commit-confirm, event), in the transaction
 * of the decision. Invariant: either both are saved or neither; what the reviewer must be permitted was asked before.
 * A grant to each member was refused: nobody would find it in the allowlist, or give it to who joins tomorrow.
 */
import { rangeText } from '../../policies/address.ts'
import type { IpEntry, PolicyDocument } from '../../policies/document.ts'
import { never } from '../../policies/instant.ts'
import { newToken } from '../../runtime/token.ts'
import { editPolicyIn } from '../policy-edit.ts'
import type { ListedRequest } from '../store/access-requests.ts'
import type { Store, Tx } from '../store/database.ts'
import {
  type ApprovalLength,
  decideOnce,
  endOf,
  type Given,
  type NotGiven,
  networkFor,
  type Review,
  type ReviewOutcome,
} from './access-review.ts'

/** An approval for more than who asks. `network: null`: as asked; `typedName`: the practice's, to override the guard. */
export type WideApproval = Review & {
  readonly length: ApprovalLength
  readonly network: string | null
  readonly audience: 'practice' | { readonly role: string }
  readonly label: string
  readonly typedName: string | null
}

async function listNetwork(tx: Tx, request: ListedRequest, wish: WideApproval): Promise<Given | NotGiven> {
  if (request.kind === 'time')
    return {
      outcome: 'problems',
      problems: [
        {
          path: 'audience',
          sentence: 'Hours for more than one person are windows: add one under Time Windows.',
        },
      ],
    }
  const range = networkFor(request, wish.network)
  if ('outcome' in range) return range
  const { practice, deed, audience, label, note, typedName } = wish
  const endsAt = await endOf(tx, practice, wish.length, deed.at)
  const entry: IpEntry = {
    ...{ id: `ipe_${newToken().slice(0, 16)}`, range: rangeText(range), label, audience, on: true, note },
    expiresAt: endsAt === never ? null : endsAt,
    ...{ createdBy: deed.actor.name, createdAt: deed.at },
  }
  const edit = await editPolicyIn(tx, {
    ...{ practice, ifRevision: null, deed, action: 'ip-entry.added', typedName },
    target: { kind: 'ip-entry', id: entry.id, name: label },
    change: (document: PolicyDocument) => ({ ...document, ipEntries: [...document.ipEntries, entry] }),
  })
  if (edit.outcome !== 'saved') return { outcome: 'not-saved', edit }
  return {
    ...{ status: 'approved', grant: null, entry: entry.id, endsAt },
    ...{ network: entry.range, announced: edit.announced },
  }
}

/** Lists the network for a role or the practice, and approves the request with that. */
export const approveWidely = (store: Store, wish: WideApproval): Promise<ReviewOutcome> =>
  store.transaction((tx) => decideOnce(tx, wish, (request) => listNetwork(tx, request, wish)))
