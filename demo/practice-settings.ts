// A practice's own settings: opening times, online booking, reminders and what patients read.
//
// Not configuration of the app: these are edited on the settings page by whoever is signed in.
// Invariant: a change either fits as a whole or nothing is changed, and every problem is told at once.
// Refused: accepting unknown fields silently; a typing error would look like a saved setting.

import { parseMinute } from './calendar.ts'

/** The settings of one practice; times are 'HH:MM' local. */
export type PracticeSettings = {
  readonly displayName: string
  readonly phone: string
  readonly opens: string
  readonly closes: string
  readonly onlineBooking: boolean
  readonly reminderHours: number
  readonly bookingMessage: string
}

/** The result of reading a change: the new settings, or what is wrong with it. */
export type SettingsReading =
  | { readonly settings: PracticeSettings }
  | { readonly problems: readonly string[] }

/** The settings a practice starts with. */
export function seedSettings(practice: { readonly id: string; readonly name: string }): PracticeSettings {
  return {
    displayName: practice.name,
    phone: practice.id === 'riverside' ? '(555) 010-2200' : '(555) 010-7400',
    opens: '08:00',
    closes: '17:30',
    onlineBooking: true,
    reminderHours: 48,
    bookingMessage: 'We usually confirm your visit by phone within one business day.',
  }
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.trim().length > 0 && value.length <= 200
}

function isTime(value: unknown): boolean {
  return typeof value === 'string' && parseMinute(value) !== null
}

const checks: Readonly<Record<keyof PracticeSettings, readonly [(value: unknown) => boolean, string]>> = {
  displayName: [isText, 'text of at most 200 characters'],
  phone: [isText, 'text of at most 200 characters'],
  opens: [isTime, 'a time as HH:MM'],
  closes: [isTime, 'a time as HH:MM'],
  onlineBooking: [(value) => typeof value === 'boolean', 'true or false'],
  reminderHours: [
    (value) => typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 168,
    'a whole number of hours, 1 to 168',
  ],
  bookingMessage: [isText, 'text of at most 200 characters'],
}

function isSetting(key: string): key is keyof PracticeSettings {
  return Object.hasOwn(checks, key)
}

/** The current settings with the given fields replaced, or every problem of the change. */
export function changeSettings(
  current: PracticeSettings,
  change: Readonly<Record<string, unknown>>,
): SettingsReading {
  const problems: string[] = []
  for (const [key, value] of Object.entries(change)) {
    if (!isSetting(key)) problems.push(`${key}: no such setting`)
    else if (!checks[key][0](value)) problems.push(`${key}: must be ${checks[key][1]}`)
  }
  return problems.length > 0 ? { problems } : { settings: { ...current, ...change } }
}
