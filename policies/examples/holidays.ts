/**
 * Story: closed for Thanksgiving, open on a Saturday, and one person who stays late.
 *
 * Shows the order of SPEC §1: a closure beats windows, an opening beats a closure, a grant beats both, and each may
 * concern everyone, a role or one person. Not shown: the page that lists this week's times.
 */
import { exception, hours, practice, type Story, workdays } from './story.ts'

const oak = practice({ id: 'oak', name: 'Oak Dental', zone: 'America/Denver' }, (document) => {
  document.controls.time.mode = 'enforce'
  document.timeWindows = [hours(workdays, '08:00', '12:00'), hours(workdays, '12:00', '17:00')]
  document.exceptions = [
    exception('closure', 'Thanksgiving', '2026-11-26', { to: '2026-11-27' }),
    exception('opening', 'Emergency service', '2026-11-27', {
      start: '09:00',
      end: '11:00',
      audience: { role: 'dentist' },
    }),
    exception('opening', 'Open Saturday', '2026-12-05', { start: '09:00', end: '13:00' }),
    exception('closure', 'Leave', '2026-12-07', { audience: { user: 'fiona' } }),
  ]
})

/** Closures, openings and a stay-late grant. */
export const holidays: Story = {
  title: 'Holidays and exceptions',
  text: 'Closed on two days in November, dentists on call on the second; one open Saturday; Fiona on leave; Dana stays late once.',
  practices: [oak],
  people: {
    fiona: { name: 'Fiona', roles: ['front-desk'] },
    dana: {
      name: 'Dana',
      roles: ['dentist'],
      grants: [{ kind: 'time', from: '2026-11-26T20:00-07:00', to: '2026-11-26T21:00-07:00' }],
    },
  },
  table: [
    { who: 'fiona', from: '192.0.2.1', at: '2026-11-25T12:00-07:00', asks: 'GET /schedule', expect: 'ok' },
    {
      who: 'fiona',
      from: '192.0.2.1',
      at: '2026-11-25T17:00-07:00',
      asks: 'GET /schedule',
      expect: 'outside-time-window',
      opensAt: '2026-11-30T08:00-07:00',
    },
    { who: 'dana', from: '192.0.2.1', at: '2026-11-26T20:30-07:00', asks: 'GET /schedule', expect: 'ok' },
    {
      who: 'dana',
      from: '192.0.2.1',
      at: '2026-11-26T21:00-07:00',
      asks: 'GET /schedule',
      expect: 'outside-time-window',
      opensAt: '2026-11-27T09:00-07:00',
    },
    { who: 'dana', from: '192.0.2.1', at: '2026-11-27T10:00-07:00', asks: 'GET /schedule', expect: 'ok' },
    {
      who: 'fiona',
      from: '192.0.2.1',
      at: '2026-11-27T10:00-07:00',
      asks: 'GET /schedule',
      expect: 'outside-time-window',
    },
    { who: 'fiona', from: '192.0.2.1', at: '2026-12-05T09:00-07:00', asks: 'GET /schedule', expect: 'ok' },
    {
      who: 'fiona',
      from: '192.0.2.1',
      at: '2026-12-07T09:00-07:00',
      asks: 'GET /schedule',
      expect: 'outside-time-window',
      opensAt: '2026-12-08T08:00-07:00',
    },
    { who: 'dana', from: '192.0.2.1', at: '2026-12-07T09:00-07:00', asks: 'GET /schedule', expect: 'ok' },
  ],
}
