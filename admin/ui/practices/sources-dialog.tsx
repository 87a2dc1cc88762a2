/**
 * How a gateway knows that a request is this practice's: hosts, paths and the like, with what the configuration takes.
 *
 * Read only. Invariant: it says why nothing can be changed here, and who can; what names every practice of an application
 * is told apart from what names this one.
 */
import { Button, Group } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { InferResponseType } from 'hono/client'
import type { api } from '../api-client.ts'
import { Dialog } from '../parts/confirm-dialog.tsx'
import { CopyButton } from '../parts/copy-button.tsx'
import { Failed, Loading } from '../parts/states.tsx'
import { type PracticeLine, sourcesQuery } from './practice-queries.ts'

type Sources = InferResponseType<(typeof api.practices)[':practice']['sources']['$get'], 200>
type Source = Sources['sources'][number]

const words: Readonly<Record<Source['kind'], readonly [name: string, what: string]>> = {
  host: ['Host', 'whoever asks for it'],
  path: ['Path', 'everything under it'],
  fixed: ['Whole application', 'it has no other practice'],
  cookie: ['Cookie', 'names any practice; counts for its members'],
  header: ['Header', 'names any practice; counts for its members'],
  claim: ['The application’s word', 'names the practice somebody is in; counts for its members'],
}

const shown = ({ kind, value }: Source): string => (kind === 'path' ? `/${value}/` : value)

function Found({ sources }: { readonly sources: readonly Source[] }) {
  if (sources.length === 0)
    return (
      <p className="gh-warn-text">
        Nothing names it: its people are recognised as such only where it is the one practice they belong to.
      </p>
    )
  return (
    <table className="gh-table">
      <caption className="gh-unseen">What names the practice, as configured</caption>
      <thead>
        <tr>
          <th scope="col">By</th>
          <th scope="col">Value</th>
          <th scope="col">Application</th>
        </tr>
      </thead>
      <tbody>
        {sources.map((source) => (
          <tr key={`${source.upstream} ${source.kind} ${source.value}`}>
            <th scope="row" data-label="By">
              {words[source.kind][0]}
              <span className="gh-sub">{words[source.kind][1]}</span>
            </th>
            <td data-label="Value">{source.value === '' ? '' : <code>{shown(source)}</code>}</td>
            <td data-label="Application">{source.upstream}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** The dialog. */
export function SourcesDialog(props: { readonly practice: PracticeLine; readonly onClose: () => void }) {
  const { practice, onClose } = props
  const found = useQuery(sourcesQuery(practice.id))
  return (
    <Dialog title={`How “${practice.name}” is recognised`} onClose={onClose}>
      <div className="gh-form">
        {found.isPending && <Loading rows={3} label="Loading the sources" />}
        {found.isError && <Failed error={found.error} again={found.refetch} />}
        {found.data !== undefined && (
          <>
            <Found sources={found.data.sources} />
            <p className="gh-faint">
              This is configuration of the gateways, so that nobody takes another practice’s traffic from a
              page: whoever runs them changes it, and loads it again. A host of its own looks like this.
            </p>
            <div className="gh-yaml">
              <div className="gh-yaml-head">
                <span className="gh-strong">A host of its own</span>
                <CopyButton label="Copy" text={found.data.yaml} />
              </div>
              {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
              <section tabIndex={0} aria-label="Configuration for a host" className="gh-pre">
                <pre>{found.data.yaml}</pre>
              </section>
            </div>
          </>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
        </Group>
      </div>
    </Dialog>
  )
}
