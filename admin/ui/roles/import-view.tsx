/**
 * Takes roles from a file, old permission names included: look first, then import all of it or nothing.
 *
 * Reading and migrating are the API's. Invariant: what old names become is shown before anything is saved, and a changed
 * text has to be looked at again.
 */
import { Button, SegmentedControl } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { FileField } from '../parts/file-field.tsx'
import { followSave } from '../parts/follow-save.tsx'
import { ProblemNotice } from '../parts/problem-notice.tsx'
import { type Extra, useSaving } from '../parts/saving.ts'
import { Tag } from '../parts/tag.tsx'
import { usePractice } from '../practice.ts'
import { rolesQuery, topicKey } from '../queries.ts'
import { catalogueQuery, type ImportedRoles } from './roles-queries.ts'

const routes = api.practices[':practice'].roles.import
const charactersMax = 500_000

type Format = 'json' | 'csv'

const placeholders: Readonly<Record<Format, string>> = {
  csv: 'role,permission\nFront desk,See schedule page\nFront desk,Set Goals',
  json: '[{ "name": "Front desk", "permissions": ["See schedule page", "Set Goals"] }]',
}

function Migrations({ found }: { readonly found: ImportedRoles }) {
  const { data } = useQuery(catalogueQuery)
  const names = new Map((data?.permissions ?? []).map(({ id, name }) => [id, name]))
  const lines = found.roles.flatMap((role) =>
    role.migrated.map((one) => ({ ...one, role: role.name, key: `${role.name} ${one.from}` })),
  )
  if (lines.length === 0) return null
  return (
    <>
      <h3 className="gh-review-title">Old names and what they become</h3>
      <ul className="gh-plain-list" aria-label="Old names and what they become">
        {lines.map(({ key, role, from, to, kind }) => (
          <li key={key}>
            <Tag tone="accent">{kind}</Tag> <del>{from}</del> →{' '}
            <strong>{to.map((id) => names.get(id) ?? id).join(' and ')}</strong>{' '}
            <span className="gh-faint">in {role}</span>
          </li>
        ))}
      </ul>
    </>
  )
}

function Plan({ found, onImport }: { readonly found: ImportedRoles; readonly onImport: () => void }) {
  const isSame = found.changes.length === 0
  return (
    <section className="gh-card gh-padded" aria-labelledby="plan-title">
      <h2 id="plan-title">What the file would do</h2>
      <ul className="gh-plain-list" aria-label="Roles in the file">
        {found.roles.map(({ name, isNew, permissions }) => (
          <li key={name}>
            <span className="gh-strong">{name}</span>{' '}
            <Tag tone={isNew ? 'good' : 'neutral'}>{isNew ? 'new role' : 'replaces its permissions'}</Tag>{' '}
            <span className="gh-faint gh-numbers">{permissions.length} permissions</span>
          </li>
        ))}
      </ul>
      <Migrations found={found} />
      <h3 className="gh-review-title">{isSame ? 'Nothing changes' : 'What changes'}</h3>
      {isSame ? (
        <p className="gh-faint">The roles are like that already.</p>
      ) : (
        <ul className="gh-changes">
          {found.changes.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      )}
      <Button mt="md" disabled={isSame} onClick={onImport}>
        Import
      </Button>
    </section>
  )
}

function useImport(format: Format, text: string) {
  const practice = usePractice()
  const client = useQueryClient()
  const { data } = useQuery(rolesQuery(practice.id))
  const send = (dryRun: boolean, extra: Extra) =>
    parseResponse(
      routes.$post({
        param: { practice: practice.id },
        header: { 'if-match': `"${data?.revision ?? 0}"` },
        json: { format, text, dryRun, ...extra },
      }),
    )
  return { send, reload: () => client.invalidateQueries({ queryKey: topicKey(practice.id) }) }
}

function ImportDialog(props: {
  readonly format: Format
  readonly text: string
  readonly onClose: () => void
}) {
  const practice = usePractice()
  const navigate = useNavigate()
  const { send, reload } = useImport(props.format, props.text)
  const save = async (extra: Extra) => {
    const { saved, roles } = await send(false, extra)
    if (saved !== null)
      followSave(
        roles.length === 1 ? '1 role is imported' : `${roles.length} roles are imported`,
        saved.sequence,
      )
    await reload()
    await navigate({ to: '/practices/$practice/roles', params: { practice: practice.id }, search: {} })
  }
  return (
    <ConfirmDialog
      title="Import these roles?"
      act="Import"
      save={save}
      reload={() => void reload()}
      onClose={props.onClose}
    >
      <p>All of the file is taken, or nothing. It bites on the next request of whoever has these roles.</p>
    </ConfirmDialog>
  )
}

function FormatChoice(props: { readonly format: Format; readonly onChange: (format: Format) => void }) {
  return (
    <SegmentedControl
      aria-label="Format"
      value={props.format}
      onChange={(value) => props.onChange(value === 'json' ? 'json' : 'csv')}
      data={[
        { value: 'csv', label: 'CSV' },
        { value: 'json', label: 'JSON' },
      ]}
      className="gh-fit"
    />
  )
}

/** The view. */
export function ImportView() {
  const mayEdit = usePractice().may('gw.roles.edit')
  const [format, setFormat] = useState<Format>('csv')
  const [text, setText] = useState('')
  const [found, setFound] = useState<ImportedRoles | null>(null)
  const [isAsking, setAsking] = useState(false)
  const { send, reload } = useImport(format, text)
  const looking = useSaving(async () => setFound(await send(true, {})))
  const changed = (): void => {
    setFound(null)
    looking.setProblem(null)
  }
  return (
    <>
      <form
        className="gh-card gh-padded gh-form"
        aria-label="Import roles"
        onSubmit={(event) => {
          event.preventDefault()
          void looking.run()
        }}
      >
        <FormatChoice
          format={format}
          onChange={(value) => {
            setFormat(value)
            changed()
          }}
        />
        <FileField
          label="Roles"
          description="Today’s permission names and those of before are understood. Roles that the file does not name stay as they are."
          accept=".csv,.json,text/csv,application/json"
          text={text}
          charactersMax={charactersMax}
          placeholder={placeholders[format]}
          onText={(next, name) => {
            setText(next)
            if (name !== null) setFormat(name.toLowerCase().endsWith('.json') ? 'json' : 'csv')
            changed()
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
        <Button
          type="submit"
          variant={found === null ? 'filled' : 'default'}
          loading={looking.isBusy}
          disabled={!mayEdit || text.trim() === ''}
          className="gh-fit"
        >
          Check the file
        </Button>
      </form>
      {found !== null && <Plan found={found} onImport={() => setAsking(true)} />}
      {isAsking && <ImportDialog format={format} text={text} onClose={() => setAsking(false)} />}
    </>
  )
}
