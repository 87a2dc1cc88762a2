/**
 * The practice that the gateway guards while it is measured: its people, its rules, and each rule made to refuse.
 *
 * Not a model of a real practice. Invariant: with `all` every control is enforced and everyone passes; with any other
 * rule exactly one control says no, and says it with the reason named here, which proves before the measuring that
 * no control is asleep. Measuring with controls off was refused: it would be another gateway.
 */
import type { PolicyDocument } from '../policies/document.ts'
import { newDocument } from '../policies/standard-roles.ts'
import { type Config, configSchema } from '../runtime/config.ts'
import type { Shot } from './wrk.ts'

/** Everyone who is signed in, by the application's user id. */
export const people: readonly string[] = Array.from({ length: 16 }, (_, at) => `person-${at + 1}`)

/** The practice that requests are about; everyone is of a second one too. */
export const practices = ['riverside', 'lakeview'] as const

/** The rules there are, and with which reason they refuse; `null`: they permit. In the order to try them. */
export const rules = {
  unproved: 'two-factor-not-verified',
  elsewhere: 'address-not-allowed',
  closed: 'outside-time-window',
  powerless: 'permission-missing',
  all: null,
} as const
/** One of them. */
export type Rule = keyof typeof rules

/** The listed networks: a thousand, the load's own last. */
export const networks: readonly string[] = [
  ...Array.from(
    { length: 899 },
    (_, at) => `${11 + (at % 40) * 5}.${(at * 3) & 255}.${(at * 61) & 255}.0/24`,
  ),
  ...Array.from({ length: 100 }, (_, at) => `2001:db8:${(at + 1).toString(16)}::/48`),
  '127.0.0.1/32',
]

const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

const windowsOf = (audience: PolicyDocument['timeWindows'][number]['audience'], name: string) =>
  days.map((day) => ({
    id: `${name}-${day}`,
    label: null,
    audience,
    days: [day],
    start: '00:00',
    end: '24:00',
    zone: null,
    validFrom: null,
    validTo: null,
    insteadOfRoleHours: false,
  }))

/** The document of a practice under that rule. `user`: somebody with hours and a network of their own. */
export const documentUnder = (rule: Rule, before: PolicyDocument, user: string): PolicyDocument => {
  const { practice } = before
  const document = newDocument(practice, 'standard')
  const { ip, time, twoFactor, permission } = document.controls
  for (const control of [ip, time, twoFactor, permission]) control.mode = 'enforce'
  twoFactor.maxAgeMs = 12 * 3_600_000
  const listed = rule === 'elsewhere' ? networks.slice(0, -1) : networks
  document.ipEntries = listed.map((range, at) => ({
    id: `entry-${at}`,
    range,
    label: `Network ${at}`,
    audience: at % 4 === 1 ? { role: 'front-desk' } : at % 16 === 2 ? { user } : 'practice',
    on: true,
    expiresAt: null,
    note: '',
    createdBy: 'bench',
    createdAt: 0,
  }))
  document.timeWindows = [
    ...windowsOf('practice', 'practice'),
    ...windowsOf({ role: 'front-desk' }, 'desk'),
    ...windowsOf({ user }, 'own'),
  ]
  if (rule === 'closed')
    for (const window of document.timeWindows) Object.assign(window, { validTo: '2000-01-31' })
  if (rule === 'powerless')
    for (const role of document.roles)
      role.permissions = role.permissions.filter((id) => id !== 'view-patient-window')
  return document
}

/** With four routes each, and four besides, 200. */
const areas: readonly string[] = Array.from({ length: 49 }, (_, at) => `area-${at + 1}`)

/** The configuration of the gateway: sign-in watched, 200 routes, everything else as it comes. */
export const benchConfig = (
  url: string,
  port: number,
  dataDir: string,
  engine: Config['gateway']['engine'],
): Config =>
  configSchema.parse({
    dataDir,
    gateway: { engine, limits: { requestsPerConnectionMax: 1_000_000 } },
    clusterKey: 'a-cluster-key-for-the-bench-only-0123456789',
    listen: { application: `127.0.0.1:${port}`, gatewayMetrics: '127.0.0.1:0' },
    upstreams: [
      {
        id: 'app',
        name: 'Application',
        url,
        identity: {
          cookies: ['sid'],
          signInPage: '/sign-in',
          returnParameter: 'next',
          introspection: { path: '/me', kindField: 'kind' },
          login: [
            { match: 'POST /sign-in', userField: 'user', success: { status: [303], setCookie: 'sid' } },
          ],
          logout: [{ match: 'POST /sign-out' }],
        },
        practice: { cookie: { name: 'practice', authoritative: true } },
        routes: [
          { match: 'GET /sign-in', class: 'public' },
          { match: 'GET /assets/**', class: 'public' },
          { match: 'GET /home', class: 'picker' },
          { match: 'GET,POST /patients/:id', any: ['view-patient-window'] },
          ...areas.flatMap((area) => [
            { match: `GET /${area}`, any: ['see-schedule-page'] },
            { match: `GET /${area}/:id`, any: ['see-schedule-page'] },
            { match: `POST /${area}/:id`, any: ['create-appointments-on-schedule'] },
            { match: `DELETE /${area}/:id`, any: ['manage-refunds'] },
          ]),
        ],
      },
    ],
  })

/** The configuration of a gateway that guards nothing: every route is public, nobody is identified. */
export const openConfig = (url: string, port: number, dataDir: string): Config =>
  configSchema.parse({
    dataDir,
    gateway: { limits: { requestsPerConnectionMax: 1_000_000 } },
    clusterKey: 'a-cluster-key-for-the-bench-only-0123456789',
    listen: { application: `127.0.0.1:${port}`, gatewayMetrics: '127.0.0.1:0' },
    upstreams: [{ id: 'open', name: 'Open', url, routes: [{ match: '* /**', class: 'public' }] }],
  })

/** The application's page, 1,024 bytes. */
export const page = 'Gatehouse measures this page. '.repeat(35).slice(0, 1_024)

/** What else the application has, all of it as the patients' own: larger pages by size, one in chunks, a WebSocket. */
export const places = {
  large: { path: '/patients/64k', bytes: 65_536 },
  huge: { path: '/patients/1m', bytes: 1_048_576 },
  chunks: { path: '/patients/chunks', bytes: 65_536 },
  socket: { path: '/patients/socket', bytes: 0 },
} as const
/** One of them. */
export type Place = keyof typeof places

/** What a browser's script sends along; cookies are added. */
const browserHeaders = {
  Accept: 'application/json',
  'Accept-Encoding': 'gzip, deflate, br',
  'Accept-Language': 'en-US,en;q=0.9',
  'Sec-Fetch-Dest': 'empty',
  'Sec-Fetch-Mode': 'cors',
  'Sec-Fetch-Site': 'same-origin',
  'User-Agent':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36',
}

const bodyBytes = 4_096
const jsonBody = JSON.stringify({ note: 'n'.repeat(bodyBytes - JSON.stringify({ note: '' }).length) })

/** A reading or a writing request of each of these cookie headers; `place`: of that, absent: each of a page of its own. */
export const shotsOf = (
  method: Shot['method'],
  cookies: readonly string[],
  place: Place | null = null,
): readonly Shot[] =>
  cookies.map((cookie, at) => ({
    method,
    path: place === null ? `/patients/${4_100 + at * 7}` : places[place].path,
    headers: {
      ...browserHeaders,
      ...(method === 'POST' ? { 'Content-Type': 'application/json' } : {}),
      Cookie: cookie,
    },
    body: method === 'POST' ? jsonBody : null,
  }))
