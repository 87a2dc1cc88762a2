/**
 * Where on the internal listener each call of `ControlPlane` lives: one table for its client and its server.
 *
 * Every call carries `Authorization: Bearer …` (`fleet-seal.ts`) and speaks JSON both ways; "there is none" is the
 * JSON text `null` with status 200, so that a wrong path (404) is never taken for an answer. All are safe to repeat.
 */

/** Method and path by call. Queries: `changes?since=NUMBER&gateway=ID`, `record?key=KEY`. */
export const internalRoutes = {
  openSession: { method: 'POST', path: '/internal/sessions' },
  assertRoles: { method: 'POST', path: '/internal/role-assertions' },
  changeSession: { method: 'POST', path: '/internal/sessions/change' },
  changes: { method: 'GET', path: '/internal/changes' },
  record: { method: 'GET', path: '/internal/record' },
  askAccess: { method: 'POST', path: '/internal/access-requests' },
  withdrawAccess: { method: 'POST', path: '/internal/access-withdrawals' },
  accessStandings: { method: 'POST', path: '/internal/access-standings' },
  handOver: { method: 'POST', path: '/internal/hand-overs' },
  enterAdmin: { method: 'POST', path: '/internal/admin-entries' },
  proveFactor: { method: 'POST', path: '/internal/factor-proofs' },
  beginSignIn: { method: 'POST', path: '/internal/sign-ins' },
  finishSignIn: { method: 'POST', path: '/internal/sign-ins/finish' },
  publicKey: { method: 'GET', path: '/internal/public-key' },
} as const
