// Multipart uploads, read as a stream: the first file part is counted and digested, never kept.
//
// Not a general multipart parser: other fields are skipped, nested parts and transfer encodings unknown.
// Invariant: memory stays below one chunk plus 16 KiB whatever the size of the file.
// Refused: Request.formData(), which holds the whole upload in memory before the first byte is looked at.

import { createHash } from 'node:crypto'

/** What was uploaded: the name given, the size, and the hex SHA-256 of the file's bytes. */
export type UploadedFile = { readonly name: string; readonly bytes: number; readonly sha256: string }

/** The result of reading an upload. */
export type UploadReading = UploadedFile | 'malformed' | 'too-large' | 'no-file'

const partHeadBytesMax = 16 * 1024
const headEnd = Buffer.from('\r\n\r\n')

/** The boundary that a multipart/form-data content type names, or `null`. */
export function readBoundary(contentType: string | undefined): string | null {
  const match = /^multipart\/form-data\s*;.*?\bboundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(
    contentType ?? '',
  )
  return match?.[1] ?? match?.[2] ?? null
}

function fileName(head: string): string | null {
  const match = /^content-disposition:[^\r\n]*?;\s*filename="([^"\r\n]*)"/im.exec(head)
  return match ? (match[1] ?? '').split(/[\\/]/).at(-1)?.slice(0, 120) || 'unnamed' : null
}

function openReader(boundary: string) {
  const delimiter = Buffer.from(`\r\n--${boundary}`)
  const hash = createHash('sha256')
  // The first delimiter has no line break before it unless there is a preamble; lend it one.
  let pending: Buffer = Buffer.from('\r\n')
  let state: 'content' | 'delimiter' | 'head' | 'end' | 'malformed' = 'content'
  let name: string | null = null
  let counting = false
  let bytes = 0

  function count(part: Buffer): void {
    if (!counting) return
    hash.update(part)
    bytes += part.byteLength
  }

  function readContent(): boolean {
    const at = pending.indexOf(delimiter)
    const length = at === -1 ? Math.max(0, pending.byteLength - delimiter.byteLength + 1) : at
    count(pending.subarray(0, length))
    pending = pending.subarray(at === -1 ? length : at + delimiter.byteLength)
    if (at !== -1) state = 'delimiter'
    return at !== -1
  }

  function readDelimiter(): boolean {
    if (pending.byteLength < 2) return false
    counting = false
    const next = pending.toString('latin1', 0, 2)
    state = next === '--' ? 'end' : next === '\r\n' ? 'head' : 'malformed'
    pending = pending.subarray(2)
    return true
  }

  function readHead(): boolean {
    const at = pending.indexOf(headEnd)
    if (at === -1 && pending.byteLength <= partHeadBytesMax) return false
    if (at === -1) state = 'malformed'
    else {
      const given = fileName(pending.toString('utf8', 0, at))
      counting = name === null && given !== null
      if (counting) name = given
      pending = pending.subarray(at + headEnd.byteLength)
      state = 'content'
    }
    return true
  }

  // Each step consumes what it can of `pending` and says whether it got on to the next state.
  const stop = (): boolean => false
  const steps = { content: readContent, delimiter: readDelimiter, head: readHead, end: stop, malformed: stop }
  return {
    feed(chunk: Uint8Array): void {
      if (state === 'end' || state === 'malformed') return
      pending = Buffer.concat([pending, chunk])
      let moved = true
      while (moved) moved = steps[state]()
    },
    finish(): UploadReading {
      if (state !== 'end') return 'malformed'
      return name === null ? 'no-file' : { name, bytes, sha256: hash.digest('hex') }
    },
  }
}

/** The first file of a multipart body; reads to the end, or stops after `bytesMax` bytes of body. */
export async function readUpload(
  body: AsyncIterable<Uint8Array>,
  boundary: string,
  bytesMax: number,
): Promise<UploadReading> {
  const reader = openReader(boundary)
  let received = 0
  for await (const chunk of body) {
    received += chunk.byteLength
    if (received > bytesMax) return 'too-large'
    reader.feed(chunk)
  }
  return reader.finish()
}
