/**
 * Story: a practice that restricts some roles, shortens some sessions and builds its own roles.
 *
 * Shows scope by role with exemptions, the strictest timeout of several roles, the union of grants over roles, and a
 * permission that is granted but blocked. Not shown: the role editor.
 */
import { entry, practice, type Story } from './story.ts'

const oak = practice({ id: 'oak', name: 'Oak Dental', zone: 'America/Denver' }, (document) => {
  const { ip } = document.controls
  ip.mode = 'enforce'
  ip.scope = {
    include: { roles: ['front-desk', 'hygienist'], users: [] },
    exempt: { roles: ['hygienist'], users: ['fay'] },
  }
  document.ipEntries = [entry('Office Network', '203.0.113.0/24')]
  document.roles = [
    ...document.roles.map((role) => (role.id === 'front-desk' ? { ...role, idleMs: 15 * 60_000 } : role)),
    { id: 'cashier', name: 'Cashier', permissions: ['manage-refunds'], idleMs: null, absoluteMs: null },
  ]
})
const at = '2026-11-23T10:00-07:00'
const [home, office] = ['198.51.100.7', '203.0.113.9']

/** Scope, exemptions, timeouts and blocked grants by role. */
export const cautiousRoles: Story = {
  title: 'Cautious roles',
  text: 'Only the front desk is bound to the office; whoever has a desk there is signed out after 15 idle minutes.',
  practices: [oak],
  people: {
    fiona: { name: 'Fiona', roles: ['front-desk'] },
    fay: { name: 'Fay', roles: ['front-desk'] },
    hugo: { name: 'Hugo', roles: ['hygienist'] },
    both: { name: 'Bo', roles: ['hygienist', 'front-desk'] },
    carl: { name: 'Carl', roles: ['cashier'] },
    cora: { name: 'Cora', roles: ['cashier', 'front-desk'] },
  },
  table: [
    { who: 'fiona', from: home, at, asks: 'GET /schedule', expect: 'address-not-allowed' },
    { who: 'fay', from: home, at, asks: 'GET /schedule', expect: 'ok' },
    { who: 'hugo', from: home, at, asks: 'GET /schedule', expect: 'ok' },
    { who: 'both', from: home, at, asks: 'GET /schedule', expect: 'address-not-allowed' },
    {
      who: 'both',
      from: office,
      at,
      asks: 'GET /schedule',
      session: { idleMinutes: 15 },
      expect: 'session-idle',
    },
    { who: 'hugo', from: office, at, asks: 'GET /schedule', session: { idleMinutes: 15 }, expect: 'ok' },
    { who: 'carl', from: office, at, asks: 'POST /payments/refunds', expect: 'permission-missing' },
    { who: 'cora', from: office, at, asks: 'POST /payments/refunds', expect: 'ok' },
  ],
}
