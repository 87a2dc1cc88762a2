/**
 * A small mail server on loopback: takes what it is sent and keeps it, or refuses as a test tells it to.
 *
 * No mail gets any further. It speaks as much of RFC 5321 as a client needs, without TLS.
 */
import { createServer, type Socket } from 'node:net'

/** A mail as it came: envelope, who signed in (`user:password`, `null`: nobody), and the message as sent. */
export type TakenMail = {
  readonly from: string
  readonly to: readonly string[]
  readonly auth: string | null
  readonly message: string
}

/** The command it answers otherwise than `250`, and the line it answers: `{ RCPT: '550 no such user' }`. */
export type Refusals = Partial<Record<'MAIL' | 'RCPT' | 'DATA' | 'AUTH', string>>

type Talk = { auth: string | null; from: string; to: string[]; lines: string[] | null }

const inAngles = (line: string): string => /<([^>]*)>/.exec(line)?.[1] ?? ''

/** Starts a server on a free port. `mails` grows as they come; `refuse` holds from the next command on. */
export async function startSmtpServer() {
  const mails: TakenMail[] = []
  const sockets = new Set<Socket>()
  let refusals: Refusals = {}
  const answer = (talk: Talk, line: string): string => {
    const verb = line.slice(0, 4).toUpperCase()
    const refused = Object.entries(refusals).find(([of]) => of === verb)?.[1]
    if (refused !== undefined) return refused
    if (verb === 'EHLO') return '250-mail.test\r\n250 AUTH PLAIN'
    if (verb === 'AUTH') {
      talk.auth = Buffer.from(line.split(' ')[2] ?? '', 'base64')
        .toString()
        .split('\0')
        .slice(1)
        .join(':')
      return '235 welcome'
    }
    if (verb === 'MAIL') talk.from = inAngles(line)
    if (verb === 'RCPT') talk.to.push(inAngles(line))
    if (verb === 'DATA') {
      talk.lines = []
      return '354 go on'
    }
    return verb === 'QUIT' ? '221 bye' : '250 ok'
  }
  const take = (talk: Talk, line: string): string | null => {
    if (talk.lines === null) return answer(talk, line)
    if (line !== '.') {
      talk.lines.push(line.startsWith('.') ? line.slice(1) : line)
      return null
    }
    mails.push({ from: talk.from, to: talk.to, auth: talk.auth, message: talk.lines.join('\n') })
    Object.assign(talk, { from: '', to: [], lines: null })
    return '250 taken'
  }
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined)
    const talk: Talk = { auth: null, from: '', to: [], lines: null }
    let rest = ''
    socket.write('220 mail.test\r\n')
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = `${rest}${text}`.split('\r\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const said = take(talk, line)
        if (said !== null) socket.write(`${said}\r\n`)
        if (said?.startsWith('221') === true) socket.end()
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    mails,
    refuse: (next: Refusals): void => {
      refusals = next
    },
    close: async (): Promise<void> => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
