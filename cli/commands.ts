/**
 * The commands of `gatehouse`: their usage, what they do, and the options that each takes. A table; nothing is run here.
 *
 * `command-line.ts` reads what was typed by it, and `docs/command-line.md` shows it. Invariant: an option that is not here
 * is refused. **A new command needs an entry here, a line in `main.ts` and its rows in the documents.**
 */

const inPractice = {
  config: { type: 'string' },
  practice: { type: 'string' },
  json: { type: 'boolean' },
} as const
const changing = { reason: { type: 'string' }, wait: { type: 'string' } } as const

/** Every command by name, in the order in which they are shown. */
export const commands = {
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
    usage: 'admin --config FILE [--first-account link|password] [--json]',
    sentence:
      'one control plane (needs Redis and PostgreSQL); on an empty database it tells how the first account signs in',
    options: {
      config: { type: 'string' },
      json: { type: 'boolean' },
      'first-account': { type: 'string' },
    },
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
  'routes propose': {
    usage: 'routes propose --practice ID [--upstream ID] [--config FILE] [--json]',
    sentence:
      'prints a route table proposed from what people did where no route maps it (`learn`), as YAML to complete; applies nothing',
    options: { ...inPractice, upstream: { type: 'string' } },
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
  'user add': {
    usage:
      'user add LOGIN --practice ID --name TEXT --role ID… [--email ADDRESS] [--upstream ID] [--app-user NAME] [--reason TEXT] [--wait SECONDS] [--config FILE] [--json]',
    sentence: 'takes somebody into a practice before their first sign-in, or into one more practice',
    options: {
      ...inPractice,
      ...changing,
      name: { type: 'string' },
      role: { type: 'string', multiple: true },
      email: { type: 'string' },
      upstream: { type: 'string' },
      'app-user': { type: 'string' },
    },
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
  'user reset': {
    usage: 'user reset LOGIN --practice ID --reason TEXT [--wait SECONDS] [--config FILE] [--json]',
    sentence:
      "removes a member's second factor and recovery codes and ends all their sessions, in every practice of theirs",
    options: { ...inPractice, ...changing },
  },
  'user remove': {
    usage: 'user remove LOGIN --practice ID [--reason TEXT] [--wait SECONDS] [--config FILE] [--json]',
    sentence: 'ends a membership: refused in the practice from the next request on',
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
