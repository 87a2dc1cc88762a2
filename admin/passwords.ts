/**
 * Passwords of own accounts: argon2id texts (PHC format), made and checked.
 *
 * It counts no tries (the sign-in does) and knows no account. Invariant: a check costs the same whether there
 * is an account or not, so that time names nobody. At most a few run at once: each takes 19 MiB, and a flood
 * of sign-ins must queue, not exhaust the machine. bcrypt was refused: it cuts passwords at 72 bytes.
 */
import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { fault } from '../runtime/fault.ts'

/** OWASP's second profile for argon2id: 19 MiB, two passes, one lane. */
const memoryKiB = 19_456
const passes = 2
const lanes = 1
const tagBytes = 32

const atOnceMax = 2
const waitingMax = 200

/** Nobody's password is longer, in UTF-16 units; hashing more would only cost. */
const passwordLengthMax = 1_000

const form =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/

let running = 0
const waiting: (() => void)[] = []

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= atOnceMax) {
    if (waiting.length >= waitingMax) throw fault('self', 'full', 'too many passwords wait to be checked')
    // The turn is handed over by whoever ends, so `running` does not change here.
    await new Promise<void>((resolve) => waiting.push(resolve))
  } else running += 1
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next === undefined) running -= 1
    else next()
  }
}

const derive = (parameters: Argon2Parameters): Promise<Buffer> =>
  inTurn(
    () =>
      new Promise((resolve, reject) => {
        argon2('argon2id', parameters, (error, tag) => (error === null ? resolve(tag) : reject(error)))
      }),
  )

const message = (password: string): Buffer => Buffer.from(password.normalize('NFC'))
const plain64 = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '')

/** The argon2id text of a password, with a salt of its own; about 50 ms. */
export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(16)
  const tag = await derive({
    message: message(password),
    nonce,
    parallelism: lanes,
    tagLength: tagBytes,
    memory: memoryKiB,
    passes,
  })
  return `$argon2id$v=19$m=${memoryKiB},t=${passes},p=${lanes}$${plain64(nonce)}$${plain64(tag)}`
}

/** Takes as long as a real one and is nobody's. */
const nobody = `$argon2id$v=19$m=${memoryKiB},t=${passes},p=${lanes}$${'A'.repeat(22)}$${'A'.repeat(43)}`

/**
 * Whether `password` belongs to the argon2id text; `null` for an account that there is not: works as long and
 * answers false. False for a text of another form. About 50 ms.
 */
export async function verifyPassword(text: string | null, password: string): Promise<boolean> {
  const parts = form.exec(text ?? nobody)
  if (parts === null || password.length > passwordLengthMax) return false
  const [, memory, times, parallelism, salt = '', tag = ''] = parts
  const expected = Buffer.from(tag, 'base64')
  const got = await derive({
    message: message(password),
    nonce: Buffer.from(salt, 'base64'),
    parallelism: Number(parallelism),
    tagLength: expected.length,
    memory: Number(memory),
    passes: Number(times),
  })
  return timingSafeEqual(got, expected) && text !== null
}
