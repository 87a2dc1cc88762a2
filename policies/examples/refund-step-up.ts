/**
 * Story: refunds ask for a passkey shown within the last ten minutes, whoever you are.
 *
 * Shows step-up by route group: shorter age and stronger method than the practice asks elsewhere, softened neither by a
 * grace period nor by the office network. Not shown: the page that asks.
 */
import { entry, practice, type Story } from './story.ts'

const oak = practice({ id: 'oak', name: 'Oak Dental', zone: 'America/Denver' }, (document) => {
  const { twoFactor } = document.controls
  twoFactor.mode = 'enforce'
  twoFactor.scope.include = { roles: ['office-manager'], users: [] }
  twoFactor.maxAgeMs = 8 * 3_600_000
  twoFactor.notFromListedNetworks = true
  document.stepUp['money'] = { maxAgeMs: 600_000, phishingResistant: true }
  document.ipEntries = [entry('Office Network', '203.0.113.0/24')]
})
const at = '2026-11-23T10:00-07:00'
const [home, office] = ['198.51.100.7', '203.0.113.9']

/** Stronger and fresher factors for some routes. */
export const refundStepUp: Story = {
  title: 'Step-up for refunds',
  text: 'Office managers show a second factor outside the office. Refunds ask everyone for a passkey within ten minutes.',
  practices: [oak],
  people: {
    mia: { name: 'Mia', roles: ['office-manager'], factors: ['totp', 'passkey'] },
    olivia: { name: 'Olivia', roles: ['owner'], factors: [] },
    nora: { name: 'Nora', roles: ['office-manager'], factors: [], enrolBy: Date.UTC(2026, 11, 1) },
  },
  table: [
    { who: 'mia', from: office, at, asks: 'GET /schedule', expect: 'ok' },
    { who: 'mia', from: home, at, asks: 'GET /schedule', expect: 'two-factor-not-verified' },
    {
      who: 'mia',
      from: home,
      at,
      asks: 'GET /schedule',
      factor: { method: 'totp', minutesAgo: 479 },
      expect: 'ok',
    },
    {
      who: 'mia',
      from: home,
      at,
      asks: 'GET /schedule',
      factor: { method: 'totp', minutesAgo: 480 },
      expect: 'two-factor-too-old',
    },
    { who: 'mia', from: office, at, asks: 'POST /payments/refunds', expect: 'two-factor-not-verified' },
    {
      who: 'mia',
      from: office,
      at,
      asks: 'POST /payments/refunds',
      factor: { method: 'passkey', minutesAgo: 11 },
      expect: 'two-factor-too-old',
    },
    {
      who: 'mia',
      from: office,
      at,
      asks: 'POST /payments/refunds',
      factor: { method: 'totp', minutesAgo: 1 },
      expect: 'two-factor-too-weak',
    },
    {
      who: 'mia',
      from: office,
      at,
      asks: 'POST /payments/refunds',
      factor: { method: 'passkey', minutesAgo: 1 },
      expect: 'ok',
    },
    { who: 'olivia', from: home, at, asks: 'GET /schedule', expect: 'ok' },
    { who: 'olivia', from: home, at, asks: 'POST /payments/refunds', expect: 'two-factor-not-enrolled' },
    { who: 'nora', from: home, at, asks: 'GET /schedule', expect: 'ok' },
    {
      who: 'nora',
      from: home,
      at: '2026-12-01T00:00Z',
      asks: 'GET /schedule',
      expect: 'two-factor-not-enrolled',
    },
    { who: 'nora', from: home, at, asks: 'POST /payments/refunds', expect: 'two-factor-not-enrolled' },
  ],
}
