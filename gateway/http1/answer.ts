/**
 * The answer to one request on its way out.
 *
 * It decides nothing. Invariant: what follows a head is exactly what the head announced, or the connection breaks off: a
 * length is neither passed nor missed, chunks end only by `end`, and an answer without content has none.
 */
import type { AnswerWriter } from '../downstream.ts'
import {
  type AnswerContext,
  type AnswerFraming,
  headerLines,
  statusLine,
  writeAnswerHead,
} from './answer-head.ts'
import type { Outlet } from './outlet.ts'

/** An answer under way. */
export type Answer = Omit<AnswerWriter, 'closeBehind'> & {
  inform(status: number, headers: readonly string[]): void
  /** Its end has been given to the outlet. */
  isEnded(): boolean
  /** It has begun, and only the connection's end would end it. */
  endsWithConnection(): boolean
}

/** What an answer needs of its connection. */
export type AnswerHooks = {
  /** What the head depends on, asked when it begins. */
  context(): AnswerContext
  /** The last of it has been given to the outlet. */
  ended(): void
  breakOff(): void
}

/** An answer that has not begun. */
export const createAnswer = (outlet: Outlet, hooks: AnswerHooks): Answer => {
  let framing: AnswerFraming | null = null
  let left = 0
  let isEnded = false

  const write = (chunk: Uint8Array): boolean => {
    if (framing === null || isEnded) throw new Error('invariant: content stands between head and end')
    const { length } = chunk
    // A chunk of no length would be the last.
    if (framing.kind === 'none' || length === 0) return true
    if (framing.kind === 'chunked') {
      outlet.text(`${length.toString(16)}\r\n`)
      const mayGoOn = outlet.bytes(chunk)
      outlet.text('\r\n')
      return mayGoOn
    }
    if (framing.kind === 'length') {
      left -= length
      if (left < 0) {
        hooks.breakOff()
        return true
      }
    }
    return outlet.bytes(chunk)
  }

  return {
    begin(status, reason, headers) {
      if (framing !== null) throw new Error('invariant: an answer begins once')
      const head = writeAnswerHead(status, reason, headers, hooks.context())
      framing = head.framing
      left = framing.length
      outlet.text(head.text)
    },
    write,
    end() {
      if (framing === null || isEnded) throw new Error('invariant: an answer ends once, behind its head')
      if (left !== 0) {
        hooks.breakOff()
        return
      }
      isEnded = true
      if (framing.kind === 'chunked') outlet.text('0\r\n\r\n')
      outlet.flush()
      hooks.ended()
    },
    inform(status, headers) {
      outlet.text(`${statusLine(status, '')}${headerLines(headers)}\r\n`)
      outlet.flush()
    },
    isEnded: () => isEnded,
    endsWithConnection: () => framing?.kind === 'close',
  }
}
