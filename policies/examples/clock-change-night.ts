/**
 * Story: a night shift in the nights in which the clocks are changed.
 *
 * Shows that the wall clock is the law: an hour that is skipped never opens, an hour that comes twice opens twice, and a
 * shift that ends at two ends when the wall first reads two, and opens again when it reads one again.
 */
import { hours, practice, type Story } from './story.ts'

const oak = practice({ id: 'oak', name: 'Oak Dental', zone: 'Europe/Berlin' }, (document) => {
  document.controls.time.mode = 'enforce'
  document.timeWindows = [
    hours(['sat'], '22:00', '03:00', { audience: { role: 'dentist' } }),
    hours(['sun'], '02:00', '02:30', { audience: { role: 'hygienist' } }),
  ]
  document.controls.time.scope.exempt.roles = ['owner', 'office-manager', 'front-desk']
})

/** Overnight windows across both changes of the clock. */
export const clockChangeNight: Story = {
  title: 'The night the clocks change',
  text: 'Dentists are on call from 22:00 on Saturday to 03:00 on Sunday; a backup is checked by the hygienist at 02:00.',
  practices: [oak],
  people: { dana: { name: 'Dana', roles: ['dentist'] }, hugo: { name: 'Hugo', roles: ['hygienist'] } },
  table: [
    {
      who: 'dana',
      from: '192.0.2.1',
      at: '2026-10-24T21:59+02:00',
      asks: 'GET /schedule',
      expect: 'outside-time-window',
      opensAt: '2026-10-24T22:00+02:00',
    },
    { who: 'dana', from: '192.0.2.1', at: '2026-10-25T02:59+02:00', asks: 'GET /schedule', expect: 'ok' },
    { who: 'dana', from: '192.0.2.1', at: '2026-10-25T02:30+01:00', asks: 'GET /schedule', expect: 'ok' },
    {
      who: 'dana',
      from: '192.0.2.1',
      at: '2026-10-25T03:00+01:00',
      asks: 'GET /schedule',
      expect: 'outside-time-window',
      opensAt: '2026-10-31T22:00+01:00',
    },
    { who: 'hugo', from: '192.0.2.1', at: '2026-10-25T02:15+02:00', asks: 'GET /schedule', expect: 'ok' },
    {
      who: 'hugo',
      from: '192.0.2.1',
      at: '2026-10-25T02:45+02:00',
      asks: 'GET /schedule',
      expect: 'outside-time-window',
      opensAt: '2026-10-25T02:00+01:00',
    },
    { who: 'hugo', from: '192.0.2.1', at: '2026-10-25T02:15+01:00', asks: 'GET /schedule', expect: 'ok' },
    {
      who: 'hugo',
      from: '192.0.2.1',
      at: '2027-03-28T01:59+01:00',
      asks: 'GET /schedule',
      expect: 'outside-time-window',
      opensAt: '2027-04-04T02:00+02:00',
    },
    { who: 'dana', from: '192.0.2.1', at: '2027-03-28T01:59+01:00', asks: 'GET /schedule', expect: 'ok' },
    {
      who: 'dana',
      from: '192.0.2.1',
      at: '2027-03-28T03:00+02:00',
      asks: 'GET /schedule',
      expect: 'outside-time-window',
    },
  ],
}
