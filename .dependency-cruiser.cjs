// The floor plan's import table (DESIGN, section 3), each forbidden edge with its reason; `npm run check` prints it.
// Not a style guide: what is not forbidden here is allowed. Types count as imports, or a room could lean on another's
// insides unseen. Invariant: arrows go policies ◄ runtime ◄ (gateway | admin) ◄ cli, and gateway and admin never meet.

/** A pattern for packages: node_modules/NAME/, wherever npm put it. */
const packages = (...names) =>
  `node_modules/(${names.map((name) => name.replaceAll('.', '\\.')).join('|')})(/|$)`
const anyPackage = ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown', 'npm-bundled']
const production = '^(policies|runtime|gateway|admin|cli|demo)/'

/** @param {string} name @param {string} comment @param {object} from @param {object} to */
const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to })

const between = [
  forbid(
    'policies-alone',
    'a decision is a pure function: what it needs is handed to it, so it imports nothing else of ours',
    { path: '^policies/' },
    { path: '^(runtime|gateway|admin|cli|demo|test|bench|tools)/' },
  ),
  forbid(
    'policies-no-platform',
    'a decision has no clock, file, socket or process; impurity here would make replay and simulation lie',
    { path: '^policies/' },
    { dependencyTypes: ['core'] },
  ),
  forbid(
    'runtime-under-planes',
    'both planes stand on runtime; were it to know one of them, the other would drag that one in',
    { path: '^runtime/' },
    { path: '^(gateway|admin|cli|demo|test|bench|tools)/' },
  ),
  forbid(
    'gateway-not-admin',
    'the planes never meet: the data plane must run, and be read, without the control plane',
    { path: '^gateway/' },
    { path: '^(admin|cli|demo|test|bench|tools)/' },
  ),
  forbid(
    'admin-not-gateway',
    'the planes never meet: what they share is a record or a contract, and lives in runtime',
    { path: '^admin/' },
    { path: '^(gateway|cli|demo|test|bench|tools)/' },
  ),
  forbid(
    'demo-knows-nothing',
    'the demo is an application that has never heard of us; one import of ours and it proves nothing',
    { path: '^demo/' },
    { path: '^(policies|runtime|gateway|admin|cli|test|bench|tools)/' },
  ),
  forbid(
    'tools-plain',
    'tools start before anything is installed and on an older Node: plain JavaScript, no packages, none of our TypeScript',
    { path: '^tools/' },
    { path: ['^(policies|runtime|gateway|admin|cli|demo|test|bench)/', '/node_modules/', '^node_modules/'] },
  ),
  forbid(
    'nobody-imports-proofs',
    'test and bench look at everything; nothing that runs looks at them',
    { path: `${production}|^tools/` },
    { path: '^(test|bench)/' },
  ),
  forbid(
    'mains-are-roots',
    'a main wires a process together; only the command line, tests and benches start one',
    { path: '^(policies|runtime|gateway|admin|demo)/' },
    { path: '(^|/)main\\.tsx?$' },
  ),
]

const userInterface = [
  forbid(
    'ui-types-only',
    'the browser gets the API’s types and nothing it runs: a value import would ship zod and server code to it',
    { path: '^admin/ui/' },
    { path: '^(policies|runtime|admin/(?!ui/|api/))' },
  ),
  forbid(
    'ui-api-types-only',
    'from admin/api the UI takes types only (import type): a value import would ship zod and server code to the browser',
    { path: '^admin/ui/' },
    { path: '^admin/api/', dependencyTypesNot: ['type-only'] },
  ),
  forbid(
    'server-not-ui',
    'the control plane serves the built files of the UI; it never runs its source',
    { path: '^admin/(?!ui/)' },
    { path: '^admin/ui/' },
  ),
  forbid(
    'server-no-react',
    'people’s pages are Hono JSX, rendered on the server and working without script; React is the admin UI’s',
    { path: production, pathNot: '^admin/ui/' },
    { path: packages('react', 'react-dom', '@mantine/[^/]+', '@tanstack/[^/]+') },
  ),
]

const packagesOf = [
  forbid(
    'policies-packages',
    'every package under a decision is a package under every audit: luxon and zod, nothing more',
    { path: '^policies/' },
    { dependencyTypes: anyPackage, pathNot: packages('luxon', '@types/luxon', 'zod') },
  ),
  forbid(
    'luxon-compiles-timetables',
    'luxon costs 12 µs a call and reads zones; decisions read the sorted edges that the timetable compiler made with it',
    { path: '^policies/', pathNot: '^policies/timetable' },
    { path: packages('luxon', '@types/luxon') },
  ),
  forbid(
    'zod-reads-documents',
    'zod checks what people wrote, and its complaints become Problems; compiled snapshots are made, not parsed',
    { path: '^policies/', pathNot: '^policies/(document|problem)' },
    { path: packages('zod') },
  ),
  forbid(
    'runtime-packages',
    'what runtime imports, every gateway carries: only what both planes need',
    { path: '^runtime/' },
    {
      dependencyTypes: anyPackage,
      pathNot: packages('ioredis', 'zod', 'pino', 'jose', 'yaml', 'hono', 'canonicalize'),
    },
  ),
  forbid(
    'runtime-hono-jsx-only',
    'runtime renders pages; routing requests is the planes’ business',
    { path: '^runtime/' },
    { path: packages('hono'), pathNot: 'node_modules/hono/.*(jsx|html|utils)' },
  ),
  forbid(
    'gateway-packages',
    'every package on the data path is attack surface and microseconds: counting, verifying, and the first engine',
    { path: '^gateway/' },
    { dependencyTypes: anyPackage, pathNot: packages('prom-client', 'jose', 'undici') },
  ),
  forbid(
    'admin-through-hot-store',
    'Redis is spoken to in one place, runtime’s hot store, so that the in-process one can stand in for it',
    { path: '^(admin|gateway|demo)/' },
    { path: packages('ioredis', 'redis') },
  ),
  forbid(
    'no-dev-packages',
    'production is installed without development packages; the UI is built before, and the demo is not in it',
    { path: '^(policies|runtime|gateway|admin|cli)/', pathNot: '^admin/ui/' },
    { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: packages('@types/[^/]+') },
  ),
]

const everywhere = [
  forbid(
    'no-cycle',
    'two files that run each other are one file, or three (types may refer to each other: they are erased)',
    {},
    { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
  ),
  forbid(
    'resolvable',
    'an import that leads nowhere fails at run time, perhaps only on one path',
    {},
    { couldNotResolve: true },
  ),
  forbid(
    'declared',
    'a package that is not in package.json is there by accident of another’s wish',
    {},
    { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
  ),
]

module.exports = {
  forbidden: [...between, ...userInterface, ...packagesOf, ...everywhere],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|\\.cache|\\.gatehouse)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'node', 'default'],
    },
  },
}
