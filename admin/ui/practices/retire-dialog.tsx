/**
 * Retires a practice: what ends with it is counted, people are told whom to turn to, its name is typed.
 *
 * Taking one back is `retired-card.tsx`. Invariant: it is retired from the revision that the counts were made of, with a
 * reason; nothing is sent before the name is typed as it is.
 */
import { TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type InferResponseType, parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { ConfirmDialog, Dialog } from '../parts/confirm-dialog.tsx'
import { followSave } from '../parts/follow-save.tsx'
import { type Extra, reasonOf } from '../parts/saving.ts'
import { Failed, Loading } from '../parts/states.tsx'
import { usePractice } from '../practice.ts'
import { meQuery } from '../queries.ts'
import { type PracticeLine, retirementQuery } from './practice-queries.ts'

type Retirement = InferResponseType<(typeof api.practices)[':practice']['retirement']['$get'], 200>

const counted = new Intl.NumberFormat('en-GB')
const several = (count: number, one: string, many: string): string =>
  count === 1 ? `1 ${one}` : `${counted.format(count)} ${many}`

/** What ends, each in a sentence; nothing that there is none of. */
const endings = (of: Retirement): readonly string[] => [
  of.members === 0
    ? 'Nobody belongs to it: nobody is shut out.'
    : `${several(of.members, 'person', 'people')} can no longer open it. A page tells them so, and whom to turn to.`,
  ...(of.sessions === 0
    ? []
    : [
        `${several(of.sessions, 'live session ends', 'live sessions end')} here, with everything open in them. Who is in other practices stays signed in there.`,
      ]),
  ...(of.requests === 0 ? [] : [`${several(of.requests, 'open request is', 'open requests are')} closed.`]),
  ...(of.tokens === 0
    ? []
    : [`${several(of.tokens, 'service token stops', 'service tokens stop')} working, unless it comes back.`]),
  ...(of.emergencies === 0
    ? []
    : [`Emergency access of ${several(of.emergencies, 'person', 'people')} ends.`]),
  ...(of.scheduled === 0
    ? []
    : [`${several(of.scheduled, 'scheduled change is', 'scheduled changes are')} cancelled.`]),
]

const keeps =
  'Its events stay, for operators to read. What no sign-in guards (patient pages, its sign-in page) stays with the application until its hosts are taken out of the configuration. It can be taken back as it was while its events are kept; its id is given to no other practice.'

/** Where the page goes on: the practice that it was about may be the one that is gone. */
function useGoingOn() {
  const here = usePractice()
  const client = useQueryClient()
  const navigate = useNavigate()
  const { data: me } = useQuery(meQuery)
  return async (gone: string): Promise<void> => {
    const other = me?.practices.find(({ id }) => id !== gone)
    if (gone === here.id && other !== undefined)
      await navigate({ to: '/practices/$practice/all-practices', params: { practice: other.id } })
    await client.invalidateQueries({ queryKey: ['practices'] })
    await client.invalidateQueries({ queryKey: ['me'] })
  }
}

function Review(props: {
  readonly practice: PracticeLine
  readonly found: Retirement
  readonly onReload: () => void
  readonly onClose: () => void
}) {
  const { practice, found } = props
  const [contact, setContact] = useState(found.contact)
  const [typed, setTyped] = useState('')
  const goOn = useGoingOn()
  const save = async (extra: Extra) => {
    const retired = await parseResponse(
      api.practices[':practice'].retire.$post({
        param: { practice: practice.id },
        header: { 'if-match': `"${found.revision}"` },
        json: { reason: reasonOf(extra).reason ?? '', contact, confirmPracticeName: typed.trim() },
      }),
    )
    followSave(`“${found.name}” is retired`, retired.sequence)
    await goOn(practice.id)
  }
  return (
    <ConfirmDialog
      title={`Retire “${found.name}”`}
      act="Retire"
      danger
      canAct={typed.trim() === found.name && !found.isLast}
      needsReason
      reasonField={{ label: 'Reason', description: 'Kept in the security events and beside the practice.' }}
      save={save}
      reload={props.onReload}
      onClose={props.onClose}
    >
      {found.isLast ? (
        <p className="gh-warn-text">
          It is the only practice of this Gatehouse, and one stays. Create another one first.
        </p>
      ) : (
        <>
          <ul className="gh-plain-list" aria-label="What ends">
            {endings(found).map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
          <p className="gh-faint">{keeps}</p>
        </>
      )}
      <TextInput
        label="Whom people turn to"
        description="Stands on the page that they see from now on."
        value={contact}
        maxLength={200}
        onChange={(event) => setContact(event.currentTarget.value)}
      />
      <TextInput
        label={`Type “${found.name}” to retire it`}
        value={typed}
        required
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
    </ConfirmDialog>
  )
}

/** The dialog. */
export function RetireDialog(props: { readonly practice: PracticeLine; readonly onClose: () => void }) {
  const { practice, onClose } = props
  const found = useQuery(retirementQuery(practice.id))
  if (found.data === undefined)
    return (
      <Dialog title={`Retire “${practice.name}”`} onClose={onClose}>
        {found.isError ? (
          <Failed error={found.error} again={found.refetch} />
        ) : (
          <Loading rows={4} label="Counting what would end" />
        )}
      </Dialog>
    )
  return (
    <Review
      key={found.data.revision}
      practice={practice}
      found={found.data}
      onReload={() => void found.refetch()}
      onClose={onClose}
    />
  )
}
