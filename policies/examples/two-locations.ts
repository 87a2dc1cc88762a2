/**
 * Story: one owner, two locations in two zones, each with rules of its own.
 *
 * Shows that a user who works in both is judged by the practice that the request concerns, and that the page on which
 * a practice is chosen needs no permission. Not shown: how a request's practice is found (the gateway's business).
 */
import { entry, hours, practice, type Story, workdays } from './story.ts'

const east = practice({ id: 'east', name: 'Oak East', zone: 'America/New_York' }, (document) => {
  document.controls.ip.mode = 'enforce'
  document.controls.time.mode = 'enforce'
  document.ipEntries = [entry('East Office', '203.0.113.0/25')]
  document.timeWindows = [hours(workdays, '08:00', '17:00')]
})
const west = practice({ id: 'west', name: 'Oak West', zone: 'America/Los_Angeles' }, (document) => {
  document.controls.time.mode = 'enforce'
  document.timeWindows = [hours(workdays, '08:00', '17:00')]
})

/** Two practices, two zones, one user in both. */
export const twoLocations: Story = {
  title: 'Two locations in two zones',
  text: 'Oak East opens at eight in New York and wants its own network; Oak West opens at eight in Los Angeles, from anywhere.',
  practices: [east, west],
  people: { dana: { name: 'Dana', roles: ['dentist'] } },
  table: [
    {
      practice: 'east',
      who: 'dana',
      from: '203.0.113.9',
      at: '2026-11-23T08:00-05:00',
      asks: 'GET /schedule',
      expect: 'ok',
    },
    {
      practice: 'west',
      who: 'dana',
      from: '203.0.113.9',
      at: '2026-11-23T08:00-05:00',
      asks: 'GET /schedule',
      expect: 'outside-time-window',
      opensAt: '2026-11-23T08:00-08:00',
    },
    {
      practice: 'west',
      who: 'dana',
      from: '198.51.100.7',
      at: '2026-11-23T08:00-08:00',
      asks: 'GET /schedule',
      expect: 'ok',
    },
    {
      practice: 'east',
      who: 'dana',
      from: '198.51.100.7',
      at: '2026-11-23T11:00-05:00',
      asks: 'GET /schedule',
      expect: 'address-not-allowed',
    },
    {
      practice: 'west',
      who: 'dana',
      from: '198.51.100.7',
      at: '2026-11-23T12:00-08:00',
      asks: 'GET /practices',
      expect: 'ok',
    },
    {
      practice: 'east',
      who: 'dana',
      from: '203.0.113.9',
      at: '2026-11-23T16:59-05:00',
      asks: 'GET /schedule',
      expect: 'ok',
    },
    {
      practice: 'east',
      who: 'dana',
      from: '203.0.113.9',
      at: '2026-11-25T17:00-05:00',
      asks: 'GET /schedule',
      expect: 'outside-time-window',
      opensAt: '2026-11-26T08:00-05:00',
    },
  ],
}
