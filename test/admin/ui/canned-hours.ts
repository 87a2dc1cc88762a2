/**
 * Hours and presets of the made-up practice, as the admin API would tell them, for the UI tests.
 *
 * The rest of that practice is `canned-practice.ts`. Invariant: every answer passes the contract's own schema.
 */
import { at } from './canned-practice.ts'

const hour = 3_600_000
const day = 24 * hour

const window = {
  audience: 'practice',
  audienceName: 'Whole practice',
  days: ['mon', 'tue', 'wed', 'thu', 'fri'],
  start: '08:00',
  end: '18:00',
  label: null,
  zone: null,
  validFrom: null,
  validTo: null,
  insteadOfRoleHours: false,
}

/** Office hours for everyone, an early start for hygienists; Thanksgiving closed. */
export const timeWindows = {
  revision: 17,
  zone: 'America/Denver',
  now: 'Tue 24 Nov 2026, 10:05',
  mode: 'off',
  windows: [
    { ...window, id: 'tw-office', sentence: 'Mon to Fri 08:00–18:00' },
    {
      ...window,
      id: 'tw-early',
      label: 'Early start',
      audience: { role: 'hygienist' },
      audienceName: 'Role Hygienist',
      start: '06:30',
      end: '08:00',
      sentence: 'Mon to Fri 06:30–08:00',
    },
  ],
  exceptions: [
    {
      id: 'tx-thanks',
      label: 'Thanksgiving',
      kind: 'closure',
      from: '2026-11-26',
      to: '2026-11-26',
      start: '00:00',
      end: '24:00',
      audience: 'practice',
      audienceName: 'Whole practice',
      sentence: 'Closed 26 Nov 2026, all day',
      past: false,
    },
  ],
  audiences: [
    {
      audience: 'practice',
      audienceName: 'Whole practice',
      open: true,
      changesAt: at + 8 * hour,
      sentence: 'Open until Tue 24 Nov 2026, 18:00',
    },
    {
      audience: { role: 'hygienist' },
      audienceName: 'Role Hygienist',
      open: true,
      changesAt: at + 8 * hour,
      sentence: 'Open until Tue 24 Nov 2026, 18:00',
    },
  ],
}

const weekday = (place: number) => (['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const)[place % 7]

/** The next 14 days of somebody without a role. */
export const timePreview = {
  zone: 'America/Denver',
  now: 'Tue 24 Nov 2026, 10:05',
  name: 'Somebody without a role',
  mode: 'enforce',
  inScope: true,
  open: true,
  changesAt: at + 8 * hour,
  sentence: 'Open until Tue 24 Nov 2026, 18:00',
  days: Array.from({ length: 14 }, (_, place) => ({
    date: new Date(at + place * day).toISOString().slice(0, 10),
    weekday: weekday(place + 1),
    isToday: place === 0,
    hours: [2, 4, 5, 11, 12].includes(place) ? [] : [{ start: '08:00', end: '18:00' }],
  })),
}

const everyoneReady = { notSetUp: [], graceMs: 7 * day }

/** Office only applied yesterday, office hours applicable, baseline as it is now. */
export const presets = {
  revision: 17,
  presets: [
    {
      id: 'baseline',
      name: 'Baseline',
      description: 'Nothing is restricted.',
      problems: [],
      changes: [],
      ...everyoneReady,
    },
    {
      id: 'two-factor-everyone',
      name: '2FA for everyone',
      description: 'Everyone shows a second factor.',
      problems: [],
      changes: ['Two-factor: off → enforce'],
      notSetUp: [
        { user: 'u-fiona', name: 'Fiona Front' },
        { user: 'u-nora', name: 'Nora Owner' },
      ],
      graceMs: 7 * day,
    },
    {
      id: 'office-only',
      name: 'Office only',
      description: 'Access only from listed networks; from elsewhere people may ask.',
      problems: [],
      changes: ['IP restrictions: monitor → enforce'],
      ...everyoneReady,
    },
    {
      id: 'office-hours',
      name: 'Office hours',
      description: 'Access only within approved times; outside people may ask.',
      problems: [{ path: 'timeWindows', sentence: 'Add the office hours first, on Time Windows.' }],
      changes: [],
      ...everyoneReady,
    },
  ],
  last: {
    id: 'office-only',
    name: 'Office only',
    by: 'Nora Owner',
    at: at - day,
    undo: ['IP restrictions: monitor → off'],
  },
}
