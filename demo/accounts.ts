// Accounts: who can sign in, with scrypt-hashed passwords made once at start.
//
// Not sessions, and no roles are checked here: an account only says who someone is.
// Invariant: an unknown address costs as much time as a wrong password, and hashes are compared in
// constant time.
// Refused: keeping plain passwords to compare with, even in a demonstration; people copy demonstrations.

import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import type { Membership } from './people.ts'
import { demoPatients, demoUsers } from './people.ts'

/** Someone who can sign in; `patientId` is set for patients only, `memberships` for staff only. */
export type Account = {
  readonly kind: 'staff' | 'patient'
  readonly id: string
  readonly name: string
  readonly email: string
  readonly title: string
  readonly memberships: readonly Membership[]
  readonly practice: string | null
  readonly patientId: string | null
}

/** The account book: one question, answered slowly on purpose. */
export type Accounts = {
  /** The account whose address (any case) and password these are, else `null`. About 10 ms. */
  readonly verify: (email: string, password: string) => Promise<Account | null>
}

type Entry = { readonly account: Account; readonly salt: Buffer; readonly hash: Buffer }

const hashBytes = 32
const scryptCost = { N: 2 ** 12, r: 8, p: 1 }

function hashPassword(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, hashBytes, scryptCost, (error, key) => (error ? reject(error) : resolve(key)))
  })
}

async function enter(account: Account, password: string): Promise<Entry> {
  const salt = randomBytes(16)
  return { account, salt, hash: await hashPassword(password, salt) }
}

/** All accounts of the demonstration, hashed and ready. */
export async function openAccounts(): Promise<Accounts> {
  const staff = demoUsers.map(({ password, ...user }) =>
    enter({ ...user, kind: 'staff', practice: null, patientId: null }, password),
  )
  const patients = demoPatients.map(({ password, ...patient }) =>
    enter({ ...patient, kind: 'patient', title: 'Patient', memberships: [] }, password),
  )
  const entries = new Map(
    (await Promise.all([...staff, ...patients])).map((entry) => [entry.account.email, entry]),
  )
  const nobody = { salt: randomBytes(16), hash: randomBytes(hashBytes) }
  return {
    async verify(email, password) {
      const entry = entries.get(email.trim().toLowerCase())
      const { salt, hash } = entry ?? nobody
      const equal = timingSafeEqual(await hashPassword(password.slice(0, 256), salt), hash)
      return equal && entry ? entry.account : null
    },
  }
}
