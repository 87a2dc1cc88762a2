/**
 * Second factors as people read them.
 *
 * Not the ways to sign in (`active-users/user-sessions.tsx`). Invariant: a method that this page does not know is shown
 * by its own name, never left out.
 */
const names: Readonly<Record<string, string>> = {
  totp: 'Authenticator app',
  passkey: 'Passkey',
  'unvouched-passkey': 'Passkey that counts as a code',
  sms: 'Text message',
  'recovery-code': 'Recovery code',
  app: "The application's own",
  google: "Google's",
}

/** The method in words. */
export const factorName = (method: string): string => names[method] ?? method.replaceAll('-', ' ')
