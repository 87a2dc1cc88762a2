/**
 * Story: a biller who works from home, at night, for a practice that is otherwise closed to the world.
 *
 * Shows entries and windows of one user, "instead of role hours", and a second factor asked of one person only.
 * Not shown: how the home address got listed.
 */
import { entry, hours, practice, type Story, workdays } from './story.ts'

const oak = practice({ id: 'oak', name: 'Oak Dental', zone: 'America/Denver' }, (document) => {
  const { ip, time, twoFactor } = document.controls
  ip.mode = 'enforce'
  time.mode = 'enforce'
  twoFactor.mode = 'enforce'
  twoFactor.scope = { include: { roles: [], users: ['riley'] }, exempt: { roles: [], users: [] } }
  document.ipEntries = [
    entry('Office Network', '203.0.113.0/24'),
    entry('Riley at home', '2001:db8:77:1::/64', { audience: { user: 'riley' } }),
  ]
  document.timeWindows = [
    hours(workdays, '08:00', '17:00'),
    hours(workdays, '20:00', '23:00', { audience: { user: 'riley' }, insteadOfRoleHours: true }),
  ]
})
const fresh = { method: 'totp', minutesAgo: 5 } as const

/** A user with a network and hours of their own, and a second factor. */
export const remoteBiller: Story = {
  title: 'The remote biller',
  text: 'Riley bills from home, evenings only, with a second factor. The home network lets in nobody else.',
  practices: [oak],
  people: {
    riley: { name: 'Riley', roles: ['front-desk'], factors: ['totp'] },
    fiona: { name: 'Fiona', roles: ['front-desk'] },
  },
  table: [
    {
      who: 'riley',
      from: '2001:db8:77:1::5',
      at: '2026-11-23T20:30-07:00',
      asks: 'GET /payments',
      factor: fresh,
      expect: 'ok',
    },
    {
      who: 'riley',
      from: '2001:db8:77:1::5',
      at: '2026-11-23T20:30-07:00',
      asks: 'GET /payments',
      expect: 'two-factor-not-verified',
    },
    {
      who: 'riley',
      from: '2001:db8:77:2::5',
      at: '2026-11-23T20:30-07:00',
      asks: 'GET /payments',
      factor: fresh,
      expect: 'address-not-allowed',
    },
    {
      who: 'riley',
      from: '203.0.113.9',
      at: '2026-11-23T09:00-07:00',
      asks: 'GET /payments',
      factor: fresh,
      expect: 'outside-time-window',
      opensAt: '2026-11-23T20:00-07:00',
    },
    {
      who: 'fiona',
      from: '2001:db8:77:1::5',
      at: '2026-11-23T09:00-07:00',
      asks: 'GET /payments',
      expect: 'address-not-allowed',
    },
    { who: 'fiona', from: '203.0.113.9', at: '2026-11-23T09:00-07:00', asks: 'GET /payments', expect: 'ok' },
  ],
}
