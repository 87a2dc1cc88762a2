/**
 * Sign-ins by hour, extensions and simulations of the made-up practice, as the admin API would tell them.
 *
 * Its windows are `canned-hours.ts`. Invariant: every answer passes the contract's own schema.
 */
import { timePreview, timeWindows } from './canned-hours.ts'
import { at } from './canned-practice.ts'

const hour = 3_600_000
const day = 24 * hour
const practice = '/api/practices/:practice'

/** Most sign-ins at eight and one, some on Saturday morning, outside of every window. */
const signInHours = {
  zone: 'America/Denver',
  name: 'Everyone',
  days: 28,
  total: 5 * (12 + 34 + 9 + 16 + 4) + 14,
  counts: Array.from({ length: 7 }, (_, place) =>
    Array.from({ length: 24 }, (_, of) =>
      place < 5 ? ({ 7: 12, 8: 34, 9: 9, 13: 16, 17: 4 }[of] ?? 0) : place === 5 && of === 9 ? 14 : 0,
    ),
  ),
}

/** Fiona may stay two hours more today. */
export const extension = {
  id: 'gr-fiona',
  user: { id: 'u-fiona', name: 'Fiona Front' },
  startsAt: at - hour,
  endsAt: at + 2 * hour,
  givenBy: 'Nora Owner',
}

const gate = (
  name: string,
  control: string,
  passes: boolean,
  sentence: string,
  untilText: string | null,
) => ({
  ...{ gate: name, control, mode: 'enforce', passes, sentence, untilText },
  ...{ reason: passes ? 'ok' : 'outside-time-window', until: untilText === null ? null : at + 8 * hour },
})

const session = [
  gate('identity', 'session', true, 'Hugo Hygienist is signed in.', null),
  gate('revoked', 'session', true, 'The session is not revoked.', null),
  gate('member', 'session', true, 'Hugo Hygienist is a member of Maple Dental as Hygienist.', null),
]
const address = {
  ...gate('address', 'ip', false, '198.51.100.23 is in no entry that serves Hugo Hygienist.', null),
  ...{ mode: 'monitor', reason: 'address-not-allowed' },
}

const permitted = {
  verdict: 'permit',
  reason: 'ok',
  control: null,
  because: 'nothing',
  opensAt: null,
  gates: [
    ...session,
    address,
    gate('hours', 'time', true, 'Within the approved hours.', 'Tue 24 Nov 2026, 18:00'),
  ],
  remedies: [],
  timelineUntil: at + 7 * day,
  timeline: [{ at, text: 'Tue 24 Nov 2026, 10:05', verdict: 'permit', reason: 'ok', because: 'nothing' }],
}

const because = 'it was outside the allowed hours'
const refused = {
  ...permitted,
  ...{ verdict: 'deny', reason: 'outside-time-window', control: 'time', because, opensAt: at + 22 * hour },
  gates: [
    ...session,
    address,
    gate('hours', 'time', false, 'Outside the approved hours, until 08:00.', 'Wed 25 Nov 2026, 08:00'),
  ],
  remedies: [{ by: 'hours', sentence: 'Give Hugo Hygienist an extension, or add a window.' }],
  timeline: [
    {
      ...{ at, text: 'Tue 24 Nov 2026, 10:05', verdict: 'deny' },
      ...{ reason: 'outside-time-window', because },
    },
    ...[1, 2, 3].flatMap((place) => {
      const opens = at - 2 * hour - 5 * 60_000 + place * day
      return [
        { at: opens, text: `day ${place}, 08:00`, verdict: 'permit', reason: 'ok', because: 'nothing' },
        {
          ...{ at: opens + 10 * hour, text: `day ${place}, 18:00`, verdict: 'deny' },
          ...{ reason: 'outside-time-window', because },
        },
      ]
    }),
  ],
}

/** Hugo gets in as saved; with the draft he is outside his hours until the next morning. */
export const simulation = {
  ...{ revision: 17, name: 'Hugo Hygienist', at, route: '(some page)', zone: 'America/Denver' },
  ...{ saved: permitted, draft: refused },
}

const { audienceName: _, sentence: __, ...office } = timeWindows.windows[0] ?? {}

const office8to18 = `${'0'.repeat(8)}${'1'.repeat(10)}${'0'.repeat(6)}`
const early = `${'0'.repeat(6)}~${'1'.repeat(11)}${'0'.repeat(6)}`
const isWorkday = (place: number): boolean => ![2, 4, 5].includes(place)
const closed = '0'.repeat(24)

/** Three people in the office, one of them early, from today (Tuesday) on; nobody on Thanksgiving. */
const calendar = {
  zone: 'America/Denver',
  now: 'Tue 24 Nov 2026, 10:05',
  mode: 'enforce',
  days: timePreview.days.slice(0, 7).map(({ date, weekday, isToday }) => ({ date, weekday, isToday })),
  counts: Array.from({ length: 7 }, (_, place) =>
    [...early].map((sign, hour) =>
      isWorkday(place) && sign !== '0' ? (office8to18[hour] === '1' ? 3 : 1) : 0,
    ),
  ),
  groups: [
    {
      hours: Array.from({ length: 7 }, (_, place) => (isWorkday(place) ? office8to18 : closed)),
      count: 2,
      people: [
        { user: 'u-ada', name: 'Ada Dentist', inScope: true },
        { user: 'u-fiona', name: 'Fiona Front', inScope: true },
      ],
    },
    {
      hours: Array.from({ length: 7 }, (_, place) => (isWorkday(place) ? early : closed)),
      count: 1,
      people: [{ user: 'u-hugo', name: 'Hugo Hygienist', inScope: true }],
    },
  ],
}

/** Answers by route. */
export const timeAnswers: Readonly<Record<string, unknown>> = {
  [`GET ${practice}/sign-in-hours`]: signInHours,
  [`GET ${practice}/time-calendar`]: calendar,
  [`GET ${practice}/extensions`]: { extensions: [extension] },
  [`POST ${practice}/users/:user/extensions`]: { extension, sequence: 42 },
  [`DELETE ${practice}/extensions/:id`]: { extension, sequence: 42 },
  [`PUT ${practice}/weekly-hours`]: {
    ...{ revision: 18, sequence: 42, windows: [office], notes: ['It runs into the next day.'] },
  },
  [`POST ${practice}/simulate`]: simulation,
}
