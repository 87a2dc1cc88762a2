/**
 * `Idempotency-Key` on every POST of the API: what was done is not done again, and answers as it did the first time.
 *
 * It knows no route. Invariant: of requests with one key of one account at most one is carried out within a day, whichever
 * control plane they reach; a request whose outcome got lost is refused from then on, never tried again. A key is kept
 * as its hash and an answer sealed under the key itself, since some answers carry what is shown once. Running the change
 * and this note in one transaction was refused: each answer would have to know of it, and one day one would not.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { Context, MiddlewareHandler } from 'hono'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import { hashToken } from '../../runtime/token.ts'
import type { Store, Tx } from '../store/database.ts'
import type { AdminEnv } from './admin-env.ts'
import { invalid, refusal } from './refusals.ts'

/** How long a key is remembered; `jobs.ts` forgets it afterwards. */
export const idempotencyKeptMs: DurationMs = 86_400_000

/** Longer than any answer takes: whoever still has none by then has died. */
const patienceMs: DurationMs = 60_000

const keyForm = /^[A-Za-z0-9_-]{16,128}$/

/** What a key was used for before. `answer: null`: it is being worked at, or its outcome is lost. */
type Earlier = {
  readonly requestHash: string
  readonly begunAt: Instant
  readonly answer: { readonly status: number; readonly sealed: Buffer } | null
}

const keyFor = (key: string): Buffer =>
  Buffer.from(hkdfSync('sha256', key, 'gatehouse', 'idempotency answer 1', 32))

function seal(key: string, text: string): Buffer {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', keyFor(key), iv)
  return Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
}

function open(key: string, sealed: Buffer): string {
  const decipher = createDecipheriv('aes-256-gcm', keyFor(key), sealed.subarray(0, 12))
  decipher.setAuthTag(sealed.subarray(-16))
  return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]).toString('utf8')
}

/** An answer as it is kept: its `ETag` on a line before the body, where it has one. */
const fold = (etag: string | null, body: string): string => (etag === null ? body : `${etag}\n${body}`)

/** Bodies are JSON objects: none begins as an `ETag` does. */
const unfold = (kept: string): { readonly etag: string | null; readonly body: string } => {
  const end = kept.startsWith('"') ? kept.indexOf('\n') : -1
  return end === -1 ? { etag: null, body: kept } : { etag: kept.slice(0, end), body: kept.slice(end + 1) }
}

type Claim = {
  readonly account: string
  readonly keyHash: string
  readonly requestHash: string
  readonly at: Instant
}

/** Takes the key, or answers what it was used for; what is older than a day counts as never used. */
async function claim(tx: Tx, { account, keyHash, requestHash, at }: Claim): Promise<Earlier | null> {
  await tx
    .deleteFrom('idempotency_key')
    .where('account', '=', account)
    .where('key_hash', '=', keyHash)
    .where('begun_at', '<', at - idempotencyKeptMs)
    .execute()
  const taken = await tx
    .insertInto('idempotency_key')
    .values({ account, key_hash: keyHash, request_hash: requestHash, begun_at: at })
    .onConflict((oc) => oc.columns(['account', 'key_hash']).doNothing())
    .executeTakeFirst()
  if (taken.numInsertedOrUpdatedRows === 1n) return null
  const row = await tx
    .selectFrom('idempotency_key')
    .selectAll()
    .where('account', '=', account)
    .where('key_hash', '=', keyHash)
    .executeTakeFirstOrThrow()
  const { status, answer } = row
  return {
    requestHash: row.request_hash,
    begunAt: row.begun_at,
    answer: status === null || answer === null ? null : { status, sealed: answer },
  }
}

/** The answer of the first time; refuses where there is none, or where this is another request. */
function repeat(key: string, earlier: Earlier, asked: Claim): Response {
  if (earlier.requestHash !== asked.requestHash)
    throw refusal('key-reused', 'This Idempotency-Key was used for another request. Send a new one.')
  if (earlier.answer !== null) {
    const { status, sealed } = earlier.answer
    const { etag, body } = unfold(open(key, sealed))
    const headers = { 'content-type': 'application/json', 'idempotency-replayed': 'true' }
    return new Response(body, { status, headers: etag === null ? headers : { ...headers, etag } })
  }
  const isUnderWay = asked.at - earlier.begunAt < patienceMs
  throw isUnderWay
    ? refusal('in-progress', 'This very request is being worked at. Ask again in a moment.', {
        retryAfterMs: 1_000,
      })
    : refusal(
        'outcome-unknown',
        'Whether this was done the first time is not known. Load the list and look before you send it with a new key.',
      )
}

const requestHashOf = async (c: Context<AdminEnv>): Promise<string> =>
  hashToken(`${c.req.method} ${c.req.url}\n${c.req.header('if-match') ?? ''}\n${await c.req.text()}`)

/**
 * Keeps the answer of a success; forgets the key of a no, so that it can be sent again once put right. What failed on our
 * side keeps its key without an answer: it may have been done.
 */
async function settle(store: Store, key: string, { account, keyHash }: Claim, answer: Response) {
  if (answer.status >= 500) return
  if (!answer.ok) {
    await store.read((rows) =>
      rows
        .deleteFrom('idempotency_key')
        .where('account', '=', account)
        .where('key_hash', '=', keyHash)
        .execute(),
    )
    return
  }
  const sealed = seal(key, fold(answer.headers.get('etag'), await answer.clone().text()))
  await store.read((rows) =>
    rows
      .updateTable('idempotency_key')
      .set({ status: answer.status, answer: sealed })
      .where('account', '=', account)
      .where('key_hash', '=', keyHash)
      .execute(),
  )
}

/** The middleware: behind the guard, which has found out whose request it is, and the limit of bodies. */
export const answerOnce =
  (store: Store, now: () => Instant): MiddlewareHandler<AdminEnv> =>
  async (c, next) => {
    const key = c.req.header('idempotency-key')
    if (key === undefined) return next()
    if (!keyForm.test(key))
      throw invalid([
        {
          path: 'Idempotency-Key',
          sentence: 'An Idempotency-Key is 16 to 128 letters, digits, - or _, such as a UUID.',
        },
      ])
    const asked: Claim = {
      account: c.get('admin').account.id,
      keyHash: hashToken(key),
      requestHash: await requestHashOf(c),
      at: now(),
    }
    const earlier = await store.transaction((tx) => claim(tx, asked))
    if (earlier !== null) return repeat(key, earlier, asked)
    await next()
    // It is done: whether that could be noted changes nothing about the answer.
    await settle(store, key, asked, c.res).catch((error: unknown) =>
      c.get('log').warn({ error, requestId: c.get('requestId') }, 'an answer could not be kept for its key'),
    )
  }
