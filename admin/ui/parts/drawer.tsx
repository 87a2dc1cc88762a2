/**
 * A drawer at the right: one thing of a list, in full, beside the list it came from.
 *
 * Whether it is open, the address says. Invariant: Escape closes the topmost only: a dialog above it first, then it; on a
 * phone it fills the screen.
 */
import { Drawer as MantineDrawer } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import type { ReactNode } from 'react'

/** The drawer; draw it while it is open. `isCovered`: a dialog stands above it. */
export function Drawer(props: {
  readonly title: ReactNode
  readonly isCovered: boolean
  readonly onClose: () => void
  readonly children: ReactNode
}) {
  const isPhone = useMediaQuery('(max-width: 36em)') ?? false
  return (
    <MantineDrawer.Root
      opened
      position="right"
      size={isPhone ? '100%' : '34rem'}
      onClose={props.onClose}
      closeOnEscape={!props.isCovered}
      trapFocus={!props.isCovered}
      transitionProps={{ duration: 120 }}
    >
      <MantineDrawer.Overlay backgroundOpacity={0.25} />
      <MantineDrawer.Content>
        <div className="gh-dialog-head">
          <MantineDrawer.Title>{props.title}</MantineDrawer.Title>
          <MantineDrawer.CloseButton aria-label="Close" />
        </div>
        <MantineDrawer.Body>{props.children}</MantineDrawer.Body>
      </MantineDrawer.Content>
    </MantineDrawer.Root>
  )
}
