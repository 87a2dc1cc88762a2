// Request bodies: forms and JSON read into plain values, with a limit.
//
// Not validation: values come out as they were sent.
// Invariant: never more than 64 KiB is kept; what is larger is 413, what is no JSON object is 400.
// Refused: rejecting repeated fields. As in most applications, the last one counts.

import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'

const bodyBytesMax = 64 * 1024

async function readText(c: Context): Promise<string> {
  if (Number(c.req.header('content-length') ?? 0) > bodyBytesMax) throw new HTTPException(413)
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of c.req.raw.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > bodyBytesMax) throw new HTTPException(413)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** The fields of a urlencoded form; of a repeated field the last. Throws HTTPException 413. */
export async function readForm(c: Context): Promise<ReadonlyMap<string, string>> {
  return new Map(new URLSearchParams(await readText(c)))
}

/** The JSON object in the body, whatever its content type. Throws HTTPException 400 or 413. */
export async function readJson(c: Context): Promise<Readonly<Record<string, unknown>>> {
  const text = await readText(c)
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {
    throw new HTTPException(400, { message: 'not valid JSON' })
  }
  throw new HTTPException(400, { message: 'a JSON object is needed' })
}
