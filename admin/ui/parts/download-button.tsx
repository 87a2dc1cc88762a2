/**
 * A button that downloads a file of the API, and says why where it may not.
 *
 * A plain link was refused: many files ask for a fresh second factor, and a link would save the problem as the file.
 * Invariant: either the file is saved under the name that the API gave it, or the reader is told what to do.
 */
import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useState } from 'react'
import { errorOf, problemOf, stepUpLink } from '../problem.ts'
import { Icon } from './icons.tsx'
import { tellFailed } from './told.ts'

const nameIn = (header: string | null): string | null => /filename="([^"]+)"/.exec(header ?? '')?.[1] ?? null

async function save(address: string, fallback: string): Promise<void> {
  const response = await fetch(address, { credentials: 'same-origin' })
  if (!response.ok) throw await errorOf(response)
  const url = URL.createObjectURL(await response.blob())
  const link = document.createElement('a')
  link.href = url
  link.download = nameIn(response.headers.get('content-disposition')) ?? fallback
  link.click()
  URL.revokeObjectURL(url)
}

function told(error: unknown): void {
  const problem = problemOf(error)
  const stepUp = stepUpLink(problem)
  if (stepUp === null) {
    tellFailed(error)
    return
  }
  notifications.show({
    title: problem.title,
    message: <a href={stepUp}>Confirm that it is you, then download again</a>,
    autoClose: false,
    withBorder: true,
    closeButtonProps: { 'aria-label': 'Close message' },
  })
}

/** The button; `name`: what it saves, for its label; `fallback`: the file's name where the API gives none. */
export function DownloadButton(props: {
  readonly address: string
  readonly text: string
  readonly name: string
  readonly fallback: string
  readonly isDisabled?: boolean
}) {
  const [isBusy, setBusy] = useState(false)
  const download = async () => {
    setBusy(true)
    await save(props.address, props.fallback).catch(told)
    setBusy(false)
  }
  return (
    <Button
      size="xs"
      variant="default"
      loading={isBusy}
      disabled={props.isDisabled === true}
      aria-label={props.name}
      leftSection={<Icon name="download" />}
      onClick={() => void download()}
    >
      {props.text}
    </Button>
  )
}
