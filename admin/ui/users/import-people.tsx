/**
 * Takes people from a CSV file: look first at who comes, who changes and who is missing, then import all of it or nothing.
 *
 * Reading is the API's (`docs/csv.md`). Invariant: what happens to people whom the file does not name is chosen openly,
 * and what is imported is what was looked at: the members version goes with it.
 */
import { Button, Radio, Stack } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { FileField } from '../parts/file-field.tsx'
import { followSave } from '../parts/follow-save.tsx'
import { ProblemNotice } from '../parts/problem-notice.tsx'
import { type Extra, useSaving } from '../parts/saving.ts'
import { usePractice } from '../practice.ts'
import { topicKey } from '../queries.ts'
import { PeoplePlanCard } from './people-plan.tsx'
import type { PeoplePlan } from './users-queries.ts'

const route = getRouteApi('/practices/$practice/users')
const routes = api.practices[':practice'].users.import
const charactersMax = 1_000_000

type Leavers = 'keep' | 'suspend' | 'remove'

const leaverWords: readonly { readonly value: Leavers; readonly label: string }[] = [
  { value: 'keep', label: 'They stay as they are' },
  { value: 'suspend', label: 'They are suspended' },
  { value: 'remove', label: 'They are removed from this practice' },
]

/** Says that it goes on, and how much: the answer comes in one piece. */
function Progress({ csv, what }: { readonly csv: string; readonly what: string }) {
  const lines = csv.split('\n').length - 1
  return (
    <div className="gh-progress" role="status">
      <span>
        {what} {lines.toLocaleString('en')} lines …
      </span>
      <progress aria-label={what} />
    </div>
  )
}

function useReload() {
  const practice = usePractice()
  const client = useQueryClient()
  return { practice, reload: () => client.invalidateQueries({ queryKey: topicKey(practice.id) }) }
}

function ImportDialog(props: {
  readonly csv: string
  readonly plan: PeoplePlan
  readonly leavers: Leavers
  readonly onClose: () => void
}) {
  const { csv, plan, leavers, onClose } = props
  const { practice, reload } = useReload()
  const navigate = route.useNavigate()
  const [isBusy, setBusy] = useState(false)
  const save = async (extra: Extra) => {
    setBusy(true)
    try {
      const done = await parseResponse(
        routes.$post({
          param: { practice: practice.id },
          header: { 'if-match': `"${plan.version}"` },
          json: { csv, leavers, ...extra },
        }),
      )
      followSave(`${done.counts.adds} added, ${done.counts.changes} changed`, done.sequence)
    } finally {
      setBusy(false)
    }
    await reload()
    await navigate({ search: {} })
  }
  const { adds, changes, leavers: gone } = plan.counts
  const leaving = leavers === 'keep' ? 0 : gone
  return (
    <ConfirmDialog
      title="Import these people?"
      act="Import"
      danger={leaving > 0}
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <p className="gh-numbers">
        {adds} added, {changes} changed
        {leaving > 0 && `, ${leaving} ${leavers === 'suspend' ? 'suspended' : 'removed'}`}. All of it, or
        nothing.
      </p>
      {isBusy && <Progress csv={csv} what="Importing" />}
    </ConfirmDialog>
  )
}

function LeaversChoice(props: { readonly leavers: Leavers; readonly onChange: (leavers: Leavers) => void }) {
  return (
    <Radio.Group
      label="People whom the file does not name"
      value={props.leavers}
      onChange={(value) => props.onChange(leaverWords.find((one) => one.value === value)?.value ?? 'keep')}
    >
      <Stack gap="xs" mt="xs">
        {leaverWords.map((one) => (
          <Radio key={one.value} {...one} />
        ))}
      </Stack>
    </Radio.Group>
  )
}

/** The view. */
export function ImportPeople() {
  const { practice, reload } = useReload()
  const [csv, setCsv] = useState('')
  const [plan, setPlan] = useState<PeoplePlan | null>(null)
  const [leavers, setLeavers] = useState<Leavers>('keep')
  const [isAsking, setAsking] = useState(false)
  const looking = useSaving(async () =>
    setPlan(await parseResponse(routes.preview.$post({ param: { practice: practice.id }, json: { csv } }))),
  )
  return (
    <>
      <form
        className="gh-card gh-padded gh-form"
        aria-label="Import people"
        onSubmit={(event) => {
          event.preventDefault()
          void looking.run()
        }}
      >
        <FileField
          label="People"
          description="CSV with the columns login, name, email and roles; an export of this list is such a file. Nothing is saved before you have seen what it does."
          accept=".csv,text/csv"
          text={csv}
          charactersMax={charactersMax}
          placeholder={
            'login,name,email,roles\ngina@lakeside.example,Gina Gray,gina@lakeside.example,Front desk'
          }
          onText={(text) => {
            setCsv(text)
            setPlan(null)
            looking.setProblem(null)
          }}
        />
        {looking.problem !== null && (
          <ProblemNotice
            problem={looking.problem}
            typedName=""
            onTypeName={() => undefined}
            onReload={() => void reload()}
          />
        )}
        {looking.isBusy && <Progress csv={csv} what="Checking" />}
        <Button
          type="submit"
          variant={plan === null ? 'filled' : 'default'}
          loading={looking.isBusy}
          disabled={!practice.may('gw.users.edit') || csv.trim() === ''}
          className="gh-fit"
        >
          Check the file
        </Button>
      </form>
      {plan !== null && (
        <PeoplePlanCard plan={plan} onImport={() => setAsking(true)}>
          {plan.counts.leavers > 0 && <LeaversChoice leavers={leavers} onChange={setLeavers} />}
        </PeoplePlanCard>
      )}
      {isAsking && plan !== null && (
        <ImportDialog csv={csv} plan={plan} leavers={leavers} onClose={() => setAsking(false)} />
      )}
    </>
  )
}
