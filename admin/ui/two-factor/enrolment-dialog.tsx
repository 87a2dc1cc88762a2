/**
 * Makes an enrolment code for somebody: with it they set a second factor up from where it is otherwise not allowed.
 *
 * Entering it is the portal's. Invariant: the code is shown this once and can be printed; the one before no longer counts.
 */
import { Alert, Button, NativeSelect } from '@mantine/core'
import { type InferResponseType, parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { CopyButton } from '../parts/copy-button.tsx'
import type { Extra } from '../parts/saving.ts'
import { ShownOnce } from '../parts/shown-once.tsx'
import { When } from '../parts/when.tsx'
import { usePractice } from '../practice.ts'
import type { FactorStatus } from '../queries.ts'

const route = api.practices[':practice'].users[':user']['two-factor']['enrolment-code']
const hourMs = 3_600_000

type Made = InferResponseType<typeof route.$post, 200>

const lengths = [
  { value: String(hourMs / 4), label: '15 minutes' },
  { value: String(hourMs), label: '1 hour' },
  { value: String(8 * hourMs), label: '8 hours' },
  { value: String(24 * hourMs), label: '24 hours' },
]

const reasonField = {
  label: 'Reason',
  description: 'How you know that it is really them; kept in the security events.',
}

function Code({ made, person }: { readonly made: Made; readonly person: FactorStatus }) {
  const practice = usePractice()
  return (
    <div className="gh-form gh-print">
      <Alert color="red" variant="outline" title="Shown this once" className="gh-screen-only">
        Whoever has this code and {person.name}’s password can set up a second factor in their name. Read it
        to them, or print it and hand it over.
      </Alert>
      <dl className="gh-drawer-facts">
        <dt>Practice</dt>
        <dd>{practice.name}</dd>
        <dt>For</dt>
        <dd>
          {person.name} ({person.login})
        </dd>
        <dt>Code</dt>
        <dd className="gh-code">{made.code}</dd>
        <dt>Until</dt>
        <dd>
          <When at={made.endsAt} as="date" />, once
        </dd>
      </dl>
      <p>Sign in as usual. When you are asked to set up a second factor, enter this code first.</p>
      <div className="gh-drawer-acts gh-screen-only">
        <Button onClick={() => window.print()}>Print</Button>
        <CopyButton label="Copy code" text={made.code} />
      </div>
    </div>
  )
}

/** The question, then the code. */
export function EnrolmentDialog(props: { readonly person: FactorStatus; readonly onClose: () => void }) {
  const { person, onClose } = props
  const practice = usePractice()
  const [validMs, setValidMs] = useState(String(hourMs))
  const make = ({ reason = '' }: Extra) =>
    parseResponse(
      route.$post({
        param: { practice: practice.id, user: person.user },
        json: { reason, validMs: Number(validMs) },
      }),
    )
  return (
    <ShownOnce
      titles={[`Enrolment code for ${person.name}?`, `Enrolment code for ${person.name}`]}
      act="Make a code"
      needsReason
      reasonField={reasonField}
      make={make}
      show={(made) => <Code made={made} person={person} />}
      onClose={onClose}
    >
      <p>
        With it they may set up a second factor once, from an address that is not listed too. A code made
        before no longer counts.
      </p>
      <NativeSelect
        label="Counts for"
        value={validMs}
        data={lengths}
        onChange={(event) => setValidMs(event.currentTarget.value)}
      />
    </ShownOnce>
  )
}
