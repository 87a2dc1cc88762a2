/**
 * Story: a new colleague, a temp for three weeks, a suspension, a revocation.
 *
 * Shows what the directory alone decides: unknown roles bring nothing, an expired entry lets nobody in, a suspended or
 * revoked person stays out on every guarded route until a fresh sign-in. Not shown: provisioning.
 */
import { entry, hours, practice, type Story, workdays } from './story.ts'

const oak = practice({ id: 'oak', name: 'Oak Dental', zone: 'Europe/Berlin' }, (document) => {
  const { ip, time } = document.controls
  ip.mode = 'enforce'
  ip.scope.exempt.users = ['olivia']
  time.mode = 'enforce'
  time.scope.exempt.roles = ['owner']
  document.ipEntries = [
    entry('Office Network', '203.0.113.0/24'),
    entry('Temp at home', '198.51.100.7', {
      audience: { user: 'theo' },
      expiresAt: Date.UTC(2026, 10, 30, 17),
    }),
    entry('Old office', '192.0.2.0/24', { on: false }),
  ]
  document.timeWindows = [
    hours(workdays, '08:00', '17:00'),
    hours(['sat'], '09:00', '12:00', {
      audience: { user: 'theo' },
      validFrom: '2026-11-09',
      validTo: '2026-11-28',
    }),
  ]
})
const workday = '2026-11-30T09:00+01:00'

/** Exemptions, expiries and the directory's word. */
export const peopleComeAndGo: Story = {
  title: 'People come and go',
  text: 'Olivia owns the place and works from anywhere. Theo helps for three weeks. Nick has no role yet. Sam is suspended.',
  practices: [oak],
  people: {
    olivia: { name: 'Olivia', roles: ['owner'] },
    theo: { name: 'Theo', roles: ['hygienist'] },
    nick: { name: 'Nick', roles: ['unassigned'] },
    sam: { name: 'Sam', roles: ['front-desk'], suspended: true },
    rita: { name: 'Rita', roles: ['front-desk'], epoch: 3 },
  },
  table: [
    { who: 'olivia', from: '192.0.2.99', at: '2026-11-29T03:00+01:00', asks: 'GET /payments', expect: 'ok' },
    { who: 'theo', from: '198.51.100.7', at: '2026-11-28T10:00+01:00', asks: 'GET /schedule', expect: 'ok' },
    {
      who: 'theo',
      from: '203.0.113.9',
      at: '2026-12-05T10:00+01:00',
      asks: 'GET /schedule',
      expect: 'outside-time-window',
      opensAt: '2026-12-07T08:00+01:00',
    },
    {
      who: 'theo',
      from: '198.51.100.7',
      at: '2026-12-01T10:00+01:00',
      asks: 'GET /schedule',
      expect: 'address-not-allowed',
    },
    { who: 'theo', from: '192.0.2.5', at: workday, asks: 'GET /schedule', expect: 'address-not-allowed' },
    { who: 'nick', from: '203.0.113.9', at: workday, asks: 'GET /schedule', expect: 'permission-missing' },
    { who: 'sam', from: '203.0.113.9', at: workday, asks: 'GET /schedule', expect: 'user-suspended' },
    {
      who: 'rita',
      from: '203.0.113.9',
      at: workday,
      asks: 'GET /schedule',
      session: { epoch: 2 },
      expect: 'session-revoked',
    },
    {
      who: 'rita',
      from: '203.0.113.9',
      at: workday,
      asks: 'GET /schedule',
      session: { epoch: 3 },
      expect: 'ok',
    },
    {
      who: 'rita',
      from: '203.0.113.9',
      at: workday,
      asks: 'GET /schedule',
      session: { epoch: 3, held: true },
      expect: 'sign-in-held',
    },
  ],
}
