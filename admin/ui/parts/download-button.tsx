/**
 * Downloads a file that the API makes, and says readably why it does not.
 *
 * A plain link was refused: exports ask for a fresh second factor, and a browser would show its refusal as raw text.
 * Invariant: the button waits while the file is made; what came is saved under the API's own name for it.
 */
import { Button } from '@mantine/core'
import { useState } from 'react'
import { errorOf, problemOf, type ShownProblem } from '../problem.ts'
import { Dialog } from './confirm-dialog.tsx'
import { Icon } from './icons.tsx'
import { ProblemNotice } from './problem-notice.tsx'

const nameIn = (response: Pick<Response, 'headers'>, otherwise: string): string =>
  /filename="([^"/\\]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1] ?? otherwise

/** A file at an address of the API; throws as the typed client does where there is none to be had. */
export async function fileAt(address: string): Promise<Response> {
  const response = await fetch(address, { credentials: 'same-origin' })
  if (!response.ok) throw await errorOf(response)
  return response
}

/** The button; `ask` resolves with the file, `name`: what it is called where the API does not say. */
export function DownloadButton(props: {
  readonly label: string
  readonly name: string
  readonly ask: () => Promise<Pick<Response, 'headers' | 'blob'>>
  readonly isDisabled?: boolean
}) {
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<ShownProblem | null>(null)
  const download = async (): Promise<void> => {
    setBusy(true)
    try {
      const response = await props.ask()
      const address = URL.createObjectURL(await response.blob())
      const link = document.createElement('a')
      link.href = address
      link.download = nameIn(response, props.name)
      link.click()
      setTimeout(() => URL.revokeObjectURL(address), 1_000)
    } catch (error) {
      setProblem(problemOf(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      <Button
        variant="default"
        leftSection={<Icon name="download" />}
        loading={isBusy}
        disabled={props.isDisabled === true}
        onClick={() => void download()}
      >
        {props.label}
      </Button>
      {problem !== null && (
        <Dialog title={`${props.label}: not yet`} onClose={() => setProblem(null)}>
          <ProblemNotice
            problem={problem}
            typedName=""
            onTypeName={() => undefined}
            onReload={() => setProblem(null)}
          />
        </Dialog>
      )}
    </>
  )
}
