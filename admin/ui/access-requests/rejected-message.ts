/**
 * The message after a denial: gateways need not hear of one, so there is no spread to follow.
 *
 * Approvals are followed until they are active everywhere (`parts/follow-save.tsx`). Invariant: it names whom.
 */
import { notifications } from '@mantine/notifications'

/** Says that the request of `name` is denied. */
export function tellRejected(name: string): void {
  notifications.show({
    title: `The request of ${name} is denied`,
    message: 'They see it with your note.',
    withBorder: true,
    closeButtonProps: { 'aria-label': 'Close message' },
  })
}
