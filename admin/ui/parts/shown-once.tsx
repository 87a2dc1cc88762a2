/**
 * A dialog that asks, then shows what was made this once: a link, a code.
 *
 * What is made and shown is the caller's. What is lost for good when it is not kept has `KeptDialog` (`kept-secret.tsx`),
 * which does not close before its reader has said that it is. Invariant: what is shown lives in this dialog alone, never
 * in the answers kept; closed, it is gone.
 */
import { type ReactNode, useRef, useState } from 'react'
import { ConfirmDialog, type ConfirmProps, Dialog } from './confirm-dialog.tsx'
import type { Extra } from './saving.ts'

/** The two steps. */
export function ShownOnce<Made>(
  props: Pick<ConfirmProps, 'act' | 'needsReason' | 'reasonField' | 'onClose' | 'children'> & {
    /** The title of the question, and of what is shown. */
    readonly titles: readonly [asked: string, shown: string]
    readonly make: (extra: Extra) => Promise<Made>
    readonly show: (made: Made) => ReactNode
  },
) {
  const { titles, make, show, onClose, ...asked } = props
  const [made, setMade] = useState<Made | null>(null)
  const isMade = useRef(false)
  if (made !== null)
    return (
      <Dialog title={titles[1]} onClose={onClose}>
        {show(made)}
      </Dialog>
    )
  return (
    <ConfirmDialog
      {...asked}
      title={titles[0]}
      save={async (extra) => {
        const answer = await make(extra)
        isMade.current = true
        setMade(answer)
      }}
      reload={() => undefined}
      onClose={() => {
        // Done is not closed here: what was made is still to be read.
        if (!isMade.current) onClose()
      }}
    />
  )
}
