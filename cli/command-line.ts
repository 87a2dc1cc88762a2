/**
 * What was typed, understood or refused, and the usage text. Parsing only; nothing is run here.
 *
 * An option a command does not know is an error with the usage line, never ignored. A command framework was
 * refused: `node:util` parses, and the table of `commands.ts` is the documentation.
 */
import { parseArgs } from 'node:util'
import type { DurationMs } from '../policies/instant.ts'
import { readReferenceCode } from '../runtime/token.ts'
import { type CommandName, commands } from './commands.ts'
import { exitCodes, stopWith } from './exit-codes.ts'

/** A command line understood. */
export type CommandLine = {
  readonly command: CommandName | 'help'
  /** Path as typed, or `null`. */
  readonly config: string | null
  readonly json: boolean
  /** `auto`: the system picks free ports. */
  readonly ports: 'configured' | 'auto'
  /** How the first own account signs in, on an empty database: by a link that sets its password, or one that is told. */
  readonly firstAccount: 'link' | 'password'
  readonly practice: string | null
  /** The reference code of `explain`, as `newReferenceCode` writes it; `null` for every other command. */
  readonly code: string | null
  /** The policy file of the `policy` commands, as typed; `null` for every other command. */
  readonly file: string | null
  /** `--cases`, as typed. */
  readonly cases: string | null
  /** `--revision`: the one whose changes whoever types has seen; `null`: the one in the file. */
  readonly revision: number | null
  readonly reason: string | null
  /** The practice's name, typed to save against the lockout guard. */
  readonly override: string | null
  /** The one word behind a `token` or `user` command: a token's id, a login; `null` for every other command. */
  readonly subject: string | null
  /** Every option as typed, for what one command alone takes; several of one name are a list. */
  readonly given: Readonly<Record<string, unknown>>
  /** How long to wait until a change is active everywhere; 30 s unless told otherwise, at most an hour. */
  readonly waitMs: DurationMs
}

const nothingTyped: CommandLine = {
  command: 'help',
  config: null,
  json: false,
  ports: 'configured',
  firstAccount: 'link',
  practice: null,
  code: null,
  file: null,
  cases: null,
  revision: null,
  reason: null,
  override: null,
  subject: null,
  given: {},
  waitMs: 30_000,
}

const usageWidth = 62

/** The usage text: a command with what it does beside it, or below where it is long. */
export const usage = (): string => {
  const lines = Object.values(commands).map(({ usage: typed, sentence }) =>
    typed.length > usageWidth
      ? `  gatehouse ${typed}\n${' '.repeat(14 + usageWidth)}${sentence}`
      : `  gatehouse ${typed.padEnd(usageWidth)}  ${sentence}`,
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

/** The one file behind a `policy` command; throws what is wrong with it. */
const fileIn = (words: readonly string[]): string => {
  const [word, ...more] = words
  if (word === undefined) throw new Error('name the policy file')
  if (more.length > 0) throw new Error(`one file at a time; "${more.join(' ')}" is too much`)
  return word
}

/** What was typed for an option that takes one text; `undefined`: it was not typed. */
export const typedIn = ({ given }: CommandLine, option: string): string | undefined =>
  text(given[option]) ?? undefined

/** What was typed for an option that may come several times, in order; empty: it was not typed. */
export const listIn = ({ given }: CommandLine, option: string): readonly string[] => {
  const typed = given[option]
  return Array.isArray(typed) ? typed.filter((one) => typeof one === 'string') : []
}

/** A whole number of at most `max`; `null` where none was typed; throws where something else was. */
const wholeIn = (value: unknown, option: string, max: number): number | null => {
  const typed = text(value)
  if (typed === null) return null
  const number = /^\d{1,9}$/.test(typed) ? Number(typed) : Number.NaN
  if (!(number <= max)) throw new Error(`${option} takes a whole number up to ${max}, not "${typed}"`)
  return number
}

const portsIn = (value: unknown): CommandLine['ports'] => {
  const ports = text(value)
  if (ports !== null && ports !== 'auto') throw new Error(`--ports takes "auto", not "${ports}"`)
  return ports === null ? 'configured' : 'auto'
}

const firstAccountIn = (value: unknown): CommandLine['firstAccount'] => {
  const typed = text(value) ?? 'link'
  if (typed !== 'link' && typed !== 'password')
    throw new Error(`--first-account takes "link" or "password", not "${typed}"`)
  return typed
}

const withFile: ReadonlySet<CommandName> = new Set(['policy plan', 'policy apply', 'policy test'])

const withSubject: Readonly<Partial<Record<CommandName, string>>> = {
  'break-glass codes': "the account's login",
  'token revoke': "the token's id, as `token list` shows it",
  'user add': "the person's login",
  'user roles': "the member's login",
  'user suspend': "the member's login",
  'user rejoin': "the member's login",
  'user revoke': "the member's login",
  'user reset': "the member's login",
  'user remove': "the member's login",
}

/** The one word that names what a command is about; throws what is wrong with it. */
const subjectIn = (words: readonly string[], what: string): string => {
  const [word, ...more] = words
  if (word === undefined) throw new Error(`name ${what}`)
  if (more.length > 0) throw new Error(`one at a time; "${more.join(' ')}" is too much`)
  return word
}

/** Whether the usage wants a practice, and one only. */
const isOfOnePractice = (name: CommandName): boolean => / --practice ID(?!…)(?!\])/.test(commands[name].usage)

/** What was typed, understood; throws what is wrong. */
const lineOf = (
  name: CommandName,
  given: Readonly<Record<string, unknown>>,
  positionals: readonly string[],
): CommandLine => {
  const practice = text(given['practice'])
  if (isOfOnePractice(name) && practice === null) throw new Error('name the practice with --practice ID')
  const waitS = wholeIn(given['wait'], '--wait', 3_600)
  const subject = withSubject[name]
  return {
    command: name,
    config: text(given['config']),
    json: given['json'] === true,
    ports: portsIn(given['ports']),
    firstAccount: firstAccountIn(given['first-account']),
    practice,
    code: name === 'explain' ? codeIn(positionals) : null,
    file: withFile.has(name) ? fileIn(positionals) : null,
    cases: text(given['cases']),
    revision: wholeIn(given['revision'], '--revision', 999_999_999),
    reason: text(given['reason']),
    override: text(given['override']),
    subject: subject === undefined ? null : subjectIn(positionals, subject),
    given,
    waitMs: waitS === null ? nothingTyped.waitMs : waitS * 1_000,
  }
}

/** The command line, or a `Stop` with exit 64 that says what is not understood. */
export const readCommandLine = (words: readonly string[]): CommandLine => {
  const [first = 'help', second = ''] = words
  if (first === 'help' || first === '--help') return nothingTyped
  const name = isCommand(`${first} ${second}`) ? `${first} ${second}` : first
  if (!isCommand(name))
    throw stopWith(exitCodes.usage, `gatehouse: there is no command "${first}".`, '', usage())
  const command = commands[name]
  try {
    const { values, positionals } = parseArgs({
      args: words.slice(name.split(' ').length),
      options: command.options,
      strict: true,
      allowPositionals: name === 'explain' || withFile.has(name) || withSubject[name] !== undefined,
    })
    return lineOf(name, values, positionals)
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error)
    throw stopWith(exitCodes.usage, `gatehouse ${name}: ${what}`, `Usage: gatehouse ${command.usage}`)
  }
}
