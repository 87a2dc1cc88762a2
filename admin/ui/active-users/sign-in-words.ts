/**
 * Ways to sign in as people read them.
 *
 * Second factors are `parts/factor-words.ts`. Invariant: a way that this page does not know is shown by its own name.
 */
const names: Readonly<Record<string, string>> = {
  'app-password': 'Password of the application',
  'app-callback': 'Provider of the application',
  'own-password': 'Password',
  'own-passkey': 'Passkey',
  'own-oidc': 'Google or another provider',
  'trusted-header': 'Identity proxy',
  token: 'Token of the application',
  adopted: 'Signed in before Gatehouse',
}

/** The way in words. */
export const signInName = (method: string): string => names[method] ?? method.replaceAll('-', ' ')
