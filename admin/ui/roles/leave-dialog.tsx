/**
 * Asks before a draft is lost.
 *
 * It saves nothing. Invariant: Escape stays.
 */
import { Button, Group } from '@mantine/core'
import { Dialog } from '../parts/confirm-dialog.tsx'

/** The question. */
export function LeaveDialog(props: { readonly onLeave: () => void; readonly onStay: () => void }) {
  return (
    <Dialog title="Leave without saving?" onClose={props.onStay}>
      <p>What you granted and withdrew here is not saved yet.</p>
      <Group justify="flex-end" gap="sm" mt="md">
        <Button variant="default" onClick={props.onStay}>
          Stay
        </Button>
        <Button color="red" onClick={props.onLeave}>
          Leave
        </Button>
      </Group>
    </Dialog>
  )
}
