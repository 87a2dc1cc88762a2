/**
 * Actions of security events as people read them.
 *
 * What each means in a sentence is the API's catalogue. Invariant: an action that this page does not know is shown by its
 * own words, never left out.
 */
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

const titles: Readonly<Record<string, string>> = {
  'control.two-factor.changed': 'Two-factor control changed',
  'two-factor.enrolled': 'Second factor set up',
  'two-factor.verified': 'Second factor shown',
  'two-factor.failed': 'Second factor not accepted',
  'two-factor.reset': '2FA reset',
  'two-factor.recovery-codes-renewed': 'Recovery codes renewed',
  'break-glass.used': 'Emergency access used',
  'break-glass.ended': 'Emergency access ended',
  'break-glass.reviewed': 'Emergency access reviewed',
  'notifications.tested': 'Test message sent',
}

/** The action in words: `ip-entry.added` is "IP entry added". */
export const titleOf = (action: string): string =>
  titles[action] ?? capital(action.replaceAll(/[-.]/g, ' ').replaceAll(/\bip\b/g, 'IP'))
