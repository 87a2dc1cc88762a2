/**
 * Gives a member a link to set a password of Gatehouse's own: mailed, or shown here this once.
 *
 * Only where people sign in here with a password; elsewhere the API says so. Invariant: the link is never kept by the
 * page; closed, it is gone.
 */
import { Alert } from '@mantine/core'
import { type InferResponseType, parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { CopyButton } from '../parts/copy-button.tsx'
import type { Extra } from '../parts/saving.ts'
import { ShownOnce } from '../parts/shown-once.tsx'
import { When } from '../parts/when.tsx'
import { usePractice } from '../practice.ts'
import type { Member } from '../queries.ts'

const route = api.practices[':practice'].users[':user']['password-link']

type Given = InferResponseType<typeof route.$post, 200>

function GivenLink({ given, name }: { readonly given: Given; readonly name: string }) {
  const { url, mailedTo, endsAt } = given
  if (url === null)
    return (
      <p role="status">
        It is on its way to {mailedTo}. It works once, until <When at={endsAt} as="date" />.
      </p>
    )
  return (
    <div className="gh-form">
      <Alert color="red" variant="outline" title="Shown this once">
        Whoever has this link sets the password of {name}. Hand it to nobody else; it works once, until{' '}
        <When at={endsAt} as="date" />.
      </Alert>
      <p className="gh-secret">
        <code className="gh-secret-text">{url}</code>
      </p>
      <CopyButton label="Copy link" text={url} />
    </div>
  )
}

/** The question, then the link or where it went. */
export function PasswordLinkDialog(props: { readonly member: Member; readonly onClose: () => void }) {
  const { member, onClose } = props
  const practice = usePractice()
  const make = ({ reason }: Extra) =>
    parseResponse(
      route.$post({
        param: { practice: practice.id, user: member.user },
        json: reason === undefined ? {} : { reason },
      }),
    )
  return (
    <ShownOnce
      titles={[`Make a password link for ${member.name}?`, `Password link for ${member.name}`]}
      act="Make a link"
      make={make}
      show={(given) => <GivenLink given={given} name={member.name} />}
      onClose={onClose}
    >
      <p>
        With it they set or reset their own password within half an hour. It is mailed to them; where they
        have no mailbox or no mail is set up, you get it here, once.
      </p>
    </ShownOnce>
  )
}
