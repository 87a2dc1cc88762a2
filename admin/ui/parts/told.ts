/**
 * Short messages at the edge of the page: that something is done which no gateway has to learn of, or that it failed.
 *
 * What gateways must acknowledge is followed instead (`follow-save.tsx`). Invariant: a failure is told with its sentence
 * and stays longer than a success.
 */
import { notifications } from '@mantine/notifications'
import { problemOf } from '../problem.ts'

const doneMs = 5_000
const failedMs = 12_000

const show = (title: string, message: string, autoClose: number): void => {
  notifications.show({
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
