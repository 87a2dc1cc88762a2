/**
 * Short messages at the edge of the page: that something is done which no gateway has to learn of, or that it failed.
 *
 * What gateways must acknowledge is followed instead (`follow-save.tsx`). Invariant: a failure is told with its sentence
 * and stays longer than a success; three are on the page at once, and a new one takes the place of the oldest, never a
 * place in a queue: an undo that appears after its time is none.
 */
import { type NotificationData, notifications, notificationsStore } from '@mantine/notifications'
import { problemOf } from '../problem.ts'

const doneMs = 5_000
const failedMs = 12_000

const shownMax = 3

/** Shows a message at once, in place of the oldest where there are three. */
export function showMessage(message: NotificationData): void {
  const shown = notificationsStore.getState().notifications
  for (const { id } of shown.slice(0, Math.max(0, shown.length - shownMax + 1)))
    if (id !== undefined) notifications.hide(id)
  notifications.show(message)
}

const show = (title: string, message: string, autoClose: number): void => {
  showMessage({
    ...{ title, message, autoClose, withBorder: true },
    closeButtonProps: { 'aria-label': 'Close message' },
  })
}

/** Says that something is done. */
export const tellDone = (title: string, message = ''): void => show(title, message, doneMs)

/** Says why something was not done. */
export const tellFailed = (error: unknown): void => {
  const { title, detail } = problemOf(error)
  show(title, detail, failedMs)
}
