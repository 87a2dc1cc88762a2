/**
 * Who may stay late today: leave given to a person for some hours, and taken back.
 *
 * Approved requests about hours are the page of access requests'. Invariant: giving one is reviewed by the API alone (a
 * fresh second factor, nobody to themselves, a day at most), and what it says stands in the dialog.
 */
import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { ConfirmDialog, Dialog } from '../parts/confirm-dialog.tsx'
import { followSave } from '../parts/follow-save.tsx'
import { FormEnd } from '../parts/form-end.tsx'
import { Icon } from '../parts/icons.tsx'
import { useKept, useOpened } from '../parts/opened.ts'
import { PeoplePicker, type Person } from '../parts/people-picker.tsx'
import { type Extra, useSaving } from '../parts/saving.ts'
import { Failed, Loading } from '../parts/states.tsx'
import { When } from '../parts/when.tsx'
import { usePractice } from '../practice.ts'
import { problemAt, type ShownProblem } from '../problem.ts'
import { topicKey } from '../queries.ts'
import { type Extension, extensionsQuery } from './time-queries.ts'

const routes = api.practices[':practice']
const lengths = [
  { value: '1800000', label: 'for 30 minutes' },
  { value: '3600000', label: 'for 1 hour' },
  { value: '7200000', label: 'for 2 hours' },
  { value: '14400000', label: 'for 4 hours' },
  { value: 'until', label: 'until a time today …' },
]

function useReload() {
  const practice = usePractice()
  const client = useQueryClient()
  return () => client.invalidateQueries({ queryKey: topicKey(practice.id) })
}

function LengthFields(props: {
  readonly length: string
  readonly until: string
  readonly problem: ShownProblem | null
  readonly onLength: (length: string) => void
  readonly onUntil: (until: string) => void
}) {
  const { length, problem } = props
  const { zone } = usePractice()
  return (
    <div className="gh-pair">
      <NativeSelect
        label="How long"
        description="From now on, a day at most."
        data={lengths}
        value={length}
        error={length === 'until' ? null : problemAt(problem, 'length')}
        onChange={(event) => props.onLength(event.currentTarget.value)}
      />
      {length === 'until' && (
        <TextInput
          label="Until"
          description={`The clocks of ${zone}.`}
          maxLength={5}
          value={props.until}
          error={problemAt(problem, 'length')}
          onChange={(event) => props.onUntil(event.currentTarget.value)}
        />
      )}
    </div>
  )
}

function GiveDialog({ onClose }: { readonly onClose: () => void }) {
  const practice = usePractice()
  const reload = useReload()
  const [people, setPeople] = useState<readonly Person[]>([])
  const [length, setLength] = useState('3600000')
  const [until, setUntil] = useState('20:00')
  const [person] = people
  const saving = useSaving(async (extra) => {
    if (person === undefined) return
    const { sequence } = await parseResponse(
      routes.users[':user'].extensions.$post({
        param: { practice: practice.id, user: person.user },
        json: { length: length === 'until' ? { until } : Number(length), ...extra },
      }),
    )
    followSave(`${person.name} may stay longer`, sequence)
    await reload()
  })
  const { problem } = saving
  const submit = async () => {
    if (await saving.run()) onClose()
  }
  return (
    <Dialog title="Let somebody stay late" onClose={onClose}>
      <form
        className="gh-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void submit()
        }}
      >
        <PeoplePicker
          label="Person"
          description="Whose hours are not enough today. Nobody gives this to themselves."
          people={people}
          onChange={(chosen) => setPeople(chosen.slice(-1))}
        />
        <LengthFields {...{ length, until, problem }} onLength={setLength} onUntil={setUntil} />
        <TextInput
          label="Reason"
          description="Optional. It goes into the security events."
          maxLength={500}
          value={saving.reason}
          onChange={(event) => saving.setReason(event.currentTarget.value)}
        />
        <FormEnd
          saving={saving}
          act="Give"
          canAct={person !== undefined}
          fields={['length']}
          onReload={() => void reload()}
          onCancel={onClose}
        />
      </form>
    </Dialog>
  )
}

function EndDialog({ extension, onClose }: { readonly extension: Extension; readonly onClose: () => void }) {
  const practice = usePractice()
  const reload = useReload()
  const save = async ({ reason }: Extra) => {
    const { sequence } = await parseResponse(
      routes.extensions[':id'].$delete({
        param: { practice: practice.id, id: extension.id },
        json: reason === undefined ? {} : { reason },
      }),
    )
    followSave(`${extension.user.name} has their usual hours again`, sequence)
    await reload()
  }
  return (
    <ConfirmDialog
      title={`End the extension of ${extension.user.name}?`}
      act="End now"
      danger
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <p>Outside their hours they are refused from the next request on, live connections included.</p>
    </ConfirmDialog>
  )
}

function ExtensionsTable(props: {
  readonly extensions: readonly Extension[]
  readonly onEnd: (extension: Extension) => void
}) {
  const mayEdit = usePractice().may('gw.time.edit')
  return (
    <table className="gh-table">
      <caption className="gh-unseen">Extensions in force</caption>
      <thead>
        <tr>
          <th scope="col">Person</th>
          <th scope="col">Ends</th>
          <th scope="col">Given by</th>
          <th scope="col">
            <span className="gh-unseen">End</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {props.extensions.map((extension) => (
          <tr key={extension.id}>
            <td data-label="Person">
              <span className="gh-strong">{extension.user.name}</span>
            </td>
            <td data-label="Ends">
              <span>
                <When at={extension.endsAt} as="date" /> <span className="gh-faint">(</span>
                <When at={extension.endsAt} />
                <span className="gh-faint">)</span>
              </span>
            </td>
            <td data-label="Given by">{extension.givenBy}</td>
            <td className="gh-row-acts">
              <Button
                size="xs"
                variant="default"
                disabled={!mayEdit}
                aria-label={`End the extension of ${extension.user.name}`}
                onClick={() => props.onEnd(extension)}
              >
                End
              </Button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** The card. */
export function ExtensionsCard() {
  const practice = usePractice()
  const list = useQuery(extensionsQuery(practice.id))
  const { name, id, key, open, close } = useOpened()
  const ended = useKept(
    name === 'stay-end' ? key : null,
    list.data?.extensions.find((one) => one.id === id),
  )
  return (
    <section className="gh-card" aria-labelledby="extensions-title">
      <div className="gh-card-head">
        <h2 id="extensions-title">Staying late</h2>
        <Button
          variant="default"
          leftSection={<Icon name="plus" />}
          disabled={!practice.may('gw.time.edit')}
          onClick={() => open('stay')}
        >
          Let somebody stay late
        </Button>
      </div>
      {list.isPending && <Loading rows={2} label="Loading the extensions" />}
      {list.isError && <Failed error={list.error} again={list.refetch} />}
      {list.data?.extensions.length === 0 && (
        <p className="gh-faint gh-card-foot">
          Nobody stays late just now. An extension lets one person go on past their hours, for a day at most,
          and ends by itself.
        </p>
      )}
      {list.data !== undefined && list.data.extensions.length > 0 && (
        <ExtensionsTable extensions={list.data.extensions} onEnd={(one) => open('stay-end', one.id)} />
      )}
      {name === 'stay' && <GiveDialog onClose={close} />}
      {ended !== undefined && <EndDialog key={ended.id} extension={ended} onClose={close} />}
    </section>
  )
}
