/**
 * Story: one office, one network, one opening time.
 *
 * The commonest set-up of all; shows that a refusal names the first control in order, and that patients are no staff.
 * Not shown: requests for access (`phone-on-lte.ts`).
 */
import { entry, hours, practice, type Story, workdays } from './story.ts'

const oak = practice({ id: 'oak', name: 'Oak Dental', zone: 'America/Denver' }, (document) => {
  document.controls.ip.mode = 'enforce'
  document.controls.time.mode = 'enforce'
  document.ipEntries = [entry('Office Network', '203.0.113.0/24')]
  document.timeWindows = [hours(workdays, '07:30', '18:00')]
})

/** Office network and office hours, for everyone. */
export const soloOffice: Story = {
  title: 'A solo office',
  text: 'Access only from the office network and between 07:30 and 18:00 on workdays. Booking is for everybody.',
  practices: [oak],
  people: { fiona: { name: 'Fiona', roles: ['front-desk'] }, hugo: { name: 'Hugo', roles: ['hygienist'] } },
  table: [
    { who: 'fiona', from: '203.0.113.9', at: '2026-11-23T08:00-07:00', asks: 'GET /schedule', expect: 'ok' },
    {
      who: 'fiona',
      from: '198.51.100.7',
      at: '2026-11-23T08:00-07:00',
      asks: 'GET /schedule',
      expect: 'address-not-allowed',
    },
    {
      who: 'fiona',
      from: '203.0.113.9',
      at: '2026-11-20T18:00-07:00',
      asks: 'GET /schedule',
      expect: 'outside-time-window',
      opensAt: '2026-11-23T07:30-07:00',
    },
    {
      who: 'fiona',
      from: '198.51.100.7',
      at: '2026-11-22T12:00-07:00',
      asks: 'GET /schedule',
      expect: 'address-not-allowed',
    },
    {
      who: 'hugo',
      from: '203.0.113.9',
      at: '2026-11-23T08:00-07:00',
      asks: 'GET /payments',
      expect: 'permission-missing',
    },
    {
      who: 'anonymous',
      from: '198.51.100.7',
      at: '2026-11-22T12:00-07:00',
      asks: 'GET /booking/new',
      expect: 'ok',
    },
    {
      who: 'anonymous',
      from: '203.0.113.9',
      at: '2026-11-23T08:00-07:00',
      asks: 'GET /schedule',
      expect: 'not-signed-in',
    },
    {
      who: 'indeterminate',
      from: '203.0.113.9',
      at: '2026-11-23T08:00-07:00',
      asks: 'GET /schedule',
      expect: 'identity-unavailable',
    },
    {
      who: 'fiona',
      from: '203.0.113.9',
      at: '2026-11-23T08:00-07:00',
      asks: 'GET /not-in-the-table',
      expect: 'ok',
    },
  ],
}
