/**
 * Presets: what each would change, its review, and taking the last one back.
 *
 * What a preset sets is the policy's. Invariant: a preset is applied from the revision whose difference is shown, and
 * who would have to do something for it (show a second factor, come from a listed network) is named before.
 */
import { Button } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { ConfirmationAhead } from '../parts/confirmation-ahead.tsx'
import { followSave } from '../parts/follow-save.tsx'
import type { Extra } from '../parts/saving.ts'
import { Failed, Loading } from '../parts/states.tsx'
import { Tag } from '../parts/tag.tsx'
import { When } from '../parts/when.tsx'
import { usePractice } from '../practice.ts'
import { generalQuery, type Preset, presetsQuery, topicKey } from '../queries.ts'
import { NotSetUp, WouldRefuse } from './control-summary.tsx'

const asksForFactor: readonly string[] = [
  'two-factor-admins',
  'two-factor-everyone',
  'strict',
  'remote-friendly',
]
const enforcesAddresses: readonly string[] = ['office-only', 'strict']
const enforcesHours: readonly string[] = ['office-hours', 'strict']
const routes = api.practices[':practice'].presets

const Changes = ({ sentences }: { readonly sentences: readonly string[] }) => (
  <ul aria-label="What changes" className="gh-changes">
    {sentences.map((sentence) => (
      <li key={sentence}>{sentence}</li>
    ))}
  </ul>
)

type ReviewProps = { readonly revision: number; readonly onClose: () => void }

function useTarget(revision: number) {
  const practice = usePractice()
  const client = useQueryClient()
  return {
    practice,
    header: { 'if-match': `"${revision}"` },
    reload: () => client.invalidateQueries({ queryKey: topicKey(practice.id) }),
  }
}

function ApplyDialog({ preset, revision, onClose }: ReviewProps & { readonly preset: Preset }) {
  const { practice, header, reload } = useTarget(revision)
  const { data: general } = useQuery(generalQuery(practice.id))
  const save = async (extra: Extra) => {
    const param = { practice: practice.id, preset: preset.id }
    const saved = await parseResponse(routes[':preset'].apply.$post({ param, header, json: { ...extra } }))
    followSave(`“${preset.name}” is applied`, saved.sequence)
    await reload()
  }
  return (
    <ConfirmDialog
      title={`Review: ${preset.name}`}
      act="Apply"
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <p>{preset.description} Entries, windows and people stay as they are.</p>
      <Changes sentences={preset.changes} />
      {general !== undefined && enforcesAddresses.includes(preset.id) && (
        <WouldRefuse general={general} control="ip" />
      )}
      {general !== undefined && enforcesHours.includes(preset.id) && (
        <WouldRefuse general={general} control="time" />
      )}
      {[asksForFactor, enforcesAddresses, enforcesHours].some((ids) => ids.includes(preset.id)) && (
        <ConfirmationAhead />
      )}
      {asksForFactor.includes(preset.id) && (
        <NotSetUp people={preset.notSetUp} graceMs={preset.graceMs} mode="enforce" />
      )}
    </ConfirmDialog>
  )
}

function UndoDialog(props: ReviewProps & { readonly name: string; readonly undo: readonly string[] }) {
  const { practice, header, reload } = useTarget(props.revision)
  const save = async (extra: Extra) => {
    const param = { practice: practice.id }
    const saved = await parseResponse(routes.undo.$post({ param, header, json: { ...extra } }))
    followSave(`“${props.name}” is taken back`, saved.sequence)
    await reload()
  }
  return (
    <ConfirmDialog
      title={`Take back “${props.name}”?`}
      act="Take back"
      save={save}
      reload={() => void reload()}
      onClose={props.onClose}
    >
      <Changes sentences={props.undo} />
    </ConfirmDialog>
  )
}

function Row({ preset, onReview }: { readonly preset: Preset; readonly onReview: () => void }) {
  const mayEdit = usePractice().may('gw.security.settings.edit')
  const [problem] = preset.problems
  const isSet = problem === undefined && preset.changes.length === 0
  return (
    <div className="gh-preset">
      <div>
        <h3 className="gh-strong">{preset.name}</h3>
        <p>{preset.description}</p>
        {problem !== undefined && <p className="gh-faint">{problem.sentence}</p>}
      </div>
      {isSet ? (
        <Tag tone="good">As it is now</Tag>
      ) : (
        <Button variant="default" disabled={!mayEdit || problem !== undefined} onClick={onReview}>
          Review
          <span className="gh-unseen"> {preset.name}</span>
        </Button>
      )}
    </div>
  )
}

/** The card. */
export function PresetsCard() {
  const practice = usePractice()
  const presets = useQuery(presetsQuery(practice.id))
  const [open, setOpen] = useState<string | null>(null)
  if (presets.isPending) return <Loading rows={3} label="Loading the presets" />
  if (presets.isError) return <Failed error={presets.error} again={presets.refetch} />
  const { revision, last, presets: shown } = presets.data
  const preset = shown.find(({ id }) => id === open)
  const close = () => setOpen(null)
  return (
    <section className="gh-card" aria-labelledby="presets-title">
      <div className="gh-card-head">
        <h2 id="presets-title">Presets</h2>
        {last !== null && (
          <p className="gh-summary">
            {last.by} applied “{last.name}” <When at={last.at} />
          </p>
        )}
        {last !== null && last.undo.length > 0 && (
          <Button
            size="xs"
            variant="default"
            disabled={!practice.may('gw.security.settings.edit')}
            onClick={() => setOpen('undo')}
          >
            Take back
          </Button>
        )}
      </div>
      {shown.map((one) => (
        <Row key={one.id} preset={one} onReview={() => setOpen(one.id)} />
      ))}
      {preset !== undefined && (
        <ApplyDialog key={preset.id} preset={preset} revision={revision} onClose={close} />
      )}
      {open === 'undo' && last !== null && (
        <UndoDialog name={last.name} undo={last.undo} revision={revision} onClose={close} />
      )}
    </section>
  )
}
