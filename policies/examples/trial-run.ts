/**
 * Story: a practice that tries restrictions for a week before it means them.
 *
 * Shows monitor mode: everything passes, and what would have been refused is recorded, one reason a control; what is
 * enforced still refuses. Not shown: the list of who would have been refused.
 */
import { entry, hours, practice, type Story, workdays } from './story.ts'

const oak = practice({ id: 'oak', name: 'Oak Dental', zone: 'America/Denver' }, (document) => {
  document.controls.ip.mode = 'monitor'
  document.controls.time.mode = 'monitor'
  document.controls.twoFactor.mode = 'monitor'
  document.ipEntries = [entry('Office Network', '203.0.113.0/24')]
  document.timeWindows = [hours(workdays, '08:00', '17:00')]
})

/** Controls in monitor mode. */
export const trialRun: Story = {
  title: 'A trial run',
  text: 'Addresses, hours and second factors are watched, permissions are enforced.',
  practices: [oak],
  people: { fiona: { name: 'Fiona', roles: ['front-desk'] } },
  table: [
    {
      who: 'fiona',
      from: '203.0.113.9',
      at: '2026-11-23T09:00-07:00',
      asks: 'GET /schedule',
      expect: 'ok',
      recorded: ['two-factor-not-enrolled'],
    },
    {
      who: 'fiona',
      from: '198.51.100.7',
      at: '2026-11-22T09:00-07:00',
      asks: 'GET /schedule',
      expect: 'ok',
      recorded: ['address-not-allowed', 'outside-time-window', 'two-factor-not-enrolled'],
    },
    {
      who: 'fiona',
      from: '198.51.100.7',
      at: '2026-11-23T09:00-07:00',
      asks: 'POST /payments/refunds',
      expect: 'permission-missing',
      recorded: ['address-not-allowed', 'two-factor-not-enrolled'],
    },
    {
      who: 'fiona',
      from: '203.0.113.9',
      at: '2026-11-23T09:00-07:00',
      asks: 'GET /schedule',
      session: { idleMinutes: 720 },
      expect: 'session-idle',
    },
  ],
}
