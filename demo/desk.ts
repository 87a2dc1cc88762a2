// The desk: everything the routes of the application share, handed to them as one argument.
//
// Not a container: nothing is looked up by name and nothing is created late.
// Invariant: built once by `startDemo`, never changed afterwards; `closing` aborts when the app shuts down.
// Refused: module-level state; two demonstrations must be able to run in one process.

import type { HttpBindings } from '@hono/node-server'
import type { Hono } from 'hono'
import type { Account, Accounts } from './accounts.ts'
import type { Happenings } from './happenings.ts'
import type { Practice } from './people.ts'
import type { PracticeRecords, Records } from './records.ts'
import type { Session, Sessions } from './sessions.ts'

/** What the application runs on. `closing` is aborted when it shuts down. */
export type Desk = {
  readonly now: () => number
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly records: Records
  readonly happenings: Happenings
  readonly closing: AbortSignal
}

/** A member of staff at work in one practice. */
export type StaffVisitor = {
  readonly session: Session
  readonly account: Account
  readonly practice: Practice
  readonly records: PracticeRecords
}

/** Hono's view of a request here: `staff` is set behind `staffOnly`. */
export type DeskEnv = { Bindings: HttpBindings; Variables: { staff: StaffVisitor } }

/** The application the route files add themselves to. */
export type DeskApp = Hono<DeskEnv>
