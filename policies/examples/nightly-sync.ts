/**
 * Story: the practice server's agent, which copies data every night with a token of its own.
 *
 * Shows that a token is exempt from hours and second factors, and bound by its own routes, methods, addresses and
 * permissions even where the practice's switches are off. Not shown: how a token is made and shown once.
 */
import { entry, hours, practice, type Story, workdays } from './story.ts'

const oak = practice({ id: 'oak', name: 'Oak Dental', zone: 'America/Denver' }, (document) => {
  document.controls.time.mode = 'enforce'
  document.controls.twoFactor.mode = 'enforce'
  document.controls.permission.mode = 'off'
  document.ipEntries = [entry('Office Network', '203.0.113.0/24')]
  document.timeWindows = [hours(workdays, '08:00', '17:00')]
})

/** A service token by night. */
export const nightlySync: Story = {
  title: 'The nightly sync agent',
  text: 'The agent runs at two in the night from the office server. Its token may call the sync and nothing else.',
  practices: [oak],
  people: {},
  tokens: {
    agent: {
      practice: 'oak',
      routes: ['app POST /api/sync', 'app GET /schedule'],
      methods: ['POST', 'GET'],
      ranges: ['203.0.113.50'],
      permissions: ['view-practice-management-data'],
    },
    stray: { practice: 'elm', routes: 'anything', methods: 'anything', ranges: 'anywhere', permissions: [] },
  },
  table: [
    {
      who: 'agent',
      from: '203.0.113.50',
      at: '2026-11-24T02:00-07:00',
      asks: 'POST /api/sync',
      expect: 'ok',
    },
    {
      who: 'agent',
      from: '203.0.113.51',
      at: '2026-11-24T02:00-07:00',
      asks: 'POST /api/sync',
      expect: 'address-not-allowed',
    },
    {
      who: 'agent',
      from: '203.0.113.50',
      at: '2026-11-24T02:00-07:00',
      asks: 'GET /payments',
      expect: 'token-out-of-scope',
    },
    {
      who: 'agent',
      from: '203.0.113.50',
      at: '2026-11-24T02:00-07:00',
      asks: 'GET /schedule',
      expect: 'permission-missing',
    },
    {
      who: 'agent',
      from: '203.0.113.50',
      at: '2027-11-24T02:00-07:00',
      asks: 'POST /api/sync',
      expect: 'token-expired',
    },
    {
      who: 'stray',
      from: '203.0.113.50',
      at: '2026-11-24T02:00-07:00',
      asks: 'POST /api/sync',
      expect: 'not-a-member',
    },
  ],
}
