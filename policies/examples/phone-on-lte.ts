/**
 * Story: a hygienist's phone, whose address changes as it likes.
 *
 * Shows what an approval is (this user, this network, for a while), that it lifts the address and not the hours, and that
 * the next address of the same phone is another network. Not shown: asking and approving.
 */
import { entry, hours, practice, type Story, workdays } from './story.ts'

const oak = practice({ id: 'oak', name: 'Oak Dental', zone: 'Europe/London' }, (document) => {
  document.controls.ip.mode = 'enforce'
  document.controls.time.mode = 'enforce'
  document.ipEntries = [entry('Office Network', '203.0.113.0/24')]
  document.timeWindows = [hours(workdays, '08:00', '18:00')]
})

/** An approval for one user and one network. */
export const phoneOnLte: Story = {
  title: 'A phone on LTE',
  text: 'Hugo looks at tomorrow from the bus. The office manager approved his phone for 30 days; the network then gave it another address.',
  practices: [oak],
  people: {
    hugo: {
      name: 'Hugo',
      roles: ['hygienist'],
      grants: [{ kind: 'ip', range: '198.51.100.7/32', from: '2026-11-20T12:00Z', to: '2026-12-20T12:00Z' }],
    },
    hanna: { name: 'Hanna', roles: ['hygienist'] },
  },
  table: [
    { who: 'hugo', from: '198.51.100.7', at: '2026-11-23T08:30Z', asks: 'GET /schedule', expect: 'ok' },
    {
      who: 'hugo',
      from: '::ffff:198.51.100.7',
      at: '2026-11-23T08:30Z',
      asks: 'GET /schedule',
      expect: 'ok',
    },
    {
      who: 'hugo',
      from: '198.51.100.8',
      at: '2026-11-23T08:30Z',
      asks: 'GET /schedule',
      expect: 'address-not-allowed',
    },
    {
      who: 'hanna',
      from: '198.51.100.7',
      at: '2026-11-23T08:30Z',
      asks: 'GET /schedule',
      expect: 'address-not-allowed',
    },
    {
      who: 'hugo',
      from: '198.51.100.7',
      at: '2026-11-23T19:00Z',
      asks: 'GET /schedule',
      expect: 'outside-time-window',
      opensAt: '2026-11-24T08:00Z',
    },
    {
      who: 'hugo',
      from: '198.51.100.7',
      at: '2026-12-21T08:30Z',
      asks: 'GET /schedule',
      expect: 'address-not-allowed',
    },
  ],
}
