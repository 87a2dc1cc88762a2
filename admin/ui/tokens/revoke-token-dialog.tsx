/**
 * Revokes a service token after a question.
 *
 * It cannot be given back: a machine that still needs one gets another. Invariant: when it was last used stands in the
 * question, so that nobody revokes what is at work without knowing.
 */
import { parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { followSave } from '../parts/follow-save.tsx'
import { type Extra, reasonOf } from '../parts/saving.ts'
import { tellDone } from '../parts/told.ts'
import { When } from '../parts/when.tsx'
import { usePractice } from '../practice.ts'
import type { ServiceToken } from './token-queries.ts'

const route = api.practices[':practice'].tokens[':id'].revoke

/** The dialog. */
export function RevokeTokenDialog(props: {
  readonly token: ServiceToken
  readonly reload: () => unknown
  readonly onClose: () => void
}) {
  const practice = usePractice()
  const { token } = props
  const save = async (extra: Extra) => {
    const param = { practice: practice.id, id: token.id }
    const revoked = await parseResponse(route.$post({ param, json: reasonOf(extra) }))
    if (revoked.sequence === null) tellDone('It was revoked already')
    else followSave(`“${token.name}” is revoked`, revoked.sequence)
    await props.reload()
  }
  return (
    <ConfirmDialog
      title={`Revoke “${token.name}”?`}
      act="Revoke"
      danger
      save={save}
      reload={() => void props.reload()}
      onClose={props.onClose}
    >
      <p>
        The machine’s next request is refused, and what it has open is cut.{' '}
        {token.lastUsedAt === null ? (
          'It has never been used.'
        ) : (
          <>
            It was last used <When at={token.lastUsedAt} /> from <code>{token.lastAddress}</code>.
          </>
        )}
      </p>
      <p className="gh-faint">This cannot be taken back: make another token instead.</p>
    </ConfirmDialog>
  )
}
