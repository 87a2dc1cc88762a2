/**
 * What may be typed: the commands, their options, and the usage text. Parsing only; nothing is run here.
 *
 * An option a command does not know is an error with the usage line, never ignored. A command framework was
 * refused: `node:util` parses, and the table below is the documentation.
 */
import { parseArgs } from 'node:util'
import { readReferenceCode } from '../runtime/token.ts'
import { exitCodes, stopWith } from './exit-codes.ts'

const commands = {
  start: {
    usage: 'start [--config FILE] [--json] [--ports auto]',
    sentence: 'both planes; without --config also the demo practice application',
    options: { config: { type: 'string' }, json: { type: 'boolean' }, ports: { type: 'string' } },
  },
  gateway: {
    usage: 'gateway --config FILE [--json]',
    sentence: 'the workers of one gateway (needs Redis and a control plane); SIGHUP reads FILE again',
    options: { config: { type: 'string' }, json: { type: 'boolean' } },
  },
  admin: {
    usage: 'admin --config FILE [--json]',
    sentence: 'one control plane (needs Redis and PostgreSQL)',
    options: { config: { type: 'string' }, json: { type: 'boolean' } },
  },
  'config check': {
    usage: 'config check [--config FILE] [--json]',
    sentence: 'reads the configuration and prints every problem with its path',
    options: { config: { type: 'string' }, json: { type: 'boolean' } },
  },
  'audit verify': {
    usage: 'audit verify [--config FILE] [--practice ID] [--json]',
    sentence: 'recomputes the chains of security events; exit 1 where one is broken',
    options: { config: { type: 'string' }, practice: { type: 'string' }, json: { type: 'boolean' } },
  },
  explain: {
    usage: 'explain CODE [--config FILE] [--json]',
    sentence: 'replays the refusal behind a reference code and says what would allow it',
    options: { config: { type: 'string' }, json: { type: 'boolean' } },
  },
} as const

/** A command's name. */
export type CommandName = keyof typeof commands

/** A command line understood. */
export type CommandLine = {
  readonly command: CommandName | 'help'
  /** Path as typed, or `null`. */
  readonly config: string | null
  readonly json: boolean
  /** `auto`: the system picks free ports. */
  readonly ports: 'configured' | 'auto'
  readonly practice: string | null
  /** The reference code of `explain`, as `newReferenceCode` writes it; `null` for every other command. */
  readonly code: string | null
}

/** The usage text, one line a command. */
export const usage = (): string => {
  const width = Math.max(...Object.values(commands).map(({ usage: line }) => line.length))
  const lines = Object.values(commands).map(
    (command) => `  gatehouse ${command.usage.padEnd(width)}  ${command.sentence}`,
  )
  const codes = Object.entries(exitCodes).map(([name, code]) => `${code} ${name}`)
  return ['Usage:', ...lines, '', `Exit codes: ${codes.join(', ')}.`].join('\n')
}

const isCommand = (text: string): text is CommandName => Object.hasOwn(commands, text)

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null)

/** The one code behind `explain`; throws what is wrong with it. */
const codeIn = (words: readonly string[]): string => {
  const [word, ...more] = words
  if (word === undefined) throw new Error('name the reference code, as in GH-7K2M-94QX')
  const code = readReferenceCode([word, ...more].join(''))
  if (code === null)
    throw new Error(`"${[word, ...more].join(' ')}" is no reference code; they look like GH-7K2M-94QX`)
  return code
}

/** The command line, or a `Stop` with exit 64 that says what is not understood. */
export const readCommandLine = (words: readonly string[]): CommandLine => {
  const [first = 'help', second = ''] = words
  if (first === 'help' || first === '--help') {
    return { command: 'help', config: null, json: false, ports: 'configured', practice: null, code: null }
  }
  const name = isCommand(`${first} ${second}`) ? `${first} ${second}` : first
  if (!isCommand(name))
    throw stopWith(exitCodes.usage, `gatehouse: there is no command "${first}".`, '', usage())
  const command = commands[name]
  try {
    const { values, positionals } = parseArgs({
      args: words.slice(name.split(' ').length),
      options: command.options,
      strict: true,
      allowPositionals: name === 'explain',
    })
    const given: Readonly<Record<string, unknown>> = values
    const ports = text(given['ports'])
    if (ports !== null && ports !== 'auto') throw new Error(`--ports takes "auto", not "${ports}"`)
    return {
      command: name,
      config: text(given['config']),
      json: given['json'] === true,
      ports: ports === null ? 'configured' : 'auto',
      practice: text(given['practice']),
      code: name === 'explain' ? codeIn(positionals) : null,
    }
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error)
    throw stopWith(exitCodes.usage, `gatehouse ${name}: ${what}`, `Usage: gatehouse ${command.usage}`)
  }
}
