/**
 * Presets: what each would change, its review, and taking the last one back.
 *
 * What a preset sets is the policy's. Invariant: a preset is applied from the revision whose difference is shown, and
 * who would have to do something for it (show a second factor, come from a listed network) is named before.
 */
import { Button } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { followSave } from '../parts/follow-save.tsx'
import { useOpened } from '../parts/opened.ts'
import type { Extra } from '../parts/saving.ts'
import { Failed, Loading } from '../parts/states.tsx'
import { Tag } from '../parts/tag.tsx'
import { When } from '../parts/when.tsx'
import { usePractice } from '../practice.ts'
import { type Preset, presetsQuery, topicKey } from '../queries.ts'
import { ChangeList } from '../review/change-list.tsx'
import { ReviewDialog } from '../review/review-dialog.tsx'
import type { Draft, Forecast } from '../review/review-queries.ts'
import { NotSetUp } from './control-summary.tsx'

const routes = api.practices[':practice'].presets

type ReviewProps = { readonly revision: number; readonly onClose: () => void }

/** Takes back the preset applied last, if nothing was saved after `revision`. */
function useUndo(name: string) {
  const practice = usePractice()
  const client = useQueryClient()
  const reload = () => client.invalidateQueries({ queryKey: topicKey(practice.id) })
  const undo = async (revision: number, extra: Extra) => {
    const header = { 'if-match': `"${revision}"` }
    const param = { practice: practice.id }
    const saved = await parseResponse(routes.undo.$post({ param, header, json: { ...extra } }))
    followSave(`“${name}” is taken back`, saved.sequence)
    await reload()
  }
  return { undo, reload, practice }
}

function ApplyDialog({ preset, revision, onClose }: ReviewProps & { readonly preset: Preset }) {
  const { undo, reload, practice } = useUndo(preset.name)
  const save = async (extra: Extra, forecast: Forecast | undefined) => {
    const param = { practice: practice.id, preset: preset.id }
    const header = { 'if-match': `"${revision}"` }
    const saved = await parseResponse(routes[':preset'].apply.$post({ param, header, json: { ...extra } }))
    followSave(
      `“${preset.name}” is applied`,
      saved.sequence,
      forecast?.toBeConfirmed === true ? undefined : () => undo(saved.revision, {}),
    )
    await reload()
  }
  return (
    <ReviewDialog
      title={`Review: ${preset.name}`}
      act="Apply"
      draft={{ preset: preset.id as NonNullable<Draft['preset']> }}
      revision={revision}
      below={
        preset.notSetUp.length > 0 && (
          <NotSetUp people={preset.notSetUp} graceMs={preset.graceMs} mode="enforce" />
        )
      }
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <p>{preset.description} Entries, windows and people stay as they are.</p>
    </ReviewDialog>
  )
}

function UndoDialog(props: ReviewProps & { readonly name: string; readonly changes: readonly string[] }) {
  const { undo, reload } = useUndo(props.name)
  return (
    <ConfirmDialog
      title={`Take back “${props.name}”?`}
      act="Take back"
      save={(extra) => undo(props.revision, extra)}
      reload={() => void reload()}
      onClose={props.onClose}
    >
      <ChangeList sentences={props.changes} />
    </ConfirmDialog>
  )
}

function PresetCard({ preset, onReview }: { readonly preset: Preset; readonly onReview: () => void }) {
  const mayEdit = usePractice().may('gw.security.settings.edit')
  const [problem] = preset.problems
  const isSet = problem === undefined && preset.changes.length === 0
  const count = preset.changes.length
  return (
    <li className="gh-preset">
      <h3>{preset.name}</h3>
      <p>{preset.description}</p>
      {problem !== undefined && <p className="gh-preset-first">{problem.sentence}</p>}
      <div className="gh-preset-foot">
        {isSet ? (
          <Tag tone="good">As it is now</Tag>
        ) : (
          <>
            {problem !== undefined ? (
              <span className="gh-faint">Not yet</span>
            ) : (
              <details className="gh-details">
                <summary>{count === 1 ? '1 change' : `${count} changes`}</summary>
                <ul className="gh-changes">
                  {preset.changes.map((sentence) => (
                    <li key={sentence}>{sentence}</li>
                  ))}
                </ul>
              </details>
            )}
            <Button
              size="xs"
              variant="default"
              disabled={!mayEdit || problem !== undefined}
              onClick={onReview}
            >
              Review
              <span className="gh-unseen"> {preset.name}</span>
            </Button>
          </>
        )}
      </div>
    </li>
  )
}

/** The card. */
export function PresetsCard() {
  const practice = usePractice()
  const presets = useQuery(presetsQuery(practice.id))
  const { name, id, open, close } = useOpened()
  if (presets.isPending) return <Loading rows={3} label="Loading the presets" />
  if (presets.isError) return <Failed error={presets.error} again={presets.refetch} />
  const { revision, last, presets: shown } = presets.data
  const preset = name === 'preset' ? shown.find((one) => one.id === id) : undefined
  return (
    <section className="gh-card" id="presets" aria-labelledby="presets-title">
      <div className="gh-card-head">
        <h2 id="presets-title">Presets</h2>
        {last !== null && (
          <p className="gh-summary">
            <span>
              {last.by} applied “{last.name}” <When at={last.at} />
            </span>
          </p>
        )}
        {last !== null && last.undo.length > 0 && (
          <Button
            size="xs"
            variant="default"
            disabled={!practice.may('gw.security.settings.edit')}
            onClick={() => open('preset-undo')}
          >
            Take back
          </Button>
        )}
      </div>
      <ul className="gh-presets">
        {shown.map((one) => (
          <PresetCard key={one.id} preset={one} onReview={() => open('preset', one.id)} />
        ))}
      </ul>
      {preset !== undefined && (
        <ApplyDialog key={preset.id} preset={preset} revision={revision} onClose={close} />
      )}
      {name === 'preset-undo' && last !== null && (
        <UndoDialog name={last.name} changes={last.undo} revision={revision} onClose={close} />
      )}
    </section>
  )
}
