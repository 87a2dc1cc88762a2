// The demonstration by itself: `node demo/main.ts`, with PORT and HOST if the defaults do not suit.
//
// Not what tests use: they call `startDemo` and choose the clock.
// Invariant: SIGINT and SIGTERM end it cleanly with status 0; a taken port ends it with one clear line.
// Refused: command-line options; two environment variables are enough.

import { startDemo } from './app.ts'
import { demoPatients, demoUsers } from './people.ts'

const tickMs = 20_000
const say = (line: string): void => void process.stdout.write(`${line}\n`)

try {
  const demo = await startDemo({
    host: process.env.HOST ?? '127.0.0.1',
    port: Number(process.env.PORT ?? 4400),
    tickMs,
    log: say,
  })
  say(`The practice is open at ${demo.url}`)
  for (const { email, password, title } of demoUsers)
    say(`  ${email.padEnd(28)} ${password.padEnd(17)} ${title}`)
  for (const { email, password } of demoPatients)
    say(`  ${email.padEnd(28)} ${password.padEnd(17)} Patient, at /portal`)
  const stop = (): void => void demo.close().then(() => process.exit(0))
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
} catch (error) {
  process.stderr.write(
    `The practice could not open: ${error instanceof Error ? error.message : String(error)}\n`,
  )
  process.exitCode = 1
}
