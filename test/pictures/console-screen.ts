/**
 * One state of one screen of the console, as data.
 *
 * It takes no picture and starts nothing. Invariant: answers are those of the canned server, so that each passes the contract.
 */
import type { Page } from 'playwright-core'

/** The state. `name`: kebab-case, unique, beginning with its screen. */
export type ConsoleScreen = {
  readonly name: string
  /** Below `/practices/maple/`, with its search. */
  readonly path: string
  /** What is done once it is open. */
  readonly act?: (page: Page) => Promise<void>
  /** What the API answers other than usual: request, status (0: it does not answer), body. */
  readonly answers?: readonly (readonly [what: string, status: number, body: unknown])[]
  /** The picture is of the page while it waits. */
  readonly isLoading?: true
  /** Its address opens a dialog, which must be there. */
  readonly isDialog?: true
}
