/**
 * Story: a swollen jaw on a Sunday; the dentist needs the chart, from home, now.
 *
 * Shows that emergency access lifts address and hours for a while and nothing else: not the second factor, not
 * permissions, not a revocation. Not shown: who is told of it, and the review later.
 */
import { entry, hours, practice, type Story, workdays } from './story.ts'

const oak = practice({ id: 'oak', name: 'Oak Dental', zone: 'America/Denver' }, (document) => {
  const { ip, time, twoFactor } = document.controls
  ip.mode = 'enforce'
  time.mode = 'enforce'
  twoFactor.mode = 'enforce'
  document.emergency.allowed = true
  document.ipEntries = [entry('Office Network', '203.0.113.0/24')]
  document.timeWindows = [hours(workdays, '08:00', '17:00')]
})
const emergency = {
  kind: 'break-glass',
  from: '2026-11-22T10:00-07:00',
  to: '2026-11-22T11:00-07:00',
} as const
const fresh = { method: 'passkey', minutesAgo: 1 } as const

/** Emergency access lifts address and time, and only those. */
export const weekendEmergency: Story = {
  title: 'An emergency on Sunday',
  text: 'Dana takes emergency access for an hour at ten. It opens the door, but asks for the second factor all the same.',
  practices: [oak],
  people: {
    dana: { name: 'Dana', roles: ['dentist'], factors: ['passkey'], grants: [emergency] },
    dora: { name: 'Dora', roles: ['dentist'], factors: ['passkey'], grants: [emergency], epoch: 2 },
  },
  table: [
    {
      who: 'dana',
      from: '198.51.100.7',
      at: '2026-11-22T09:59-07:00',
      asks: 'GET /patients/7',
      factor: fresh,
      expect: 'address-not-allowed',
      opensAt: '2026-11-22T10:00-07:00',
    },
    {
      who: 'dana',
      from: '198.51.100.7',
      at: '2026-11-22T10:00-07:00',
      asks: 'GET /patients/7',
      factor: fresh,
      expect: 'ok',
    },
    {
      who: 'dana',
      from: '198.51.100.7',
      at: '2026-11-22T10:30-07:00',
      asks: 'GET /patients/7',
      expect: 'two-factor-not-verified',
    },
    {
      who: 'dana',
      from: '198.51.100.7',
      at: '2026-11-22T10:30-07:00',
      asks: 'GET /payments',
      factor: fresh,
      expect: 'permission-missing',
    },
    {
      who: 'dora',
      from: '198.51.100.7',
      at: '2026-11-22T10:30-07:00',
      asks: 'GET /patients/7',
      factor: fresh,
      session: { epoch: 1 },
      expect: 'session-revoked',
    },
    {
      who: 'dana',
      from: '198.51.100.7',
      at: '2026-11-22T11:00-07:00',
      asks: 'GET /patients/7',
      factor: fresh,
      expect: 'address-not-allowed',
    },
    {
      who: 'dana',
      from: '203.0.113.9',
      at: '2026-11-22T11:00-07:00',
      asks: 'GET /patients/7',
      factor: fresh,
      expect: 'outside-time-window',
      opensAt: '2026-11-23T08:00-07:00',
    },
  ],
}
