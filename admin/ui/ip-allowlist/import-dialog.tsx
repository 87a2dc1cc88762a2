/**
 * Imports a file of entries: choose it, read what it would add and change, then import it as one change.
 *
 * The plan is the API's. Invariant: nothing is imported that was not previewed: the file, and the revision it was previewed
 * over, are what is sent; a file with one bad line imports nothing.
 */
import { Checkbox, FileInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { ConfirmationAhead } from '../parts/confirmation-ahead.tsx'
import { followSave } from '../parts/follow-save.tsx'
import type { Extra } from '../parts/saving.ts'
import { Loading } from '../parts/states.tsx'
import { usePractice } from '../practice.ts'
import { problemOf, type ShownProblem } from '../problem.ts'
import { topicKey } from '../queries.ts'
import type { ImportPreview } from './allowlist-queries.ts'

const routes = api.practices[':practice']['ip-entries'].import
const shownMax = 20

type Plan = { readonly csv: string; readonly preview: ImportPreview }

/** At most twenty of a list, then how many more. */
function Some({
  title,
  lines,
  all,
}: {
  readonly title: string
  readonly lines: readonly string[]
  readonly all: number
}) {
  if (all === 0) return null
  return (
    <details open={all <= shownMax}>
      <summary className="gh-summary-line gh-strong">
        {title}: {all}
      </summary>
      <ul className="gh-plain-list">
        {lines.slice(0, shownMax).map((line) => (
          <li key={line}>{line}</li>
        ))}
        {all > shownMax && <li className="gh-faint">and {all - Math.min(shownMax, lines.length)} more</li>}
      </ul>
    </details>
  )
}

function PlanWords({ preview }: { readonly preview: ImportPreview }) {
  const { counts, problems, adds, changes, duplicates, overlaps, wouldRefuse } = preview
  return (
    <div className="gh-form" role="status" aria-label="What the file would do">
      {counts.problems > 0 && (
        <p className="gh-warn-text">Nothing can be imported before every line is right.</p>
      )}
      <Some
        title="Wrong"
        all={counts.problems}
        lines={problems.map(
          ({ line, column, sentence }) => `Line ${line}${column === null ? '' : `, ${column}`}: ${sentence}`,
        )}
      />
      <Some
        title="Added"
        all={counts.adds}
        lines={adds.map(({ entry, notes }) => [`${entry.range} “${entry.label}”`, ...notes].join('. '))}
      />
      <Some
        title="Changed"
        all={counts.changes}
        lines={changes.map(
          ({ before, entry }) =>
            `${entry.range} “${before?.label ?? ''}”${before?.label === entry.label ? '' : ` is “${entry.label}”`}`,
        )}
      />
      <Some
        title="There already"
        all={counts.duplicates + counts.unchanged}
        lines={duplicates.map(({ line, range, of }) => `Line ${line}: ${range} is “${of.label}”`)}
      />
      <Some
        title="Overlaps"
        all={counts.overlaps}
        lines={overlaps.map(({ line, sentence }) => `Line ${line}: ${sentence}`)}
      />
      <Some
        title="Would be refused now"
        all={wouldRefuse.length}
        lines={wouldRefuse.map(({ name, networks }) => `${name}, from ${networks.join(', ')}`)}
      />
      {preview.toBeConfirmed && <ConfirmationAhead />}
    </div>
  )
}

function usePreview() {
  const practice = usePractice()
  const [plan, setPlan] = useState<Plan | null>(null)
  const [isReading, setReading] = useState(false)
  const [problem, setProblem] = useState<ShownProblem | null>(null)
  const read = async (csv: string, confirmWide: boolean) => {
    setReading(true)
    setProblem(null)
    try {
      const param = { practice: practice.id }
      setPlan({
        csv,
        preview: await parseResponse(routes.preview.$post({ param, json: { csv, confirmWide } })),
      })
    } catch (error) {
      setPlan(null)
      setProblem(problemOf(error))
    }
    setReading(false)
  }
  return { plan, isReading, problem, read, forget: () => setPlan(null) }
}

/** The dialog. */
export function ImportDialog({ onClose }: { readonly onClose: () => void }) {
  const practice = usePractice()
  const client = useQueryClient()
  const { plan, isReading, problem, read, forget } = usePreview()
  const [confirmWide, setConfirmWide] = useState(false)
  const choose = (file: File | null) =>
    file === null ? forget() : void file.text().then((csv) => read(csv, confirmWide))
  const reload = async () => {
    await client.invalidateQueries({ queryKey: topicKey(practice.id) })
    if (plan !== null) await read(plan.csv, confirmWide)
  }
  const save = async (extra: Extra) => {
    if (plan === null) return
    const saved = await parseResponse(
      routes.$post({
        param: { practice: practice.id },
        header: { 'if-match': `"${plan.preview.revision}"` },
        json: { csv: plan.csv, confirmWide, ...extra },
      }),
    )
    const { adds, changes } = saved.counts
    followSave(`Imported: ${adds} added, ${changes} changed`, saved.sequence)
    await client.invalidateQueries({ queryKey: topicKey(practice.id) })
  }
  const counts = plan?.preview.counts
  return (
    <ConfirmDialog
      title="Import entries"
      act="Import"
      canAct={counts !== undefined && counts.problems === 0 && counts.adds + counts.changes > 0}
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <FileInput
        label="CSV file"
        description="Columns range and label; audience, expires, on and note if you like. An export shows the form. At most 1 MB."
        placeholder="Choose a file"
        accept=".csv,text/csv"
        error={problem?.detail ?? null}
        onChange={choose}
      />
      <Checkbox
        label="Ranges wider than /16 (IPv4) or /32 (IPv6) are meant"
        checked={confirmWide}
        onChange={(event) => {
          const isMeant = event.currentTarget.checked
          setConfirmWide(isMeant)
          if (plan !== null) void read(plan.csv, isMeant)
        }}
      />
      {isReading && <Loading rows={2} label="Reading the file" />}
      {plan !== null && !isReading && <PlanWords preview={plan.preview} />}
    </ConfirmDialog>
  )
}
