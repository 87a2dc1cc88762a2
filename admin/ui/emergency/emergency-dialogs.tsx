/**
 * Dialogs of emergency access: end one, review one, switch it on or off for the practice.
 *
 * The screen is `emergency-tab.tsx`. Invariant: ending needs no more than a click, since it only takes access away; whoever
 * used it is told by the API that somebody else must review it.
 */
import { Checkbox, NativeSelect } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { followSave } from '../parts/follow-save.tsx'
import { type Extra, reasonOf } from '../parts/saving.ts'
import { tellDone } from '../parts/told.ts'
import { When } from '../parts/when.tsx'
import { usePractice } from '../practice.ts'
import { topicKey } from '../queries.ts'
import { lengthText } from '../times.ts'
import type { Emergency, EmergencyUse } from './emergency-queries.ts'

const one = api.practices[':practice']
const route = one['emergency-access'][':id']
const minuteMs = 60_000
const lengths = [15, 30, 60, 120, 240].map((minutes) => minutes * minuteMs)

type UseProps = {
  readonly use: EmergencyUse
  readonly reload: () => unknown
  readonly onClose: () => void
}

const Story = ({ use }: { readonly use: EmergencyUse }) => (
  <p>
    {use.user.name}, since <When at={use.startedAt} as="date" />, from <code>{use.address}</code>: “
    {use.reason}”
  </p>
)

/** Ends a use from the next request on. */
export function EndDialog({ use, reload, onClose }: UseProps) {
  const practice = usePractice()
  const save = async (extra: Extra) => {
    const param = { practice: practice.id, id: use.id }
    const ended = await parseResponse(route.end.$post({ param, json: reasonOf(extra) }))
    if (ended.sequence === null) tellDone('It was over already')
    else followSave(`The emergency access of ${use.user.name} is over`, ended.sequence)
    await reload()
  }
  return (
    <ConfirmDialog
      title={`End the emergency access of ${use.user.name}?`}
      act="End now"
      danger
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <Story use={use} />
      <p>
        From their next request on address and hours are asked of them again, and open streams are cut. They
        stay signed in, and may use it again unless you switch it off.
      </p>
    </ConfirmDialog>
  )
}

/** Notes that somebody looked at it. */
export function ReviewDialog({ use, reload, onClose }: UseProps) {
  const practice = usePractice()
  const save = async ({ reason = '' }: Extra) => {
    const param = { practice: practice.id, id: use.id }
    await parseResponse(route.review.$post({ param, json: { note: reason } }))
    tellDone(`The use of ${use.user.name} is reviewed`)
    await reload()
  }
  return (
    <ConfirmDialog
      title={`Review the use of ${use.user.name}`}
      act="Mark as reviewed"
      reasonField={{ label: 'Note', description: 'What you found, such as “called back, provider outage”.' }}
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <Story use={use} />
      <p className="gh-faint">
        Was it them, and was the reason good? If not: revoke their sessions under Active users, and reset
        their second factor. Nobody reviews their own use.
      </p>
    </ConfirmDialog>
  )
}

/** Switches it for the practice, and for how long one lasts. */
export function SettingsDialog({
  data,
  onClose,
}: {
  readonly data: Emergency
  readonly onClose: () => void
}) {
  const practice = usePractice()
  const client = useQueryClient()
  const [allowed, setAllowed] = useState(data.settings.allowed)
  const [lastsMs, setLasts] = useState(data.settings.lastsMs)
  const reload = () => client.invalidateQueries({ queryKey: topicKey(practice.id) })
  const save = async (extra: Extra) => {
    const param = { practice: practice.id }
    const header = { 'if-match': `"${data.revision}"` }
    const json = { allowed, lastsMs, ...extra }
    const saved = await parseResponse(one.controls.emergency.$put({ param, header, json }))
    followSave(`Emergency access is ${allowed ? 'allowed' : 'off'}`, saved.sequence)
    await reload()
  }
  const choices = [...new Set([...lengths, data.settings.lastsMs])].sort((a, b) => a - b)
  return (
    <ConfirmDialog
      title="Who may let themselves in"
      act="Save"
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <Checkbox
        label="People may use emergency access"
        description="Those whose role holds “Use emergency access” (owners and office managers, unless you changed it)."
        checked={allowed}
        onChange={(event) => setAllowed(event.currentTarget.checked)}
      />
      <NativeSelect
        label="It lasts"
        description="One use; it cannot be prolonged, only taken again."
        value={String(lastsMs)}
        disabled={!allowed}
        onChange={(event) => setLasts(Number(event.currentTarget.value))}
      >
        {choices.map((ms) => (
          <option key={ms} value={ms}>
            {lengthText(ms)}
          </option>
        ))}
      </NativeSelect>
      <p className="gh-faint">Switching it off ends nobody who is in by it now: end them one by one.</p>
    </ConfirmDialog>
  )
}
