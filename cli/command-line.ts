/**
 * What may be typed: the commands, their options, and the usage text. Parsing only; nothing is run here.
 *
 * An option a command does not know is an error with the usage line, never ignored. A command framework was
 * refused: `node:util` parses, and the table below is the documentation.
 */
import { parseArgs } from 'node:util'
import type { DurationMs } from '../policies/instant.ts'
import { readReferenceCode } from '../runtime/token.ts'
import { exitCodes, stopWith } from './exit-codes.ts'

const inPractice = {
  config: { type: 'string' },
  practice: { type: 'string' },
  json: { type: 'boolean' },
} as const
const changing = { reason: { type: 'string' }, wait: { type: 'string' } } as const

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
    usage:
      'audit verify [--practice ID] [--checkpoints FILE] [--events FILE] [--public-key KEY] [--config FILE] [--json]',
    sentence:
      'recomputes the chains of security events, or an exported file of them; exit 1 where one is broken',
    options: {
      ...inPractice,
      checkpoints: { type: 'string' },
      events: { type: 'string' },
      'public-key': { type: 'string' },
    },
  },
  'audit export': {
    usage:
      'audit export --practice ID [--format ndjson|csv] [--out FILE] [--from DATE] [--to DATE] [--type T] [--actor ID] [--target ID] [--config FILE] [--json]',
    sentence:
      'writes security events, oldest first, to standard output or FILE; the export is an event itself',
    options: {
      ...inPractice,
      format: { type: 'string' },
      out: { type: 'string' },
      from: { type: 'string' },
      to: { type: 'string' },
      type: { type: 'string' },
      actor: { type: 'string' },
      target: { type: 'string' },
    },
  },
  'audit report': {
    usage: 'audit report --practice ID --month YYYY-MM [--user ID] [--out FILE] [--config FILE] [--json]',
    sentence: 'who had access in a month and what they did with it, a line a person (CSV)',
    options: {
      ...inPractice,
      month: { type: 'string' },
      user: { type: 'string' },
      out: { type: 'string' },
    },
  },
  'policy export': {
    usage: 'policy export --practice ID [--config FILE] [--json]',
    sentence: "prints a practice's policy as YAML that applies as it stands",
    options: { config: { type: 'string' }, practice: { type: 'string' }, json: { type: 'boolean' } },
  },
  'policy plan': {
    usage: 'policy plan FILE [--revision N] [--config FILE] [--json]',
    sentence:
      'what applying FILE would change and whom it would refuse; exit 2 where there is something to apply',
    options: { config: { type: 'string' }, revision: { type: 'string' }, json: { type: 'boolean' } },
  },
  'policy apply': {
    usage:
      'policy apply FILE [--revision N] [--reason TEXT] [--override NAME] [--wait SECONDS] [--config FILE] [--json]',
    sentence: 'saves FILE as the policy and waits until it is active everywhere',
    options: {
      config: { type: 'string' },
      revision: { type: 'string' },
      reason: { type: 'string' },
      override: { type: 'string' },
      wait: { type: 'string' },
      json: { type: 'boolean' },
    },
  },
  'policy test': {
    usage: 'policy test FILE [--cases FILE] [--config FILE] [--json]',
    sentence:
      'asks the policy in FILE what its cases expect, without a database; exit 1 where one does not hold',
    options: { config: { type: 'string' }, cases: { type: 'string' }, json: { type: 'boolean' } },
  },
  'token create': {
    usage:
      'token create --practice ID --name TEXT --owner LOGIN --route ID… --method NAME… --from RANGE… [--permission ID…] --days N [--reason TEXT] [--wait SECONDS] [--config FILE] [--json]',
    sentence:
      'makes a service token and prints it once; --route and --method take "anything", --from "anywhere"',
    options: {
      ...inPractice,
      ...changing,
      name: { type: 'string' },
      owner: { type: 'string' },
      route: { type: 'string', multiple: true },
      method: { type: 'string', multiple: true },
      from: { type: 'string', multiple: true },
      permission: { type: 'string', multiple: true },
      days: { type: 'string' },
    },
  },
  'token list': {
    usage: 'token list --practice ID [--config FILE] [--json]',
    sentence: 'service tokens with their prefix, scope, owner and last use',
    options: inPractice,
  },
  'token revoke': {
    usage: 'token revoke ID --practice ID [--reason TEXT] [--wait SECONDS] [--config FILE] [--json]',
    sentence: 'refuses the next request of a service token and cuts what it has open',
    options: { ...inPractice, ...changing },
  },
  'user list': {
    usage: 'user list --practice ID [--config FILE] [--json]',
    sentence: 'members of a practice with their roles, factors and sessions',
    options: inPractice,
  },
  'user roles': {
    usage:
      'user roles LOGIN --practice ID --role ID… [--reason TEXT] [--wait SECONDS] [--config FILE] [--json]',
    sentence: 'replaces the roles of a member',
    options: { ...inPractice, ...changing, role: { type: 'string', multiple: true } },
  },
  'user suspend': {
    usage: 'user suspend LOGIN --practice ID [--reason TEXT] [--wait SECONDS] [--config FILE] [--json]',
    sentence: 'refuses a member everywhere in the practice until they rejoin',
    options: { ...inPractice, ...changing },
  },
  'user rejoin': {
    usage: 'user rejoin LOGIN --practice ID [--reason TEXT] [--wait SECONDS] [--config FILE] [--json]',
    sentence: 'ends a suspension',
    options: { ...inPractice, ...changing },
  },
  'user revoke': {
    usage: 'user revoke LOGIN --practice ID [--reason TEXT] [--wait SECONDS] [--config FILE] [--json]',
    sentence: "ends a member's sessions in the practice, on every gateway; they may sign in again",
    options: { ...inPractice, ...changing },
  },
  'break-glass observe': {
    usage:
      'break-glass observe (--practice ID… | --every) --for HOURS --reason TEXT [--config FILE] [--json]',
    sentence:
      "on a gateway's host, as root: addresses and hours are watched instead of enforced, for at most 4 h",
    options: {
      ...({
        ...inPractice,
        practice: { type: 'string', multiple: true },
        every: { type: 'boolean' },
      } as const),
      ...({ for: { type: 'string' }, reason: { type: 'string' } } as const),
    },
  },
  'break-glass end': {
    usage: 'break-glass end [--config FILE] [--json]',
    sentence: "on a gateway's host, as root: enforces addresses and hours again",
    options: { config: { type: 'string' }, json: { type: 'boolean' } },
  },
  'break-glass status': {
    usage: 'break-glass status [--config FILE] [--json]',
    sentence: 'whether this host has an override, until when and why; exit 1 where its file does not count',
    options: { config: { type: 'string' }, json: { type: 'boolean' } },
  },
  'break-glass codes': {
    usage: 'break-glass codes LOGIN [--reason TEXT] [--config FILE] [--json]',
    sentence: 'ten new sealed codes for an own account of Security Management; earlier ones are void',
    options: { config: { type: 'string' }, json: { type: 'boolean' }, reason: { type: 'string' } },
  },
  'keys rotate': {
    usage: 'keys rotate [--drop-old] [--void-codes] [--reason TEXT] [--config FILE] [--json]',
    sentence:
      'seals second factors under the newest key while sign-ins go on; --drop-old takes out keys that are for nothing',
    options: {
      config: { type: 'string' },
      json: { type: 'boolean' },
      reason: { type: 'string' },
      'drop-old': { type: 'boolean' },
      'void-codes': { type: 'boolean' },
    },
  },
  doctor: {
    usage: 'doctor [--around URL…] [--config FILE] [--json]',
    sentence:
      'looks at clocks, stores, listeners, forwarding, certificates and ways around; exit 1 where something must be put right',
    options: {
      config: { type: 'string' },
      json: { type: 'boolean' },
      around: { type: 'string', multiple: true },
    },
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

const withFile: ReadonlySet<CommandName> = new Set(['policy plan', 'policy apply', 'policy test'])

const withSubject: Readonly<Partial<Record<CommandName, string>>> = {
  'break-glass codes': "the account's login",
  'token revoke': "the token's id, as `token list` shows it",
  'user roles': "the member's login",
  'user suspend': "the member's login",
  'user rejoin': "the member's login",
  'user revoke': "the member's login",
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
