/**
 * The plain bytes of an answer that the gateway itself must read, though the application compressed it.
 *
 * Applications are asked not to (`Accept-Encoding: identity`) and some do all the same. It changes no answer: what goes to
 * a browser goes as it came. Invariant: never more than `bodyBytesMax` bytes come out, whatever went in, and what cannot
 * be read to its very end is `null`, never a part. Passing on unread what a sign-in answered was refused: a token would
 * reach the browser unjudged.
 */
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import type { WholeResponse } from '../exchange.ts'

const bodyBytesMax = 65_536
const bounded = { maxOutputLength: bodyBytesMax }

/** The plain bytes behind one `Content-Encoding` (`null` or empty: none); `null`: too long, broken, or of another coding. */
export function plainBytes(encoding: string | null, bytes: Uint8Array): Uint8Array | null {
  try {
    switch ((encoding ?? '').trim().toLowerCase()) {
      case '':
      case 'identity':
        return bytes
      case 'gzip':
      case 'x-gzip':
        return gunzipSync(bytes, bounded)
      case 'br':
        return brotliDecompressSync(bytes, bounded)
      case 'deflate':
        return inflateSync(bytes, bounded)
      default:
        return null
    }
  } catch {
    return null
  }
}

/** A whole answer with its body in plain; `null`: it cannot be read. For reading only, never for sending on. */
export function plainAnswer(response: WholeResponse): WholeResponse | null {
  const { headers, body } = response
  const codings = headers.filter(
    (_, i) => i % 2 === 1 && headers[i - 1]?.toLowerCase() === 'content-encoding',
  )
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  const plain = plainBytes(codings.length === 0 ? null : codings.join(','), bytes)
  return plain === null ? null : { ...response, body: plain }
}
