/**
 * Every key of the hot store: its name, type, expiry, who writes and who reads it.
 *
 * Braces are Redis Cluster hash tags. No other file builds a key. Session keys carry the SHA-256 of the
 * companion token, never the token: who reads the store cannot become somebody. Invariant: what the manifest vouches for
 * lies in one slot of a Cluster, so that a node that took over without the last writes shows an old manifest with them.
 */

/**
 * The keys and streams by purpose.
 *
 * | key                       | type   | expiry              | writer        | readers  |
 * | ------------------------- | ------ | ------------------- | ------------- | -------- |
 * | gh:manifest               | signed | none                | control plane | gateways |
 * | gh:practices              | signed | none                | control plane | gateways |
 * | gh:seeded                 | signed | none                | control plane | gateways |
 * | gh:policy:{P}             | signed | none                | control plane | gateways |
 * | gh:members:{P}            | signed | none                | control plane | gateways |
 * | gh:session:{HASH}         | signed | absolute deadline   | control plane | gateways |
 * | gh:seen:{SESSION}         | fleet  | longest idle time   | gateways      | gateways |
 * | gh:binding:{COOKIEHASH}   | fleet  | absolute deadline   | gateways      | gateways |
 * | gh:parked:{HASH}          | sealed by the companion's token | 10 or 15 minutes | gateways | that browser's |
 * | gh:parked:{USER}:place:N  | text   | 10 or 15 minutes    | gateways      | gateways |
 * | gh:canary                 | signed | none                | control plane | gateways |
 * | gh:changes                | stream | about 100,000       | both          | gateways |
 * | gh:reports                | stream | about 200,000       | gateways      | control plane |
 * | gh:count:{NAME}           | number | its window          | both          | both     |
 */
export const keys = {
  manifest: 'gh:manifest',
  practices: 'gh:practices',
  seeded: 'gh:seeded',
  policy: (practice: string): string => `gh:policy:{${practice}}`,
  members: (practice: string): string => `gh:members:{${practice}}`,
  session: (tokenHash: string): string => `gh:session:{${tokenHash}}`,
  seen: (session: string): string => `gh:seen:{${session}}`,
  binding: (cookieHash: string): string => `gh:binding:{${cookieHash}}`,
  parked: (tokenHash: string): string => `gh:parked:{${tokenHash}}`,
  parkedPlace: (user: string, at: number): string => `gh:parked:{${user}}:place:${at}`,
  canary: 'gh:canary',
  changes: 'gh:changes',
  reports: 'gh:reports',
  count: (name: string): string => `gh:count:{${name}}`,
} as const

const vouchedFor = /^gh:(?:manifest$|practices$|seeded$|canary$|changes$|policy:|members:|session:)/

/**
 * The name of a key in a Cluster. What the control plane signs, and the stream that tells of it, share one slot: a failover
 * loses the last writes of one node, and were sessions on another node than the manifest, a revocation could be lost while the
 * manifest still vouched for everything. The rest lies where its own tag puts it.
 */
export const clusterKey = (key: string): string => (vouchedFor.test(key) ? `{gatehouse}:${key}` : key)
