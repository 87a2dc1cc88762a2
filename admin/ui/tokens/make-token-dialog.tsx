/**
 * Makes a service token: who it is, who answers for it, what it may ask for, from where, until when.
 *
 * Its token is shown by the screen, once. Invariant: everything starts narrow; "any route" and "from anywhere" have to be
 * chosen. Rotating starts from the scope of the old one, which goes on until somebody revokes it: a machine that is
 * cut off before it has its new token was refused.
 */
import { Checkbox, NativeSelect, Textarea, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { Dialog } from '../parts/confirm-dialog.tsx'
import { FormEnd } from '../parts/form-end.tsx'
import { type Extra, reasonOf, useSaving } from '../parts/saving.ts'
import { usePractice } from '../practice.ts'
import { problemAt, type ShownProblem } from '../problem.ts'
import { peopleQuery, topicKey } from '../queries.ts'
import { instantOf, wallTime } from '../times.ts'
import { permissionsQuery, routesQuery, type ServiceToken } from './token-queries.ts'

/** A token just made. `replaces`: the name of the one it is to take the place of. */
export type Made = { readonly token: string; readonly name: string; readonly replaces: string | null }

type Fields = {
  readonly name: string
  readonly owner: string
  readonly anyRoute: boolean
  readonly routes: string
  readonly methods: string
  readonly anywhere: boolean
  readonly ranges: string
  readonly permissions: string
  readonly expires: string
}

const dayMs = 86_400_000
const shownFields = ['name', 'owner', 'routes', 'methods', 'ranges', 'permissions', 'expiresAt']

const linesOf = (text: string): readonly string[] =>
  text
    .split(/[\n,]/)
    .map((line) => line.trim())
    .filter((line) => line !== '')

const textOf = (parts: readonly string[] | string): string =>
  typeof parts === 'string' ? '' : parts.join('\n')

const started = (from: ServiceToken | null, zone: string, now: number): Fields => ({
  name: from?.name ?? '',
  owner: from?.owner.id ?? '',
  anyRoute: from?.routes === 'anything',
  routes: textOf(from?.routes ?? []),
  methods: from === null || from.methods === 'anything' ? '' : from.methods.join(', '),
  anywhere: from?.ranges === 'anywhere',
  ranges: textOf(from?.ranges ?? []),
  permissions: textOf(from?.permissions ?? []),
  expires: wallTime(now + 90 * dayMs, zone),
})

type Props = {
  readonly fields: Fields
  readonly problem: ShownProblem | null
  readonly set: (change: Partial<Fields>) => void
}

function WhoFields({ fields, problem, set }: Props) {
  const practice = usePractice()
  const { data: people } = useQuery(peopleQuery(practice.id))
  return (
    <>
      <TextInput
        label="Name"
        description="Which machine or job it is, such as Nightly sync."
        value={fields.name}
        error={problemAt(problem, 'name')}
        required
        maxLength={80}
        data-autofocus
        onChange={(event) => set({ name: event.currentTarget.value })}
      />
      <div className="gh-pair">
        <NativeSelect
          label="Owner"
          description="Who answers for it."
          value={fields.owner}
          error={problemAt(problem, 'owner')}
          required
          onChange={(event) => set({ owner: event.currentTarget.value })}
        >
          <option value="">Choose a person</option>
          {(people?.members ?? []).map(({ user, name }) => (
            <option key={user} value={user}>
              {name}
            </option>
          ))}
        </NativeSelect>
        <TextInput
          label="Expires"
          type="datetime-local"
          description={`At most a year; the time in ${practice.zone}.`}
          value={fields.expires}
          error={problemAt(problem, 'expiresAt')}
          required
          onChange={(event) => set({ expires: event.currentTarget.value })}
        />
      </div>
    </>
  )
}

/** Adds one of many to a list of lines. */
function AddOne(props: {
  readonly label: string
  readonly choices: readonly string[]
  readonly onAdd: (choice: string) => void
}) {
  return (
    <NativeSelect
      aria-label={props.label}
      value=""
      size="xs"
      onChange={(event) => props.onAdd(event.currentTarget.value)}
    >
      <option value="">{props.label} …</option>
      {props.choices.map((choice) => (
        <option key={choice} value={choice}>
          {choice}
        </option>
      ))}
    </NativeSelect>
  )
}

const withLine = (text: string, line: string): string => [...new Set([...linesOf(text), line])].join('\n')

function RouteFields({ fields, problem, set }: Props) {
  const practice = usePractice()
  const { data: table } = useQuery(routesQuery(practice.id))
  return (
    <>
      <Checkbox
        label="Any route"
        description="Everything of the application. Only for a machine that nothing narrower serves."
        checked={fields.anyRoute}
        onChange={(event) => set({ anyRoute: event.currentTarget.checked })}
      />
      {!fields.anyRoute && (
        <>
          <Textarea
            label="Routes"
            description="One a line, as the configuration writes them."
            value={fields.routes}
            error={problemAt(problem, 'routes')}
            autosize
            minRows={2}
            maxRows={6}
            spellCheck={false}
            onChange={(event) => set({ routes: event.currentTarget.value })}
          />
          <AddOne
            label="Add a route"
            choices={(table?.routes ?? []).map(({ id }) => id)}
            onAdd={(id) => set({ routes: withLine(fields.routes, id) })}
          />
        </>
      )}
      <TextInput
        label="Methods"
        description="Such as GET, POST. Empty: any method of those routes."
        value={fields.methods}
        error={problemAt(problem, 'methods')}
        spellCheck={false}
        onChange={(event) => set({ methods: event.currentTarget.value.toUpperCase() })}
      />
    </>
  )
}

function ReachFields({ fields, problem, set }: Props) {
  const { data: catalogue } = useQuery(permissionsQuery)
  const grantable = (catalogue?.permissions ?? []).map(({ id }) => id).filter((id) => !id.startsWith('gw.'))
  return (
    <>
      <Checkbox
        label="From anywhere"
        description="A stolen copy then works from anywhere, too. The practice’s allowlist does not count for machines."
        checked={fields.anywhere}
        onChange={(event) => set({ anywhere: event.currentTarget.checked })}
      />
      {!fields.anywhere && (
        <Textarea
          label="Addresses"
          description="Addresses or ranges that it comes from, one a line, such as 203.0.113.50."
          value={fields.ranges}
          error={problemAt(problem, 'ranges')}
          autosize
          minRows={1}
          maxRows={6}
          spellCheck={false}
          onChange={(event) => set({ ranges: event.currentTarget.value })}
        />
      )}
      <Textarea
        label="Permissions"
        description="One a line; empty: only routes that ask for none. They hold whatever the practice’s switch says."
        value={fields.permissions}
        error={problemAt(problem, 'permissions')}
        autosize
        minRows={1}
        maxRows={6}
        spellCheck={false}
        onChange={(event) => set({ permissions: event.currentTarget.value })}
      />
      <AddOne
        label="Add a permission"
        choices={grantable}
        onAdd={(id) => set({ permissions: withLine(fields.permissions, id) })}
      />
    </>
  )
}

/** The wish as the API takes it. */
const wishOf = (fields: Fields, zone: string) => {
  const methods = linesOf(fields.methods)
  return {
    name: fields.name,
    owner: fields.owner,
    routes: fields.anyRoute ? ('anything' as const) : [...linesOf(fields.routes)],
    methods: methods.length === 0 ? ('anything' as const) : [...methods],
    ranges: fields.anywhere ? ('anywhere' as const) : [...linesOf(fields.ranges)],
    permissions: [...linesOf(fields.permissions)],
    expiresAt: instantOf(fields.expires, zone) ?? 0,
  }
}

type DialogProps = {
  readonly from: ServiceToken | null
  readonly onMade: (made: Made) => void
  readonly onClose: () => void
}

function useMaking({ from, onMade, onClose }: DialogProps, fields: Fields) {
  const practice = usePractice()
  const client = useQueryClient()
  return useSaving(async (extra: Extra) => {
    const made = await parseResponse(
      api.practices[':practice'].tokens.$post({
        param: { practice: practice.id },
        json: { ...wishOf(fields, practice.zone), ...reasonOf(extra) },
      }),
    )
    onClose()
    const replaces = from?.state === 'active' ? from.name : null
    onMade({ token: made.token, name: made.listed.name, replaces })
    await client.invalidateQueries({ queryKey: topicKey(practice.id, 'tokens') })
  })
}

/** The dialog. `from`: a token whose scope it starts with; `null`: an empty one. */
export function MakeTokenDialog(props: DialogProps) {
  const { from, onClose } = props
  const practice = usePractice()
  const [fields, setFields] = useState(() => started(from, practice.zone, Date.now()))
  const saving = useMaking(props, fields)
  const { problem } = saving
  const set = (change: Partial<Fields>) => setFields((now) => ({ ...now, ...change }))
  const shared = { fields, problem, set }
  return (
    <Dialog title={from === null ? 'New token' : `Rotate “${from.name}”`} onClose={onClose}>
      <form
        className="gh-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void saving.run()
        }}
      >
        {from !== null && (
          <p className="gh-faint">
            A new token with the same scope. The old one goes on until you revoke it, so that the machine is
            never without.
          </p>
        )}
        <WhoFields {...shared} />
        <RouteFields {...shared} />
        <ReachFields {...shared} />
        <FormEnd saving={saving} act="Make token" fields={shownFields} onCancel={onClose} />
      </form>
    </Dialog>
  )
}
